"""The question at the end how well the caller was helped: who is asked, what counts as an answer, and what follows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from voicebot.backends.shop_demo import ShopDemo
from voicebot.call.rating_share import RatingShare
from voicebot.dialogue.actions import Action, HandOver, HangUp, Listen, Rate, Remember, Say
from voicebot.dialogue.domains import PackDomains
from voicebot.dialogue.draft import Draft
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Event, Heard, HungUp, Keyed, NoInput, TimeLimit
from voicebot.dialogue.rating import read_points
from voicebot.dialogue.text_session import TextSession

KO = ("영업시간이 어떻게 되나요", "아니요 없어요")
EN = ("what are your opening hours", "no that's all")


class Line:
    """A call that is to be asked, up to its goodbye."""

    def __init__(
        self, dialogue: Dialogue, shop: ShopDemo, language: str = "ko", *, keys_only: bool = False, ask: bool = True
    ) -> None:
        self.session = TextSession(dialogue, shop, dialogue.begin(language, keys_only=keys_only))
        self.session.post(CallStarted(language, "2026-11-22", ask_rating=ask))
        self.last: Sequence[Action] = ()
        self.all: list[Action] = []

    def post(self, *events: Event) -> Line:
        for event in events:
            self.last = self.session.post(event)
            self.all += self.last
        return self

    def said(self, *texts: str) -> Line:
        return self.post(*(Heard(text) for text in texts))

    @property
    def words(self) -> str:
        return " ".join(action.text for action in self.last if isinstance(action, Say))

    def found(self, kind: type) -> list[Action]:
        return [action for action in self.all if isinstance(action, kind)]


def test_a_caller_who_was_helped_is_asked_before_the_goodbye(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line = Line(shop_dialogue, shop).said(*KO)
    assert "도움이 되었나요" in line.words
    assert not line.session.state.ended
    listen = next(action for action in line.last if isinstance(action, Listen))
    assert listen.domain == "rating"
    line.said("오 점이요")
    assert line.found(Rate) == [Rate(5, "voice")]
    assert "좋은 하루" in line.words
    assert line.last[-1] == HangUp("goodbye")
    facts = next(action.facts for action in line.last if isinstance(action, Remember))
    assert facts["asked_rating"] is True


def test_english_callers_are_asked_in_english(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line = Line(shop_dialogue, shop, "en").said(*EN)
    assert "How helpful" in line.words
    assert line.said("four out of five").found(Rate) == [Rate(4, "voice")]


def test_keys_answer_as_well(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    assert Line(shop_dialogue, shop).said(*KO).post(Keyed("4")).found(Rate) == [Rate(4, "keys")]


def test_callers_by_keys_alone_hear_keys_and_are_not_asked_for_words(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line = Line(shop_dialogue, shop, keys_only=True).said(*KO)
    assert "1번부터 5번까지 눌러" in line.words
    line.post(Keyed("1"))
    assert line.found(Rate) == [Rate(1, "keys")]
    assert line.session.state.ended


def test_few_points_are_followed_by_one_question_what_was_not_well(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line = Line(shop_dialogue, shop).said(*KO, "이 점이요")
    assert "불편하셨" in line.words
    line.said("상담원 연결이 너무 오래 걸려서 답답했어요")
    assert line.found(Rate) == [Rate(2, "voice"), Rate(2, "voice", "상담원 연결이 너무 오래 걸려서 답답했어요")]
    assert line.session.state.ended


@pytest.mark.parametrize(
    "answer", [NoInput(), Heard("글쎄요"), Heard("오 점", verdict="reject"), Keyed("9"), Keyed("*"), TimeLimit()]
)
def test_what_is_no_answer_is_let_go_with_the_goodbye(shop_dialogue: Dialogue, shop: ShopDemo, answer: Event) -> None:
    line = Line(shop_dialogue, shop).said(*KO).post(answer)
    assert line.found(Rate) == []
    assert line.last[-1] == HangUp("goodbye")


def test_silence_after_few_points_ends_the_call_and_keeps_them(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line = Line(shop_dialogue, shop).said(*KO, "1점").post(NoInput())
    assert line.found(Rate) == [Rate(1, "voice")]
    assert line.session.state.ended


@pytest.mark.parametrize("wish", [Heard("상담원 연결해 주세요"), Keyed("0")])
def test_a_person_can_still_be_reached(shop_dialogue: Dialogue, shop: ShopDemo, wish: Event) -> None:
    assert Line(shop_dialogue, shop).said(*KO).post(wish).found(HandOver)


def test_the_question_is_said_again_on_request(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line = Line(shop_dialogue, shop).said(*KO).post(Keyed("#"))
    assert "도움이 되었나요" in line.words
    assert line.said("3점").found(Rate) == [Rate(3, "voice")]


def test_who_hangs_up_at_the_question_counts_as_asked(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line = Line(shop_dialogue, shop).said(*KO).post(HungUp())
    assert next(action.facts for action in line.last if isinstance(action, Remember))["asked_rating"] is True


def test_nobody_is_asked_who_is_not_to_be_or_was_not_served_or_is_angry(
    shop_dialogue: Dialogue, shop: ShopDemo
) -> None:
    for line in (
        Line(shop_dialogue, shop, ask=False).said(*KO),
        Line(shop_dialogue, shop).said("안녕히 계세요"),
        Line(shop_dialogue, shop).said(KO[0], "진짜 짜증나네 뭐 이런 데가 다 있어 열받아", "끊을게요"),
    ):
        assert line.session.state.ended
        assert "도움이 되었나요" not in line.words


@pytest.mark.parametrize(
    ("language", "text", "points"),
    [
        ("ko", "5점 만점에 4점", 4),
        ("ko", "만점이요", 5),
        ("ko", "별로 안 좋았어요", 2),
        ("ko", "아주 좋았어요 감사합니다", 5),
        ("ko", "네 점", 4),
        ("ko", "네", None),
        ("ko", "6점", None),
        ("ko", "1점 아니 5점", None),
        ("en", "I'd give it a three", 3),
        ("en", "it was great thanks", 5),
        ("en", "not good", 2),
        ("en", "ten", None),
    ],
)
def test_points_are_read_from_words(shop_dialogue: Dialogue, language: str, text: str, points: int | None) -> None:
    draft = Draft(shop_dialogue.pack, {}, shop_dialogue.begin(language))
    assert read_points(draft, text) == points


def test_the_share_is_held_and_the_same_call_always_falls_the_same_way() -> None:
    share = RatingShare(0.2)
    chosen = [number for number in range(5000) if share.asks(f"CA{number}", {}, "2026-11-22")]
    assert 850 < len(chosen) < 1150
    assert chosen == [number for number in range(5000) if share.asks(f"CA{number}", {}, "2026-11-22")]
    assert not any(RatingShare(0.0).asks(f"CA{number}", {}, "2026-11-22") for number in range(100))


def test_a_caller_is_not_asked_again_within_thirty_days() -> None:
    always = RatingShare(1.0)
    assert not always.asks("CA1", {"asked_rating": "2026-11-01"}, "2026-11-22")
    assert always.asks("CA1", {"asked_rating": "2026-10-20"}, "2026-11-22")


def test_what_was_not_well_is_listened_for_as_anything_at_all(shop_dialogue: Dialogue, shop: ShopDemo) -> None:
    line = Line(shop_dialogue, shop).said(*KO).said("1점이요")
    listen = next(action for action in line.last if isinstance(action, Listen))
    domain = PackDomains(shop_dialogue.pack).domain(listen.domain, "ko")
    assert (listen.domain, domain.open_question) == ("remark", True)
    assert not [sentence for sentence in domain.sentences if sentence.meaning.startswith("rating")]
