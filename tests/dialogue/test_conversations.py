"""Conversations with the shop in text: what the engine does in every pack."""

from __future__ import annotations

import json

import pytest

from voicebot.backends.port import BackendError
from voicebot.backends.shop_demo import ShopDemo
from voicebot.dialogue.actions import Forget, HandOver, HangUp, Listen, Remember, RequestCallback, Say
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import (
    BackendAnswered,
    CallStarted,
    Event,
    Heard,
    HungUp,
    Interrupted,
    Keyed,
    NoInput,
)
from voicebot.dialogue.state import Question, State
from voicebot.dialogue.text_session import TextSession
from voicebot.dialogue.wire import from_json, to_json

TODAY = "2026-11-22"


class Talk:
    """A conversation that has begun."""

    def __init__(
        self, dialogue: Dialogue, shop: ShopDemo, language: str = "ko", profile: dict[str, object] | None = None
    ) -> None:
        self.session = TextSession(dialogue, shop, dialogue.begin(language))
        self.actions = self.session.post(CallStarted(language, TODAY, profile=profile or {}))
        self.greeting = " ".join(action.text for action in self.actions if isinstance(action, Say))

    def post(self, event: Event) -> str:
        self.actions = self.session.post(event)
        return " ".join(action.text for action in self.actions if isinstance(action, Say))

    def hear(self, text: str, verdict: str = "accept") -> str:
        return self.post(Heard(text, verdict))

    @property
    def state(self) -> State:
        return self.session.state

    @property
    def handed_over(self) -> str:
        return next((action.reason for action in self.actions if isinstance(action, HandOver)), "")


@pytest.fixture
def talk(shop_dialogue: Dialogue, shop: ShopDemo) -> Talk:
    return Talk(shop_dialogue, shop)


@pytest.fixture
def english(shop_dialogue: Dialogue, shop: ShopDemo) -> Talk:
    return Talk(shop_dialogue, shop, "en")


def test_delivery_is_told_after_the_number(talk: Talk) -> None:
    assert talk.hear("배송 언제 도착하나요").startswith("주문번호")
    assert "운동화가 지금 배송 중이고, 11월 23일 월요일" in talk.post(Keyed("12345678"))


def test_the_number_may_be_spoken(talk: Talk) -> None:
    talk.hear("배송 조회해 주세요")
    assert "운동화가" in talk.hear("일이삼사 오육칠팔이요")


def test_the_number_may_come_with_the_question(talk: Talk) -> None:
    assert "운동화가" in talk.hear("주문번호 일이삼사오육칠팔 배송 언제 와요")


def test_english_callers_are_served_in_english(english: Talk) -> None:
    assert "order number" in english.hear("where is my order")
    assert "running shoes is on its way" in english.hear("one two three four five six seven eight")


def test_an_unsure_number_is_confirmed_before_it_is_used(talk: Talk) -> None:
    talk.hear("배송 조회해 주세요")
    assert talk.hear("일이삼사오육칠팔", "confirm") == "1234-5678, 맞으신가요?"
    assert "운동화가" in talk.hear("네 맞아요")


def test_after_a_wrong_number_keys_are_offered(talk: Talk) -> None:
    talk.hear("배송 조회해 주세요")
    talk.hear("일이삼사오육칠구", "confirm")
    assert "눌러" in talk.hear("아니요")
    assert "운동화가" in talk.post(Keyed("12345678"))


def test_an_order_that_does_not_exist_is_asked_for_again_at_most_twice(talk: Talk) -> None:
    talk.hear("배송 조회해 주세요")
    for _ in range(2):
        assert "주문이 없네요" in talk.post(Keyed("99999999"))
    talk.post(Keyed("99999999"))
    assert talk.handed_over == "flow"


def test_cancelling_is_confirmed_explicitly(talk: Talk, shop: ShopDemo) -> None:
    talk.hear("주문을 취소하고 싶어요")
    assert talk.post(Keyed("20261103")).endswith("겨울 코트, 189,000원 주문을 취소할까요?")
    assert talk.hear("네").startswith("네, 취소했어요")
    order = shop.call("order.find", {"number": "20261103"})
    assert order is not None
    assert order["status"] == "cancelled"


