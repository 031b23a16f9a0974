"""What callers live through who have nothing but keys: no speech could be loaded, in four packs and two languages."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from peers.independent_phone import new_sid, webhook_parameters
from peers.scenario_services import AGENTS, NO_SPEECH, Office, office
from peers.service_process import PUBLIC_URL
from peers.twiml_phone import Agent, Caller, Journey, Wait
from peers.twiml_reader import read

_SHUT = '{"open": {"mon": "00:00-00:01"}, "closed": [], "outside": "choice"}'
"""A minute a week."""
_NUMBERS = '{{"support": ["{}", "{}", "{}"]}}'.format(*AGENTS)
_SETTINGS = {
    "bank": {"agent_numbers": _NUMBERS, "agent_number": AGENTS[0]},
    "shop": {"language": "en", "taskrouter_workflow": "WW" + "a" * 32},
    "hr": {"language": "en"},
    "civic": {"hours": _SHUT},
}


class Offices:
    """One service a pack, started when it is first called."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self.running: dict[str, Office] = {}

    def __getitem__(self, pack: str) -> Office:
        if pack not in self.running:
            settings = _SETTINGS[pack] | {"model_paths": NO_SPEECH, "pack": pack}
            one = self._stack.enter_context(office(self._folder / pack, **settings))
            one.service.wait_until_serving(90)
            self.running[pack] = one
        return self.running[pack]


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Offices]:
    """All four, as they are needed."""
    with contextlib.ExitStack() as stack:
        yield Offices(tmp_path_factory.mktemp("offices"), stack)


def _call(where: Office, **caller: object) -> Journey:
    return asyncio.run(where.call(Caller(**caller)))  # type: ignore[arg-type]


# The bank, in Korean


def test_a_caller_hears_a_balance_by_keys_alone(offices: Offices) -> None:
    bank = offices["bank"]
    journey = _call(bank, keys=("2", "12345678", "2580", "2"))
    assert "적금 잔액은 4,800,000원" in bank.said(journey), bank.said(journey)
    assert sum(journey.sounds_s) > 10 or journey.said


def test_a_pin_is_found_nowhere_afterwards(offices: Offices) -> None:
    bank = offices["bank"]
    journey = _call(bank, keys=("2", "34567890", "3690"))
    assert "이서" in bank.said(journey) or "고객님" in bank.said(journey)
    for file in bank.service.log.parent.rglob("*"):
        if file.is_file() and "voices" not in file.parts:
            content = file.read_bytes()
            assert b"34567890" not in content, file
            assert b'"3690"' not in content, file
    assert "34567890" not in bank.said(journey)
    assert not any("3690" in words for words in journey.said)


def test_wrong_pins_lead_to_a_person(offices: Offices) -> None:
    bank = offices["bank"]
    keys = ("2", "45678901", "1111", "45678901", "2222", "45678901", "3333")
    journey = _call(bank, keys=keys, agents=(Agent(),))
    assert journey.bridged, bank.said(journey)


def test_star_goes_back_and_hash_repeats(offices: Offices) -> None:
    bank = offices["bank"]
    journey = _call(bank, keys=("2", "#", "*", "3", "12345678", "2580"))
    said = bank.said(journey).split("\n")
    assert said[1] == said[2], f"once more is the same: {said}"
    assert "고객번호" in said[1]
    assert "전체 메뉴는 별표" in said[3], f"back, with the menu at hand: {said}"
    assert "어느 통장" in said[-1]


def test_zero_is_a_person_at_once_also_amid_a_number(offices: Offices) -> None:
    bank = offices["bank"]
    for keys in (("0",), ("2", "0#")):
        journey = _call(bank, keys=keys, agents=(Agent(),))
        assert journey.dialled == [AGENTS[0]], bank.said(journey)


@pytest.mark.parametrize("keys", ["*" * 40, "#" * 40, "9" * 40, "*#" * 20, "7#" * 20])
def test_who_mashes_keys_is_kept_and_helped(offices: Offices, keys: str) -> None:
    """Either a person takes over, or the menu still works."""
    bank = offices["bank"]
    journey = _call(bank, keys=(*keys, "2", "12345678", "2580", "1"), agents=(Agent(),))
    assert journey.bridged or "잔액은" in bank.said(journey), f"{journey}\n{bank.said(journey)}"


def test_forty_digits_for_a_number_of_eight_are_a_number_of_eight(offices: Offices) -> None:
    bank = offices["bank"]
    journey = _call(bank, keys=("2", "12345678" * 5, "2580" * 10, "1"))
    assert "입출금 통장 잔액은" in bank.said(journey)


