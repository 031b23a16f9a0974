"""Recording: only with consent, both sides apart, silent where something secret is asked for, deleted on request."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from support.history import a_call
from support.line import Line, ToldRecogniser, heard, hold
from support.untrained import untrained

from tests.telephony.keypad_calls import backend_of
from voicebot.call.recording import CallRecorder
from voicebot.dialogue.actions import Say
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Heard, Keyed, NoInput
from voicebot.store.call_recordings import CallRecordings, CallSound
from voicebot.store.callbacks import open_callbacks
from voicebot.store.data_subject import DataSubjects
from voicebot.store.history.database import open_database
from voicebot.store.history.preparing import Preparation
from voicebot.store.history.rows import Rows
from voicebot.store.profile import Facts
from voicebot.store.profiles import Profiles
from voicebot.store.voicemails import Voicemail, open_voicemails

NUMBER = "+821012345678"


def asked(dialogue: Dialogue, language: str, *answers: object) -> tuple[str, str]:
    """What the caller's answers to the question for consent lead to: the consent, and the bot's last words."""
    state = dialogue.begin(language)
    state, actions = dialogue.turn(state, CallStarted(language, "2026-11-22", ask_consent=True))
    for answer in answers:
        state, actions = dialogue.turn(state, answer)  # type: ignore[arg-type]
    return state.recording, " ".join(action.text for action in actions if isinstance(action, Say))


@pytest.mark.parametrize("pack", ["shop", "bank", "civic", "hr"])
@pytest.mark.parametrize(("language", "yes", "no"), [("ko", "네", "아니요"), ("en", "yes", "no")])
def test_a_caller_is_asked_first(pack: str, language: str, yes: str, no: str) -> None:
    dialogue = untrained(pack)
    recording, question = asked(dialogue, language)
    assert recording == "asked"
    assert ("녹음" if language == "ko" else "record") in question
    for answer, consent in ((Heard(yes), "yes"), (Keyed("1"), "yes"), (Heard(no), "no"), (Keyed("2"), "no")):
        recording, words = asked(dialogue, language, answer)
        assert recording == consent
        assert words.endswith("?"), "then the caller is asked what it is about"


def test_silence_and_other_words_are_no_consent(shop_dialogue: Dialogue) -> None:
    assert asked(shop_dialogue, "ko", NoInput(), NoInput())[0] == "no"
    assert asked(shop_dialogue, "ko", Heard("배송 언제 도착하나요"))[0] != "yes"
    assert asked(shop_dialogue, "ko", Heard("그게 저기"))[0] != "yes"


def recorded(folder: Path, pack: str, answer: str, *keys: str) -> tuple[Line, CallSound | None]:
    recordings = CallRecordings(folder)
    with ThreadPoolExecutor(1) as pool:

        async def script(line: Line) -> None:
            await line.until_quiet()
            await line.speak(1000)
            await line.until_quiet()
            for key in keys:
                line.keys(key)
                await line.until_quiet()
            await line.speak(600)

        options = {"record": lambda call: CallRecorder(recordings, pool, call)}
        recogniser = ToldRecogniser([heard(answer), heard("네"), heard("네")])
        line = hold(untrained(pack), backend_of(pack), script, recogniser, options)
    return line, recordings.open("CA1")


def test_both_sides_are_recorded_from_the_yes_on(tmp_path: Path) -> None:
    line, sound = recorded(tmp_path, "shop", "네", "1")
    assert sound is not None
    assert 1000 < sound.begin_ms < line.now_ms
    assert abs(sound.begin_ms + sound.duration_ms - line.now_ms) < 100
    caller, bot = sound.peaks(20)
    assert max(bot) > 0.02
    assert max(caller[-3:]) > 0.05
    began, ended = next((a, b) for a, b in line.sounded if a > sound.begin_ms)
    samples = np.frombuffer(sound.payload, np.uint8).reshape(-1, 2)
    middle = ((began + ended) // 2 - sound.begin_ms) * 8
    assert (samples[middle : middle + 80, 1] != 0xFF).any(), "the bot is heard when the caller heard it"


def test_without_a_yes_nothing_is_recorded(tmp_path: Path) -> None:
    _, sound = recorded(tmp_path, "shop", "아니요", "1")
    assert sound is None
    assert not list(tmp_path.rglob("*.wav"))


def test_where_a_secret_is_asked_for_there_is_silence(tmp_path: Path) -> None:
    _, sound = recorded(tmp_path, "bank", "네", "2")
    assert sound is not None
    samples = np.frombuffer(sound.payload, np.uint8).reshape(-1, 2)
    assert (samples[-600 * 8 :] == 0xFF).all(), "though the caller speaks, and the bot asks"


def test_a_full_disk_ends_the_recording_and_not_the_call(tmp_path: Path) -> None:
    (tmp_path / "recordings").write_text("in the way")
    line, sound = recorded(tmp_path / "recordings", "shop", "네", "1")
    assert sound is None
    assert line.outcome is not None
    assert line.outcome.kind == "caller_left"


def test_what_is_kept_of_a_number_is_found_and_deleted(tmp_path: Path) -> None:
    profiles = Profiles(tmp_path)
    database = open_database("", tmp_path)
    database.migrate()
    prepare = Preparation(profiles.pseudonym)
    for call, number in (("CA1", NUMBER), ("CA2", "+821099999999")):
        Rows(database).write([prepare(record) for record in a_call(call, number=number)])
    recordings = CallRecordings(tmp_path / "recordings")
    for call in ("CA1", "CA2"):
        recordings.begin(call, 0).close()
    callbacks, voicemails = open_callbacks(tmp_path / "c.db"), open_voicemails(tmp_path / "v.db")
    callback = callbacks.add(NUMBER, "asked", "배송 조회", datetime.now(UTC))
    voicemails.add(Voicemail("RE1", "CA1", NUMBER, "ko", "2026-11-22T00:00:00+00:00", 3, "https://x"))
    profiles.remember(NUMBER, Facts("2026-11-22"))
    subjects = DataSubjects(profiles, database, tmp_path / "calls", recordings, voicemails, callbacks, tmp_path)
    (tmp_path / "embeddings").mkdir()
    (tmp_path / "embeddings" / "mined.npz").touch()
    kept = subjects.find(NUMBER)
    assert (kept.calls, kept.recordings, kept.voicemails, kept.callbacks) == (("CA1",), ("CA1",), ("RE1",), (callback,))
    assert subjects.forget(NUMBER) == kept
    assert subjects.find(NUMBER).is_nothing
    assert not recordings.has("CA1")
    assert not (tmp_path / "embeddings" / "mined.npz").exists(), "the sentences of many callers"
    assert subjects.find("+821099999999").calls == ("CA2",), "others stay"
    assert recordings.has("CA2")
    database.close()