def test_a_no_keeps_the_order(talk: Talk, shop: ShopDemo) -> None:
    talk.hear("주문을 취소하고 싶어요")
    talk.post(Keyed("20261103"))
    talk.post(Keyed("2"))
    order = shop.call("order.find", {"number": "20261103"})
    assert order is not None
    assert order["status"] == "preparing"


@pytest.mark.parametrize("question", [[], ["배송 언제 와요"], ["주문 취소해 주세요"], ["재고 확인하고 싶어요"]])
@pytest.mark.parametrize("wish", ["상담원 연결해 주세요", "상담원", "사람이랑 통화하고 싶어요"])
def test_a_person_is_there_at_any_moment(talk: Talk, question: list[str], wish: str) -> None:
    for words in question:
        talk.hear(words)
    talk.hear(wish)
    assert talk.handed_over == "asked"


def test_zero_is_a_person(talk: Talk) -> None:
    talk.post(Keyed("0"))
    assert talk.handed_over == "asked"


def test_a_changed_subject_is_served_and_the_first_one_comes_back(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    answer = talk.hear("영업시간이 어떻게 되나요")
    assert "평일 오전 9시" in answer
    assert "배송 조회를 이어서" in answer
    assert "주문번호" in answer
    assert "운동화가" in talk.post(Keyed("12345678"))


def test_again_repeats_word_for_word(talk: Talk) -> None:
    asked = talk.hear("배송 언제 와요")
    assert talk.hear("다시 말씀해 주세요") == asked
    assert talk.post(Keyed("#")) == asked


def test_slower_slows_down(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    talk.hear("천천히 말씀해 주세요")
    rates = [action.rate for action in talk.actions if isinstance(action, Say)]
    assert rates
    assert all(rate < 1 for rate in rates)


def test_goodbye_ends_the_call(talk: Talk) -> None:
    talk.hear("안녕히 계세요")
    assert any(isinstance(action, HangUp) for action in talk.actions)
    assert talk.post(NoInput()) == ""  # nothing follows the end


def test_nothing_else_ends_the_call(talk: Talk) -> None:
    talk.hear("배송비가 얼마예요")
    assert "감사합니다" in talk.hear("아니요 없어요")


def test_two_failed_turns_offer_a_person_and_the_third_gives_one(talk: Talk) -> None:
    assert "예를 들어" in talk.hear("ㅁㄴㅇㄹ", "reject")
    assert "상담원은 0번" in talk.hear("ㅁㄴㅇㄹ", "reject")
    talk.hear("ㅁㄴㅇㄹ", "reject")
    assert talk.handed_over == "no_match"


def test_understanding_resets_the_ladder(talk: Talk) -> None:
    talk.hear("구름", "reject")
    talk.hear("구름", "reject")
    talk.hear("배송 언제 와요")
    talk.hear("구름", "reject")
    assert talk.handed_over == ""


def test_silence_is_asked_about_then_keys_then_a_person(talk: Talk) -> None:
    first, second, _ = talk.post(NoInput()), talk.post(NoInput()), talk.post(NoInput())
    assert "예를 들어" in first
    assert "키패드" in second
    assert talk.handed_over == "no_input"


def test_keys_open_the_menu(talk: Talk) -> None:
    assert "주문번호" in talk.post(Keyed("1"))


def test_a_key_that_fits_nothing_is_explained(talk: Talk) -> None:
    assert "쓸 수 없어요" in talk.post(Keyed("9"))


def test_back_asks_for_the_value_again(talk: Talk) -> None:
    talk.hear("주문을 취소하고 싶어요")
    talk.post(Keyed("20261103"))
    assert "주문번호" in talk.post(Keyed("*"))


def test_stopping_forgets_what_was_under_way(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    talk.hear("그만할게요")
    assert talk.state.stack == []


def test_another_language_may_be_asked_for(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    assert "order number" in talk.hear("영어로 말해 주세요")


def test_a_summary_goes_to_the_person(talk: Talk) -> None:
    talk.hear("주문을 취소하고 싶어요")
    talk.post(Keyed("20261103"))
    talk.hear("상담원 바꿔 주세요")
    summary = next(action.summary for action in talk.actions if isinstance(action, HandOver))
    assert summary == "주문 취소; 주문번호 2026-1103"


def test_an_answer_that_nobody_waits_for_changes_nothing(talk: Talk) -> None:
    before = talk.state
    assert talk.post(BackendAnswered(7, {"status": "shipping"})) == ""
    assert talk.state == before


def test_state_and_actions_survive_json_at_every_turn(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    state = shop_dialogue.begin("ko")
    script: list[Event] = [
        CallStarted("ko", TODAY),
        Heard("주문을 취소하고 싶어요"),
        Keyed("20261103"),
        BackendAnswered(1, shop.call("order.find", {"number": "20261103"})),
        Heard("네"),
        HungUp(),
    ]
    for event in script:
        again = State.from_json(json.loads(json.dumps(state.to_json())))
        same_event = from_json(json.loads(json.dumps(to_json(event))))
        before = json.dumps(state.to_json())
        new, actions = shop_dialogue.turn(state, event)
        assert json.dumps(state.to_json()) == before  # the given state is not touched
        assert shop_dialogue.turn(again, same_event) == (new, actions)
        assert [from_json(json.loads(json.dumps(to_json(a)))) for a in actions] == actions
        state = new


def test_every_turn_that_goes_on_gives_the_floor(talk: Talk) -> None:
    for event in [Heard("배송 언제 와요"), Keyed("5"), NoInput(), Heard("구름", "reject"), Keyed("12345678")]:
        talk.post(event)
        assert isinstance(talk.actions[-1], Listen)


def test_a_value_given_before_can_be_corrected_in_one_breath(talk: Talk) -> None:
    talk.hear("주문을 취소하고 싶어요")
    assert "겨울 코트" in talk.post(Keyed("20261103"))
    answer = talk.hear("아니요 이공이육일일공사요")
    assert "주문번호를 2026-1104로 바꿀게요" in answer
    assert "무선 이어폰" in answer


def test_the_right_number_may_be_said_instead_of_no(talk: Talk) -> None:
    talk.hear("배송 조회해 주세요")
    talk.hear("일이삼사오육칠구", "confirm")
    assert "운동화가" in talk.hear("아니요 일이삼사오육칠팔이요")


def test_two_wishes_in_one_breath_are_both_served(talk: Talk) -> None:
    talk.hear("배송비가 얼마예요 그리고 배송 조회해 주세요")
    said = " ".join(talk.state.said)
    assert "배송비가 무료" in said
    assert "그리고 배송 조회를 도와드릴게요" in said
    assert "주문번호" in said


def test_a_number_without_a_wish_is_kept(talk: Talk) -> None:
    assert "무엇을 도와드릴까요" in talk.hear("일이삼사오육칠팔")
    answer = talk.hear("배송 언제 와요")
    assert "1234-5678로 확인할게요" in answer
    assert "운동화가" in answer


def test_the_next_subject_uses_the_same_number_and_says_so(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    talk.post(Keyed("20261103"))
    answer = talk.hear("주문 취소할게요")
    assert "조금 전 말씀하신 주문번호 2026-1103" in answer
    assert "취소할까요" in answer


def test_the_same_subject_again_is_about_another_order(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    talk.post(Keyed("12345678"))
    assert "주문번호" in talk.hear("배송 언제 와요")


def test_a_caller_who_left_something_open_is_asked_about_it(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    talk = Talk(shop_dialogue, shop, profile={"intent": "return_item", "resolved": False})
    assert "지난번에 문의하신 반품 때문에 전화하셨나요?" in talk.greeting
    assert "주문번호" in talk.hear("네")


def test_a_wrong_guess_about_the_subject_costs_nothing(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    talk = Talk(shop_dialogue, shop, profile={"intent": "return_item", "resolved": False})
    assert talk.hear("아니요") == "네, 말씀하세요."
    assert talk.state.misses == 0


def test_what_a_caller_uses_most_comes_first_in_the_menu(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    talk = Talk(shop_dialogue, shop, profile={"intent": "stock", "resolved": True})
    assert "재고 확인은 1번" in talk.hear("버튼으로 할게요")
    assert "상품" in talk.post(Keyed("1"))


def test_a_preference_is_remembered_for_the_next_call(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    talk.post(Keyed("12345678"))
    talk.hear("천천히 말씀해 주세요")
    talk.hear("감사합니다 끊을게요")
    facts = next(action.facts for action in talk.actions if isinstance(action, Remember))
    assert facts["intent"] == "order_status"
    assert facts["resolved"]
    assert facts["rate"] < 1


def test_a_caller_can_be_forgotten(talk: Talk) -> None:
    assert "지웠어요" in talk.hear("제 정보를 잊어 주세요")
    assert any(isinstance(action, Forget) for action in talk.actions)


def test_a_call_back_is_put_down(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    assert "남겨 두었어요" in talk.hear("나중에 전화해 주세요")
    assert any(isinstance(action, RequestCallback) for action in talk.actions)


def test_a_back_end_that_fails_is_admitted_and_a_call_back_offered(shop_dialogue: Dialogue) -> None:
    class Down:
        def call(self, operation: str, arguments: object) -> None:
            raise BackendError("unreachable")

    talk = Talk(shop_dialogue, Down())  # type: ignore[arg-type]
    talk.hear("배송 언제 와요")
    assert "남겨 두었어요" in talk.post(Keyed("12345678"))
    assert "남겨 두었어요" in talk.hear("다시 전화 주세요")
    assert any(isinstance(action, RequestCallback) for action in talk.actions)


def test_what_was_not_heard_may_be_said_again(talk: Talk) -> None:
    talk.hear("구름", "reject")
    assert talk.state.uses["no_match_1"] == 1
    talk.post(Interrupted(talk.state.turn, 0.1))
    assert talk.state.uses["no_match_1"] == 0


def test_the_same_words_are_not_said_more_than_three_times_in_a_row(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    said = [talk.hear("다시 말씀해 주세요") for _ in range(6)]
    assert len(set(said[:2])) == 1
    assert "상담원" in said[2]
    assert talk.state.ended


def test_of_two_close_wishes_the_caller_chooses(talk: Talk) -> None:
    talk.state.question = Question("choice", "which_one", options=["order_status", "cancel_order"])
    assert "주문번호" in talk.hear("두 번째요")
    assert talk.state.stack[-1].flow == "cancel_order"


def test_a_product_may_be_chosen_by_key(talk: Talk) -> None:
    talk.hear("재고 확인하고 싶어요")
    talk.hear("구름", "reject")
    assert "운동화는 1번" in talk.hear("구름", "reject")
    assert "가방은 지금 3개 남아" in talk.post(Keyed("2"))


def test_an_angry_caller_hears_an_apology_and_never_the_same_twice(talk: Talk) -> None:
    said = [talk.hear("도대체 왜 아직도 안 오는 거예요 진짜 짜증나네") for _ in range(3)]
    apologies = [text.split(".")[0] for text in said if "죄송" in text or "답답" in text]
    assert apologies
    assert len(set(apologies)) == len(apologies)
    assert talk.state.feeling["name"] == "angry"


def test_who_asked_to_be_forgotten_is_not_remembered_at_the_end(talk: Talk) -> None:
    talk.hear("배송 언제 와요")
    talk.post(Keyed("12345678"))
    talk.hear("제 정보를 잊어 주세요")
    talk.hear("안녕히 계세요")
    assert not any(isinstance(action, Remember) for action in talk.actions)