def test_who_never_presses_a_key_comes_to_people(offices: Offices) -> None:
    bank = offices["bank"]
    journey = _call(bank, keys=("",) * 12, agents=(Agent(),))
    assert journey.bridged, journey
    assert len(journey.gathers) < 12


def test_letters_of_a_keypad_and_silence_in_between_do_no_harm(offices: Offices) -> None:
    bank = offices["bank"]
    journey = _call(bank, keys=("A", "", "2", "", "12345678", "2580", "D", "1"), agents=(Agent(),))
    assert journey.bridged or "잔액은" in bank.said(journey), f"{journey}\n{bank.said(journey)}"


def test_every_webhook_of_a_call_comes_twice(offices: Offices) -> None:
    bank = offices["bank"]
    journey = _call(bank, keys=("2", "12345678", "2580", "2", "0"), agents=(Agent(),), everything_twice=True)
    assert "적금 잔액은 4,800,000원" in bank.said(journey)
    assert journey.dialled == [AGENTS[0]]


def test_a_late_webhook_does_not_move_the_call_back(offices: Offices) -> None:
    phone = offices["bank"].phone
    sid = new_sid("CA")

    async def gathers() -> list[str]:
        def keyed(digits: str) -> dict[str, str]:
            return webhook_parameters(sid, "in-progress") | {"Digits": digits}

        steps = [PUBLIC_URL + "/twilio/voice"]
        found = []
        for digits in ("", "2", "12345678"):
            (gather,) = read(*await phone.post(steps[-1], keyed(digits)))
            steps.append(PUBLIC_URL + gather.get("action", ""))
        for late, digits in ((steps[1], "5"), (steps[2], "99999999"), (steps[0], "")):
            (gather,) = read(*await phone.post(late, keyed(digits)))
            found.append(gather.get("action", ""))
        for status in ("ringing", "in-progress", "initiated"):
            told, _, _ = await phone.post(PUBLIC_URL + "/twilio/status", webhook_parameters(sid, status))
            assert told in (200, 204)
        (gather,) = read(*await phone.post(steps[-1], keyed("2580")))
        found.append("".join(gather.itertext()) + gather.get("action", ""))
        for status in ("completed", "in-progress", "completed"):
            told, _, _ = await phone.post(PUBLIC_URL + "/twilio/status", webhook_parameters(sid, status))
            assert told in (200, 204)
        assert steps[-1].endswith(found[0])
        return found

    found = asyncio.run(gathers())
    assert found[0] == found[1] == found[2], "the newest question, whatever came late"


def test_keys_of_a_call_that_nobody_knows_get_a_sensible_answer(offices: Offices) -> None:
    journey_url = PUBLIC_URL + "/twilio/keypad?step=7"
    phone = offices["bank"].phone

    async def verbs() -> list[str]:
        sid = new_sid("CA")
        parameters = webhook_parameters(sid, "in-progress") | {"Digits": "2"}
        found = [verb.tag for verb in read(*await phone.post(journey_url, parameters))]
        await phone.post(PUBLIC_URL + "/twilio/status", webhook_parameters(sid, "completed"))
        return found

    assert asyncio.run(verbs())


# Agents


def test_busy_no_answer_and_then_somebody(offices: Offices) -> None:
    agents = (Agent("busy"), Agent("no-answer"), Agent())
    journey = _call(offices["bank"], keys=("0",), agents=agents)
    assert journey.dialled == list(AGENTS)
    assert journey.bridged


def test_an_agent_declines_a_mailbox_answers_the_third_hears_it_twice_and_takes_it(
    offices: Offices,
) -> None:
    agents = (Agent(keys=("2",)), Agent(keys=()), Agent(keys=("*", "1")))
    journey = _call(offices["bank"], keys=("2", "12345678", "2580", "0"), agents=agents)
    assert journey.dialled == list(AGENTS)
    assert journey.bridged
    assert journey.whispered


def test_all_lines_fail_and_the_caller_waits_until_somebody_comes(offices: Offices) -> None:
    agents = (Agent("failed"), Agent("busy"), Agent("failed"))
    journey = _call(offices["bank"], keys=("0",), agents=agents, waits=(Wait("bridged", rounds=3),))
    assert journey.queues
    assert journey.bridged
    assert journey.while_waiting
    assert journey.ended_by == "agent"


def test_a_waiting_caller_prefers_a_call_back(offices: Offices) -> None:
    bank = offices["bank"]
    agents = (Agent("busy"),) * 3
    journey = _call(bank, keys=("0", "1", "1", "1"), agents=agents, waits=(Wait("bridged", 4, ("", "1")),))
    assert not journey.bridged, journey
    assert journey.ended_by == "service", journey
    assert _callbacks(bank), journey


