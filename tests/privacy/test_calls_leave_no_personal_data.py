"""Whole conversations with planted personal data, in four packs and two languages, through every channel there is: none
of it stands afterwards in any file, any log line, the journal, what the API gives, or what agents are told."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from support.line import Line, ToldRecogniser, heard, hold
from support.untrained import untrained

from tests.telephony.keypad_calls import FORM, KeyedCaller, Service, backend_of
from voicebot.call.chronicle import Chronicle
from voicebot.call.hand_over import hand_over_context
from voicebot.call.minutes import Minutes
from voicebot.channel import Caller, Outcome
from voicebot.dialogue.actions import Note
from voicebot.dialogue.events import CallStarted, Event, Heard, HungUp, Keyed
from voicebot.dialogue.text_session import TextSession
from voicebot.store.call_log import CallLog
from voicebot.store.callbacks import open_callbacks
from voicebot.store.hand_overs import SharedHandOvers
from voicebot.store.history.database import open_database
from voicebot.store.history.keeping import Ages, CallHistory
from voicebot.store.history.preparing import Preparation
from voicebot.store.journal import Entry, Journal
from voicebot.store.live_sqlite import SqliteStore
from voicebot.store.voicemails import Voicemail, open_voicemails

PLANTED = {
    "ko": [
        ("제 번호는 공일공 칠삼일구 오이팔사예요", ["칠삼일구", "오이팔사", "73195284", "7319-5284"]),
        ("010-7319-5284로 연락 주세요", ["7319-5284", "73195284"]),
        ("주민등록번호는 팔사공삼일칠 다시 이오육삼사일팔이에요", ["팔사공삼일칠", "이오육삼사", "840317", "256341"]),
        ("카드번호 4929 1234 5678 9015로 결제했어요", ["4929 1234", "5678 9015"]),
        ("국민은행 칠팔구에 육오사에 삼이일사구팔로 환불해 주세요", ["칠팔구", "삼이일사구팔"]),
        ("제 이름은 황보보람이에요", ["황보", "보람"]),
        ("저는 곽철용이라고 합니다", ["철용"]),
        (
            "집은 서울시 마포구 월드컵로 삼백칠십이 성원아파트 백오동 천이백삼호예요",
            ["월드컵로", "성원아파트"],
        ),
        ("이메일은 sunny77 골뱅이 네이버 닷컴이에요", ["sunny77"]),
        ("비밀번호는 육칠이구예요", ["육칠이구"]),
        ("생년월일은 1984년 3월 17일이에요", ["1984년 3월"]),
    ],
    "en": [
        ("my number is four one five seven three one nine five two double four", ["seven three one nine", "7319528"]),
        ("call me at 415-731-9528", ["731-9528"]),
        ("my name is veronica campbell", ["veronica", "campbell"]),
        ("i live at 4719 Sunset Boulevard apartment 12", ["4719 Sunset"]),
        ("send it to veronica dot campbell at gmail dot com", ["veronica", "campbell"]),
        ("my pin is six seven two nine", ["six seven two nine"]),
        ("i was born on march seventeenth nineteen eighty four", ["nineteen eighty"]),
        ("my card number is 4929 1234 5678 9015", ["4929 1234", "5678 9015"]),
    ],
}
KEYED_PHONE = "01073195284"
PACKS = ("shop", "bank", "civic", "hr")


def holding(folder: Path, needles: list[str]) -> list[str]:
    """Where one of the texts stands, in UTF-8 or as JSON escapes it."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [
                f"{path.name}: {needle}"
                for needle in needles
                if needle.encode() in content or json.dumps(needle)[1:-1].encode() in content
            ]
    return found


