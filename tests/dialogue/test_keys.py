"""Every question can be answered by keys, in every pack and language, and the bot says how."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.untrained import PROMPTS, untrained

from voicebot.dialogue import program
from voicebot.dialogue.actions import Action, HandOver, HangUp, Listen, Note, Say
from voicebot.dialogue.content import Slot
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Heard, Keyed, NoInput
from voicebot.dialogue.key_entries import entry_lengths, entry_value
from voicebot.dialogue.pack import Pack, find_packs
from voicebot.dialogue.state import Frame, Question, State

TODAY = "2026-11-22"
PACKS_AND_LANGUAGES = [(pack, language) for pack in find_packs(PROMPTS) for language in ("ko", "en")]

KEYS_OFFERED = {"ko": re.compile(r"눌러|누르"), "en": re.compile(r"press|key (it|them|in)|keypad|keys", re.I)}
ITEM = {"ko": re.compile(r"([0-9])번"), "en": re.compile(r"\b([0-9]) for\b")}


def said(actions: list[Action]) -> str:
    return " ".join(action.text for action in actions if isinstance(action, Say))


def begun(dialogue: Dialogue, language: str, *, keys_only: bool = False) -> State:
    state = dialogue.begin(language, keys_only=keys_only)
    return dialogue.turn(state, CallStarted(language, TODAY, "+821012345678"))[0]


def questions(pack: Pack) -> Iterator[tuple[list[Frame], Question]]:
    """Every question that a flow of the pack or the engine itself can ask, with the flows under way."""
    for flow, code in pack.flows.items():
        for at, step in enumerate(code):
            match step:
                case program.Ask(slot, reply):
                    yield [Frame(flow, at)], Question("slot", reply, slot=slot)
                case program.AskYesNo(reply, yes, no):
                    yield [Frame(flow, at)], Question("yes_no", reply, yes=yes, no=no)
    some = [flow for flow in pack.flows if flow not in pack.internal]
    for kind, reply in (("open", "go_ahead"), ("anything_else", "anything_else"), ("more", "more_offer")):
        yield [], Question(kind, reply)  # type: ignore[arg-type]
    yield [], Question("confirm_intent", "confirm_intent", intent=some[0])
    yield [], Question("choice", "which_one", options=some[:2])
    yield [], Question("choice", "backend_failed", options=["agent", "callback"])
    yield [], Question("choice", "stuck", options=["agent", "cancel"])


def state_at(dialogue: Dialogue, language: str, stack: list[Frame], question: Question) -> State:
    state = begun(dialogue, language)
    return replace(state, stack=copy.deepcopy(stack), question=copy.deepcopy(question), more=["가", "나"])


def entries(pack: Pack, question: Question) -> list[str]:
    """Keys that answer a question, whatever it says."""
    if question.kind != "slot":
        return ["1", "2"] if question.kind != "anything_else" else ["1", "9"]
    slot = pack.slots[question.slot]
    match slot.type:
        case "digits":
            return ["1" * length for length in slot.lengths]
        case "date":
            return ["1225", "0101"]
        case "list":
            return [str(key) for key in range(1, min(len(slot.values), 9) + 1)]
        case "yes_no":
            return ["1", "2"]
        case _:
            return ["1234"]


def decision(actions: list[Action]) -> str:
    return next(action.decision for action in actions if isinstance(action, Note))


@pytest.mark.parametrize(("name", "language"), PACKS_AND_LANGUAGES)
def test_after_one_misunderstanding_every_question_offers_its_keys(name: str, language: str) -> None:
    dialogue = untrained(name)
    for stack, question in questions(dialogue.pack):
        before = state_at(dialogue, language, stack, question)
        state, actions = dialogue.turn(before, Heard("ㅁㄴㅇㄹ", "reject"))
        told = said(actions)
        assert KEYS_OFFERED[language].search(told), f"{question}: {told}"
        assert isinstance(actions[-1], Listen)
        for key in ITEM[language].findall(told):
            _, answered = dialogue.turn(state, Keyed(key))
            assert decision(answered) in ("keyed", "key"), f"{question}: key {key} is offered and unknown: {told}"


@pytest.mark.parametrize(("name", "language"), PACKS_AND_LANGUAGES)
def test_every_question_can_be_answered_by_keys(name: str, language: str) -> None:
    dialogue = untrained(name)
    for stack, question in questions(dialogue.pack):
        before = state_at(dialogue, language, stack, question)
        for entry in entries(dialogue.pack, question):
            if question.kind == "slot":
                listening = entry_lengths(dialogue.pack.slots[question.slot])
                assert len(entry) in listening or len(entry) == 1
            _, actions = dialogue.turn(before, Keyed(entry))
            assert decision(actions) == "keyed", f"{question}: {entry}: {said(actions)}"


@pytest.mark.parametrize(("name", "language"), PACKS_AND_LANGUAGES)
def test_zero_star_and_hash_mean_the_same_at_every_question(name: str, language: str) -> None:
    dialogue = untrained(name)
    for stack, question in questions(dialogue.pack):
        before = state_at(dialogue, language, stack, question)
        _, person = dialogue.turn(before, Keyed("0"))
        assert any(isinstance(action, HandOver) for action in person), question
        asked, _ = dialogue.turn(before, NoInput())
        _, again = dialogue.turn(asked, Keyed("#"))
        assert said(again) == " ".join(asked.said), question
        back, actions = dialogue.turn(before, Keyed("*"))
        assert said(actions), question
        assert len(back.stack) < max(len(before.stack), 1) or back.stack == before.stack or not back.stack


@pytest.mark.parametrize(("name", "language"), PACKS_AND_LANGUAGES)
def test_who_answers_by_keys_alone_hears_the_keys_of_every_question(name: str, language: str) -> None:
    dialogue = untrained(name)
    words = dialogue.pack.languages[language]
    speaking = {"ko": "말씀하시거나", "en": "say "}[language]
    for stack, question in questions(dialogue.pack):
        if question.kind == "slot":
            # The flow asks by itself.
            before = replace(begun(dialogue, language, keys_only=True), stack=copy.deepcopy(stack))
            before = replace(before, question=Question("more", "more_offer"), more=[])
            slot = dialogue.pack.slots[question.slot]
            _, actions = dialogue.turn(before, Keyed("2"))
            told = said(actions)
            assert KEYS_OFFERED[language].search(told), f"{question}: {told}"
            assert speaking not in told, f"{question}: {told}"
            if slot.type == "list" and not set(slot.values) <= set("123456789"):
                assert ITEM[language].findall(told)[: len(slot.values)] == list("123456789")[: len(slot.values)]
    assert all(f"by_keys_{why}" in words.replies for why in ("full", "trouble"))


@pytest.mark.parametrize(("name", "language"), PACKS_AND_LANGUAGES)
def test_every_flow_of_the_menu_is_reached_by_its_key(name: str, language: str) -> None:
    dialogue = untrained(name)
    state = begun(dialogue, language, keys_only=True)
    assert [*dialogue.pack.menu] == state.menu
    for key, flow in enumerate(state.menu, start=1):
        after, actions = dialogue.turn(state, Keyed(str(key)))
        assert decision(actions) == "keyed"
        assert flow in [frame.flow for frame in after.stack] or after.ended or after.waiting


def test_the_greeting_of_who_answers_by_keys_reads_the_menu() -> None:
    dialogue = untrained("shop")
    _, actions = dialogue.turn(dialogue.begin("ko", keys_only=True), CallStarted("ko", TODAY))
    assert "배송 조회는 1번, 주문 취소는 2번" in said(actions)
    assert "상담원은 0번을 눌러 주세요" in said(actions)
    assert "별표" in said(actions)


def test_the_menu_is_short_at_first_and_whole_behind_the_star() -> None:
    dialogue = untrained("shop")
    state, actions = dialogue.turn(begun(dialogue, "ko"), Heard("ㅁ", "reject"))
    assert "예를 들어" in said(actions)
    assert "배송 조회는 1번, 주문 취소는 2번, 반품은 3번, 전체 메뉴는 별표, 상담원은 0번을 눌러 주세요." in said(
        actions
    )
    _, actions = dialogue.turn(state, Keyed("*"))
    assert "상담 평가는 8번, 상담원은 0번을 눌러 주세요." in said(actions)


def test_a_keyed_number_is_read_back_and_a_secret_one_is_not() -> None:
    shop, bank = untrained("shop"), untrained("bank")
    state, _ = shop.turn(begun(shop, "ko"), Keyed("1"))
    _, actions = shop.turn(state, Keyed("12345678"))
    assert "1234-5678" in said(actions)
    state, _ = bank.turn(begun(bank, "ko"), Keyed("2"))
    state, actions = bank.turn(state, Keyed("12345678"))
    assert "1234" not in said(actions)
    assert "비밀번호" in said(actions)


def test_a_number_of_the_wrong_length_is_told_as_that() -> None:
    dialogue = untrained("shop")
    state, _ = dialogue.turn(begun(dialogue, "ko"), Keyed("1"))
    _, actions = dialogue.turn(state, Keyed("1234"))
    assert said(actions).startswith("누르신 번호의 자릿수가 맞지 않아요. 주문번호 8자리를 키패드로 눌러 주세요.")


def test_a_day_is_keyed_as_month_and_day_and_read_back() -> None:
    dialogue = untrained("hr")
    question = Question("slot", "ask_leave_day", slot="leave_day")
    stack = [Frame("leave_request", 3)]
    state = state_at(dialogue, "ko", stack, question)
    state, actions = dialogue.turn(state, Keyed("1127"))
    assert state.slots["leave_day"] == "2026-11-27"
    assert "11월 27일 금요일" in said(actions)


def test_who_wants_keys_gets_them_with_every_question() -> None:
    dialogue = untrained("shop")
    state, _ = dialogue.turn(begun(dialogue, "ko"), Heard("버튼으로 할게요"))
    _, actions = dialogue.turn(state, Keyed("6"))
    assert "운동화는 1번" in said(actions)


def test_after_an_answer_the_call_can_be_ended_by_key() -> None:
    dialogue = untrained("shop")
    state = state_at(dialogue, "ko", [], Question("anything_else", "anything_else"))
    _, actions = dialogue.turn(state, Keyed("9"))
    assert any(isinstance(action, HangUp) for action in actions)


def test_more_choices_than_keys_come_in_pages() -> None:
    dialogue = untrained("shop")
    names = {f"v{n:02}": {"ko": [f"상품 {chr(0xAC00 + n)}"], "en": [f"item {n}"]} for n in range(20)}
    pack = replace(dialogue.pack, slots={**dialogue.pack.slots, "product": Slot(type="list", values=names)})  # type: ignore[arg-type]
    dialogue = Dialogue(pack, {language: dialogue.understander(language) for language in ("ko", "en")})
    state, actions = dialogue.turn(begun(dialogue, "ko", keys_only=True), Keyed("6"))
    assert "상품 가는 1번" in said(actions)
    assert "다음은 9번" in said(actions)
    state, actions = dialogue.turn(state, Keyed("9"))
    assert "상품 갈은 1번" in said(actions)
    state, _ = dialogue.turn(state, Keyed("9"))
    state, _ = dialogue.turn(state, Keyed("4"))
    assert state.slots["product"] == "v19"


@given(st.text("0123456789", min_size=0, max_size=12))
def test_what_entries_stand_for_is_a_value_or_nothing(keys: str) -> None:
    day = entry_value(Slot(type="date"), keys, TODAY)
    assert day is None or (day >= TODAY and day[5:7] + day[8:] == keys)
    amount = entry_value(Slot(type="amount"), keys, TODAY)
    assert amount is None or (amount["amount"] > 0 and amount["currency"] == "KRW")
    phone = entry_value(Slot(type="phone"), keys, TODAY)
    assert phone is None or re.fullmatch(r"\+[0-9]{8,15}", phone)
    number = entry_value(Slot(type="number"), keys, TODAY)
    assert number is None if not keys else number == int(keys)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(PACKS_AND_LANGUAGES),
    st.lists(st.sampled_from(["1", "2", "3", "9", "*", "#", "12345678", "2580", "1225", "77"]), max_size=12),
)
def test_who_presses_keys_alone_always_hears_what_to_press_next(which: tuple[str, str], keys: list[str]) -> None:
    name, language = which
    dialogue = untrained(name)
    state = begun(dialogue, language, keys_only=True)
    for key in keys:
        state, actions = dialogue.turn(state, Keyed(key))
        if state.ended or state.waiting:
            return
        assert KEYS_OFFERED[language].search(said(actions)) or "별표" in said(actions), said(actions)