def test_a_waiting_caller_prefers_voicemail(offices: Offices) -> None:
    agents = (Agent("busy"),) * 3
    journey = _call(offices["bank"], keys=("0",), agents=agents, waits=(Wait(keys=("2",)),), messages_s=(12,))
    assert journey.messages == 1
    assert journey.ended_by == "service"


def test_who_says_nothing_into_the_voicemail_is_asked_once_more(offices: Offices) -> None:
    agents = (Agent("busy"),) * 3
    journey = _call(offices["bank"], keys=("0",), agents=agents, waits=(Wait(keys=("2",)),), messages_s=(0, 12))
    assert journey.verbs.count("Record") == 2, journey


@pytest.mark.parametrize("result", ["queue-full", "error", "system-error", "unheard of"])
def test_a_queue_that_fails_leads_to_the_choice(offices: Offices, result: str) -> None:
    agents = (Agent("no-answer"),) * 3
    journey = _call(offices["bank"], keys=("0", "2"), agents=agents, waits=(Wait(result),), messages_s=(5,))
    assert journey.messages == 1, journey


def test_who_does_not_choose_is_told_when_to_call_again(offices: Offices) -> None:
    journey = _call(offices["bank"], keys=("0", "", "", "", "", "", ""), waits=(Wait("queue-full"),))
    assert journey.ended_by == "service", journey


def test_who_hangs_up_in_the_queue_leaves_nothing_behind(offices: Offices) -> None:
    bank = offices["bank"]
    journey = _call(bank, keys=("0",), waits=(Wait("hangup", 2),))
    assert journey.ended_by == "caller"
    assert bank.service.calls() == 0


@pytest.mark.parametrize(
    "about",
    [
        {"DialCallStatus": "answered", "DialCallDuration": "9"},
        {"DialCallStatus": "canceled"},
        {"DialCallStatus": "completed", "DialBridged": "maybe"},
        {"DialCallStatus": "", "DialBridged": ""},
        {},
        {"DialCallStatus": "on-hold", "DialBridged": "true"},
    ],
)
def test_a_dial_that_ends_in_an_unheard_of_way_is_answered(offices: Offices, about: dict[str, str]) -> None:
    phone = offices["bank"].phone

    async def tags() -> list[str]:
        sid = new_sid("CA")
        first = read(*await phone.post(PUBLIC_URL + "/twilio/voice", webhook_parameters(sid)))
        keyed = webhook_parameters(sid, "in-progress") | {"Digits": "0"}
        verbs = read(*await phone.post(PUBLIC_URL + first[0].get("action", ""), keyed))
        url = ""
        for _ in range(4):
            dial = next((verb for verb in verbs if verb.tag == "Dial"), None)
            if dial is not None:
                url = dial.get("action", "")
                break
            redirect = next(verb for verb in verbs if verb.tag == "Redirect")
            verbs = read(*await phone.post(PUBLIC_URL + str(redirect.text), webhook_parameters(sid, "in-progress")))
        found = read(*await phone.post(PUBLIC_URL + url, webhook_parameters(sid, "in-progress") | about))
        await phone.post(PUBLIC_URL + "/twilio/status", webhook_parameters(sid, "completed"))
        return [verb.tag for verb in found]

    assert asyncio.run(tags())


# Who calls


@pytest.mark.parametrize("number", ["anonymous", "unknown", "", "+266696687", "Restricted", "0101234", "client:홍길동"])
def test_a_withheld_number_is_served_and_not_called_back(offices: Offices, number: str) -> None:
    bank = offices["bank"]
    before = _callbacks(bank)
    about = {"From": number, "Caller": number, "CallerName": ""}
    journey = _call(bank, keys=("2", "12345678", "2580", "2"), about=about)
    assert "적금 잔액은" in bank.said(journey)
    waits = (Wait("leave", 1, ("1",)),)
    asked = _call(bank, keys=("0", "1", "1", "1"), agents=(), waits=waits, about=about)
    assert not asked.bridged
    assert _callbacks(bank) == before, "nobody can be called back at this number"


def test_a_forwarded_call_is_a_call_like_others(offices: Offices) -> None:
    bank = offices["bank"]
    about = {"ForwardedFrom": "+82212345678", "CalledVia": "+82212345678", "StirVerstat": "TN-Validation-Failed-C"}
    journey = _call(bank, keys=("2", "12345678", "2580", "1"), about=about)
    assert "입출금 통장 잔액은" in bank.said(journey)