@dataclasses.dataclass(frozen=True)
class Speech:
    """What `Minutes.heard` is told."""

    recognition: object
    voiced_ms: int = 900
    ended_at_ms: int = 1000


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("pack", PACKS)
def test_nothing_personal_is_put_down(
    pack: str, language: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The dialogue in text, put down by all that puts calls down."""
    dialogue = untrained(pack)
    database = open_database("", tmp_path)
    history = CallHistory(database, tmp_path / "spool", Preparation(lambda number: "hash"), Ages(30, 700, 700))
    history.start()
    log, live = CallLog(tmp_path / "calls"), SqliteStore(tmp_path / "live.db")
    callbacks, voicemails = open_callbacks(tmp_path / "callbacks.db"), open_voicemails(tmp_path / "voicemails.db")
    hand_overs = SharedHandOvers(live, lambda work: work())
    needles = [needle for _, telling in PLANTED[language] for needle in telling] + [KEYED_PHONE]
    shown: list[str] = []

    def follow(call_id: str, entry: Entry) -> None:
        shown.append(json.dumps(entry.to_json(), ensure_ascii=False))

    with structlog.testing.capture_logs() as lines:
        for number, (said, _) in enumerate(PLANTED[language]):
            caller = Caller(f"CA{number}", "+821098704631", language, "text")
            journal = Journal(caller.call_id, (follow,))
            minutes = Minutes(journal, log, dialogue.pack, Chronicle(history.keep, dialogue.pack, caller))
            session = TextSession(dialogue, backend_of(pack), dialogue.begin(language))
            minutes.begin(session.state)

            def post(event: Event, session: TextSession = session, minutes: Minutes = minutes) -> None:
                before = session.state
                actions = session.post(event)
                minutes.turn(before, event, session.state, actions, 1000)
                note = next((action for action in actions if isinstance(action, Note)), Note(""))
                if isinstance(event, Heard):
                    minutes.heard(Speech(heard(event.text)), note)  # type: ignore[arg-type]
                for action in actions:
                    if type(action).__name__ == "Say":
                        minutes.said(action.text, 2000, 500)  # type: ignore[union-attr]

            post(CallStarted(language, "2026-11-22"))
            post(Heard(said, alternatives=(said,)))
            post(Keyed(KEYED_PHONE))
            post(Heard(said))
            outcome = Outcome("hand_over", "asked", "support", said, language)
            now = datetime.now(UTC)
            context = hand_over_context(caller, outcome, journal, session.state, dialogue.pack, now)
            hand_overs.put(context)
            shown.append(json.dumps(context.to_json(), ensure_ascii=False))
            callbacks.add(caller.number, "asked", said, now, language=language, context={"said": said})
            voicemails.add(Voicemail(f"RE{number}", caller.call_id, "", language, "2026", 3, "https://x", said))
            post(HungUp())
            minutes.end(3000, outcome)
            shown += [json.dumps(entry.to_json(), ensure_ascii=False) for entry in journal.entries]
    assert history.flush(20)
    history.close()
    log.close()
    live.close()
    assert holding(tmp_path, needles) == []
    told = capfd.readouterr()
    everything = " ".join([*shown, str(lines), told.err, told.out])
    assert [needle for needle in needles if needle in everything] == []


@pytest.mark.parametrize("words", ["redacted", "none"])
def test_a_call_with_sound_leaves_nothing_in_the_spool_while_the_database_is_away(words: str, tmp_path: Path) -> None:
    (tmp_path / "history.db").mkdir()  # nothing can be opened there
    prepare = Preparation(lambda number: "hash", words)  # type: ignore[arg-type]
    history = CallHistory(open_database("", tmp_path), tmp_path / "spool", prepare, Ages(30, 700, 700))
    history.start()
    planted = PLANTED["ko"]

    async def script(line: Line) -> None:
        for _ in range(3):
            await line.until_quiet()
            await line.speak(1500)

    recogniser = ToldRecogniser([heard(said) for said, _ in planted])
    line = hold(untrained("shop"), backend_of("shop"), script, recogniser, {"history": history.keep})
    history.flush(2)
    history.close()
    needles = [needle for _, telling in planted for needle in telling]
    assert holding(tmp_path, needles) == []
    journal = json.dumps([entry.to_json() for entry in line.journal.entries], ensure_ascii=False)
    assert [needle for needle in needles if needle in journal] == []
    assert "[전화번호]" in journal


def test_a_number_that_is_given_in_two_turns(tmp_path: Path) -> None:
    async def script(line: Line) -> None:
        for _ in range(2):
            await line.until_quiet()
            await line.speak(1500)
        await line.until_quiet()

    recogniser = ToldRecogniser([heard("제 번호는 공일공"), heard("칠삼일구 오이팔사")])
    line = hold(untrained("shop"), backend_of("shop"), script, recogniser)
    said = [entry.text for entry in line.journal.entries if entry.who == "caller"]
    assert said == ["제 번호는 공일공", "[전화번호]"]


def test_a_number_that_is_keyed_where_there_is_no_stream(tmp_path: Path) -> None:
    log = CallLog(tmp_path / "calls")
    service = Service("shop", log=log)
    caller = KeyedCaller(service)
    with structlog.testing.capture_logs() as lines:
        caller.call()
        caller.press(KEYED_PHONE)
        caller.post("/twilio/status", {"CallStatus": "completed"})
    log.close()
    assert holding(tmp_path, [KEYED_PHONE, FORM["From"].removeprefix("+82")]) == []
    assert KEYED_PHONE not in str(lines) + str(service.journal(caller.sid))
