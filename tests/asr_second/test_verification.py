"""Text in, verdict out: what the second listener is believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr.port import Domain, Sentence, Verdict
from voicebot.asr.second_listener_verification import is_phantom, judge, wanted_language
from voicebot.asr.spoken_forms import digits_of, spoken_forms
from voicebot.asr.verification import Thresholds
from voicebot.asr.whisper import Reading, Transcription

ORDERS = Domain(
    "orders",
    "ko",
    (
        Sentence("주문한 상품 언제 와요", "delivery"),
        Sentence("주문한 거 언제 도착하나요", "delivery"),
        Sentence("주문을 취소하고 싶어요", "cancel"),
        Sentence("두 시에 네 명 예약해 주세요", "booking"),
        Sentence("감사합니다", "thanks"),
        Sentence("네", "yes"),
        Sentence("아니요", "no"),
    ),
)
ENGLISH = Domain(
    "english",
    "en",
    (
        Sentence("where is my order", "delivery"),
        Sentence("cancel my order", "cancel"),
        Sentence("deliver it on may second", "date"),
        Sentence("room one fifty", "room"),
    ),
)


def heard(
    *texts: str,
    language: str = "ko",
    no_speech: float = 0.05,
    known: float = 0.98,
    log_probability: float = -0.3,
) -> Transcription:
    readings = tuple(Reading(text, log_probability - index / 10) for index, text in enumerate(texts))
    return Transcription(readings, language, 0.99, known, no_speech, 2.0, 12.0, 0.25)


def test_what_is_clearly_one_of_the_domains_sentences_is_snapped_to_it() -> None:
    found = judge(heard("주문을 취소하고 시퍼요."), ORDERS, "whisper-base")
    assert (found.verdict, found.text) == (Verdict.ACCEPT, "주문을 취소하고 싶어요")
    assert found.hypothesis == "주문을 취소하고 시퍼요."
    assert found.candidates[0].meaning == "cancel"
    assert {"similarity", "margin", "no_speech", "log_probability"} <= set(found.evidence)
    assert found.cpu_seconds == 0.25


def test_a_further_reading_that_fits_better_is_taken() -> None:
    found = judge(heard("주문은 시소하고 씻어요", "주문을 취소하고 싶어요"), ORDERS, "whisper-base")
    assert (found.verdict, found.text) == (Verdict.ACCEPT, "주문을 취소하고 싶어요")


def test_figures_are_compared_as_they_are_spoken() -> None:
    found = judge(heard("2시에 4명 예약해주세요."), ORDERS, "whisper-base")
    assert (found.verdict, found.text) == (Verdict.ACCEPT, "두 시에 네 명 예약해 주세요")
    assert judge(heard("Deliver it on May 2.", language="en"), ENGLISH, "w").text == "deliver it on may second"
    assert judge(heard("Room 150", language="en"), ENGLISH, "w").text == "room one fifty"


def test_something_else_altogether_keeps_its_own_words_and_is_not_accepted() -> None:
    found = judge(heard("오늘 날씨가 참 좋네요"), ORDERS, "whisper-base")
    assert (found.verdict, found.text) == (Verdict.CONFIRM, "오늘 날씨가 참 좋네요")
    mumbled = judge(heard("오늘 날씨가 참 좋네요", log_probability=-1.2), ORDERS, "whisper-base")
    assert (mumbled.verdict, mumbled.text) == (Verdict.REJECT, "오늘 날씨가 참 좋네요")


def test_sentences_of_one_meaning_do_not_compete() -> None:
    found = judge(heard("주문한 거 언제 와요"), ORDERS, "whisper-base")
    assert found.candidates[0].meaning == "delivery"
    assert found.evidence["margin"] > 0.25


def test_thresholds_decide_between_accept_and_confirm() -> None:
    text = heard("주문을 취소하고 시퍼요")
    assert judge(text, ORDERS, "w", Thresholds(accept=1.0, confirm=0.1)).verdict is Verdict.CONFIRM


def test_an_open_question_gets_the_words_themselves() -> None:
    question = Domain("open", "ko", ORDERS.sentences, open_question=True)
    found = judge(heard("상자가 젖어서 왔어요"), question, "whisper-base")
    assert (found.verdict, found.text) == (Verdict.ACCEPT, "상자가 젖어서 왔어요")
    unsure = judge(heard("상자가 젖어서 왔어요", log_probability=-1.2), question, "whisper-base")
    assert unsure.verdict is Verdict.CONFIRM


@pytest.mark.parametrize("domain", [ORDERS, Domain("open", "ko", ORDERS.sentences, open_question=True)])
@pytest.mark.parametrize("text", ["네", "감사합니다", "주문을 취소하고 싶어요"])
def test_where_nobody_spoke_nothing_is_believed(domain: Domain, text: str) -> None:
    found = judge(heard(text, no_speech=0.8, known=0.4), domain, "whisper-base")
    assert (found.verdict, found.text, found.score) == (Verdict.REJECT, "", 0.0)


def test_a_short_yes_in_no_certain_language_is_believed() -> None:
    found = judge(heard("네.", no_speech=0.1, known=0.1, log_probability=-1.3), ORDERS, "whisper-base")
    assert (found.verdict, found.text) == (Verdict.ACCEPT, "네")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("시청해주셔서 감사합니다.", "ko"),
        ("MBC 뉴스 김혜입니다.", "ko"),
        ("MBC 뉴스 이덕영입니다", "ko"),
        ("구독과 좋아요 부탁드립니다!", "ko"),
        ("Thank you for watching.", "en"),
        ("Thanks for watching!", "en"),
        ("오오오오오오", "ko"),
        ("Ahhhhhhhhhhhhhh", "en"),
        ("이야 이야 이야 이야 이야 이야", "ko"),
        ("...", "ko"),
        ("", "en"),
    ],
)
def test_what_whisper_makes_up_is_a_phantom_however_clear(text: str, language: str) -> None:
    assert is_phantom(text, language, clear_speech=True)
    question = Domain("open", language, (), open_question=True)
    assert judge(heard(text, language=language), question, "whisper-base").verdict is Verdict.REJECT


def test_thanks_are_believed_from_clear_speech_only() -> None:
    assert judge(heard("감사합니다."), ORDERS, "whisper-base").verdict is Verdict.ACCEPT
    assert judge(heard("감사합니다.", no_speech=0.29), ORDERS, "whisper-base").verdict is Verdict.REJECT


@pytest.mark.parametrize("text", ["방송 뉴스 어디서 봐요", "주문 번호는 0000000", "구독을 취소하고 싶어요", "네 네"])
def test_what_callers_say_is_no_phantom(text: str) -> None:
    assert not is_phantom(text, "ko", clear_speech=True)


@pytest.mark.parametrize(
    ("text", "language", "digits"),
    [
        ("010-1234-5678", "ko", "01012345678"),
        ("공일공 일이삼사 오육칠팔이요", "ko", "01012345678"),
        ("네, 3 4 1 9입니다.", "ko", "3419"),
        ("268-4694.", "en", "2684694"),
        ("one five two one three", "en", "15213"),
        ("주문을 취소해 주세요", "ko", ""),
        ("", "ko", ""),
    ],
)
def test_digit_strings_are_read_from_figures_and_words(text: str, language: str, digits: str) -> None:
    assert digits_of(text, language) == digits


def test_a_digit_string_of_a_wanted_length_is_taken_and_others_are_not() -> None:
    number = Domain("number", "ko", (), digits=(4,))
    found = judge(heard("34191", "3419"), number, "whisper-base")
    assert (found.text, found.verdict) == ("3419", Verdict.ACCEPT)
    assert judge(heard("34191"), number, "whisper-base").verdict is Verdict.REJECT


def test_the_other_language_is_taken_only_where_it_is_certain() -> None:
    assert wanted_language(ORDERS, {"ko": 0.01, "en": 0.99}, 0.9) == "en"
    assert wanted_language(ORDERS, {"ko": 0.2, "en": 0.8}, 0.9) == "ko"
    assert wanted_language(ORDERS, {"ko": 0.01, "en": 0.99}, 0.3) == "ko"


@given(st.text(max_size=60), st.sampled_from(["ko", "en"]), st.booleans(), st.floats(0, 1), st.floats(0, 1))
def test_any_text_gets_a_decision(
    text: str, language: str, open_question: bool, no_speech: float, known: float
) -> None:
    domain = Domain("any", "ko", ORDERS.sentences, digits=(4,), open_question=open_question)
    found = judge(heard(text, language=language, no_speech=no_speech, known=known), domain, "whisper-base")
    assert 0.0 <= found.score <= 1.0
    assert all(form for form in spoken_forms(text, language)) or not text