def test_a_hostile_caller_name_reaches_neither_the_log_nor_the_agent(offices: Offices) -> None:
    bank = offices["bank"]
    name = '"]]></Say><Dial>+19005550100</Dial>\r\n{"level": "error", "event": "forged"}\n\x1b[31m\u202egnipeels\x00'
    name = name.replace("\x00", "")
    about = {"CallerName": name, "CallerCity": name, "FromCity": "<script>alert(1)</script>", "AddOns": "{" * 5000}
    journey = _call(bank, keys=("2", "12345678", "2580", "0"), agents=(Agent(),), about=about)
    assert journey.dialled == [AGENTS[0]]
    assert not any("9005550100" in heard for heard in journey.whispered + journey.said)
    text = bank.service.log.read_text()
    assert "forged" not in text
    assert "\x1b[31m" not in text
    bank.log_lines()


def test_ninety_new_parameters_are_passed_over(offices: Offices) -> None:
    bank = offices["bank"]
    about = {f"NewParameter{number}": "값 " * 10 for number in range(90)}
    journey = _call(bank, keys=("2", "12345678", "2580", "1"), about=about)
    assert "입출금 통장 잔액은" in bank.said(journey)


def test_time_stamps_of_another_age_change_nothing(offices: Offices) -> None:
    bank = offices["bank"]
    about = {"Timestamp": "Thu, 01 Jan 1970 00:00:00 +0000", "SequenceNumber": "-5", "CallDuration": "99999999999"}
    journey = _call(bank, keys=("2", "12345678", "2580", "1"), about=about)
    assert "입출금 통장 잔액은" in bank.said(journey)
    assert bank.service.calls() == 0


# The others


def test_an_employee_learns_in_english_how_much_leave_is_left(offices: Offices) -> None:
    hr = offices["hr"]
    journey = _call(hr, keys=("1", "120345", "1", "2580"))
    assert "11 and a half days" in hr.said(journey), hr.said(journey)


def test_a_shopper_asks_in_english_for_a_parcel_and_comes_to_taskrouter(offices: Offices) -> None:
    shop = offices["shop"]
    journey = _call(shop, keys=("1", "12345678", "1", "0", "0"), waits=(Wait("bridged", 2),))
    assert "running shoes" in shop.said(journey), shop.said(journey)
    (task,) = journey.tasks
    assert {"intent", "language", "feeling", "priority", "reason", "queue", "summary", "from", "call_sid"} <= set(task)
    assert task["language"] == "en"
    assert task["call_sid"] == journey.call_sid
    assert task["intent"] == "order_status"
    assert journey.bridged


def test_a_citizen_finds_a_certificate_outside_opening_hours(offices: Offices) -> None:
    civic = offices["civic"]
    journey = _call(civic, keys=("1", "6"))
    assert "인감증명서는 가까운 주민센터" in civic.said(journey)


def test_nobody_is_rung_outside_opening_hours_and_a_message_is_taken(offices: Offices) -> None:
    civic = offices["civic"]
    journey = _call(civic, keys=("0", "2"), messages_s=(20,))
    assert not journey.dialled
    assert not journey.queues
    assert journey.messages == 1, journey
    assert journey.ended_by == "service"


def test_a_call_back_is_taken_outside_opening_hours(offices: Offices) -> None:
    civic = offices["civic"]
    before = _callbacks(civic)
    journey = _call(civic, keys=("0", "1", "1", "1"))
    assert journey.ended_by == "service", journey
    assert _callbacks(civic) == before + 1


def test_a_rejected_application_is_a_persons_matter(offices: Offices) -> None:
    civic = offices["civic"]
    journey = _call(civic, keys=("4", "2611090005", "1", "2"))
    assert "60일 안에" in civic.said(journey) or "연결해 드릴까요" in civic.said(journey), civic.said(journey)


def test_no_call_is_left(offices: Offices) -> None:
    assert [one.service.calls() for one in offices.running.values()] == [0] * len(offices.running)
    for one in offices.running.values():
        assert not [line for line in one.log_lines() if line.get("level") == "error" and "speech" not in line["event"]]


def _callbacks(where: Office) -> int:
    """Call-backs that wait, as the operator sees them."""
    command = str(Path(sys.executable).parent / "voicebot")
    environment = os.environ | {"VOICEBOT_VAR": str(where.service.log.parent / "var")}
    out = subprocess.run([command, "callbacks", "list", "--json"], env=environment, capture_output=True, check=True)
    return len(json.loads(out.stdout))
