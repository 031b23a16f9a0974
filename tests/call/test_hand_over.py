"""What an agent is told of a call, put together from how it ended, what was said, and where the dialogue stood."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voicebot.call.hand_over import hand_over_context
from voicebot.channel import Caller, Outcome
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.dialogue.state import Frame, State
from voicebot.store.journal import Entry, Journal

PROMPTS = Path(__file__).parents[2] / "prompts"
NOON = datetime(2026, 11, 23, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def bank() -> Pack:
    return load_pack(PROMPTS, "bank")


def state_of(pack: Pack, **fields: object) -> State:
    return State(pack.name, pack.version, "ko", **fields)  # type: ignore[arg-type]


def journal() -> Journal:
    kept = Journal("CA1")
    kept.add(Entry("bot", 100, "무엇을 도와드릴까요?"))
    kept.add(Entry("caller", 4000, "카드를 잃어버렸어요", decision="start lost_card", intent="lost_card"))
    kept.add(Entry("caller", 9000, "[6 keys]", "keys", decision="answer pin"))
    kept.add(Entry("caller", 15000, "웅얼웅얼", decision="no_match 1"))
    return kept


def test_the_agent_is_told_what_was_wanted_said_felt_and_tried(bank: Pack) -> None:
    flow = next(name for name in bank.flows if name not in bank.internal)
    state = state_of(bank, stack=[Frame(flow)], solved=["hours"], feeling={"name": "angry", "valence": -0.6})
    outcome = Outcome("hand_over", "no_match", "", "", "ko")
    context = hand_over_context(Caller("CA1", "+821012345678", "ko"), outcome, journal(), state, bank, NOON)
    assert (context.call_id, context.number, context.reason) == ("CA1", "+821012345678", "no_match")
    assert context.queue == bank.queue
    assert context.intents == ("hours", flow)
    assert context.priority == 4, "angry, and let down by us"
    assert [line["text"] for line in context.transcript][:2] == ["무엇을 도와드릴까요?", "카드를 잃어버렸어요"]
    assert context.tried == ("solved hours", "not understood 1")
    assert context.feeling["name"] == "angry"


def test_the_summary_is_there_in_every_language_of_the_pack(bank: Pack) -> None:
    flow = next(name for name in bank.flows if name not in bank.internal)
    state = state_of(bank, stack=[Frame(flow)])
    context = hand_over_context(Caller("CA1"), Outcome("hand_over", "asked"), journal(), state, bank, NOON)
    for language in bank.languages:
        assert bank.languages[language].titles[flow] in context.summary(language)
    assert context.summary("ko") != context.summary("en")


def test_secret_values_are_left_out(bank: Pack) -> None:
    secret = [name for name, slot in bank.slots.items() if slot.secret]
    assert secret
    slots = dict.fromkeys(secret, "918273")
    context = hand_over_context(
        Caller("CA1"), Outcome("failed", "KeyError"), journal(), state_of(bank, slots=slots), bank, NOON
    )
    assert "918273" not in json.dumps(context.to_json(), ensure_ascii=False)
    assert context.reason == "failed"
