"""What follows when the bot guesses what an unclear utterance means, and is told that it was not so."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from voicebot.backends.registry import open_backend
from voicebot.dialogue.actions import HandOver, HangUp, Note, Say
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Event, Heard
from voicebot.dialogue.pack import load_pack
from voicebot.dialogue.pack_tests import TODAY
from voicebot.dialogue.state import State
from voicebot.dialogue.text_session import TextSession
from voicebot.loading import open_dialogue

PROMPTS = Path(__file__).parents[2] / "prompts"


@lru_cache(maxsize=1)
def shop() -> Dialogue:
    return open_dialogue(load_pack(PROMPTS, "shop"), Path("/nonexistent"))


def call() -> TextSession:
    pack = shop().pack
    backend = open_backend(pack.backend, pack.folder, today=lambda: TODAY)
    session = TextSession(shop(), backend, shop().begin("ko"))
    session.post(CallStarted("ko", TODAY.isoformat()))
    return session


def unsure(text: str) -> Event:
    return Heard(text, "confirm", 0.5)


def said(session: TextSession, event: Event) -> str:
    return " ".join(action.text for action in session.post(event) if isinstance(action, Say))


def test_a_denied_guess_leads_back_to_the_question_that_it_interrupted() -> None:
    session = call()
    session.post(Heard("주문 취소할게요"))
    session.post(unsure("교환 배송비는 얼마예요"))
    question = session.state.question
    assert question is not None
    assert (question.kind, question.intent) == ("confirm_intent", "return_fee")
    text = said(session, Heard("아니요"))
    assert "주문번호" in text
    assert session.state.question is not None
    assert session.state.question.slot == "order_number"
    assert "취소할까요" in said(session, Heard("이공이육일일공삼"))


def test_a_question_that_a_guess_interrupted_survives_json() -> None:
    session = call()
    session.post(Heard("주문 취소할게요"))
    session.post(unsure("교환 배송비는 얼마예요"))
    assert State.from_json(session.state.to_json()) == session.state


def test_what_was_denied_is_not_guessed_again() -> None:
    session = call()
    session.post(unsure("교환 배송비는 얼마예요"))
    session.post(Heard("아니요"))
    assert session.state.denied == ["return_fee"]
    session.post(unsure("교환 배송비는 얼마예요"))
    question = session.state.question
    assert question is None or question.intent != "return_fee"


def test_a_denied_wish_that_is_heard_surely_is_believed() -> None:
    session = call()
    session.post(unsure("교환 배송비는 얼마예요"))
    session.post(Heard("아니요"))
    assert "5,000원" in said(session, Heard("교환 배송비는 얼마예요"))


def test_a_no_that_was_not_heard_well_ends_no_call() -> None:
    session = call()
    session.post(Heard("양말 있어요"))
    actions = session.post(unsure("그건 아니 겨울 코트라 니까요"))
    assert not any(isinstance(action, HangUp) for action in actions)
    assert not session.state.ended


def test_a_plain_no_ends_the_call_even_if_it_was_not_heard_well() -> None:
    session = call()
    session.post(Heard("양말 있어요"))
    assert any(isinstance(action, HangUp) for action in session.post(unsure("아니요")))


def test_half_a_number_is_asked_for_again_and_starts_nothing_else() -> None:
    session = call()
    session.post(Heard("주문 취소할게요"))
    actions = session.post(unsure("주문번호가 20263입니"))
    assert next(action.decision for action in actions if isinstance(action, Note)) == "no_match"
    assert session.state.question is not None
    assert session.state.question.slot == "order_number"
    assert not any(isinstance(action, HandOver) for action in actions)
