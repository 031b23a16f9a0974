"""Personal data is taken out of what is said, however it is said; what the business needs stays."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.redaction import measure
from voicebot.privacy.kinds import PLACEHOLDERS
from voicebot.privacy.numbers import has_check_digit, luhn, resident_number
from voicebot.privacy.redactor import Asked, find, personal_values, redact, redact_data, unfinished


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("제 번호는 010-1234-5678이에요", "제 번호는 [전화번호]이에요"),
        ("공일공에 일이삼사에 오육칠팔입니다", "[전화번호]입니다"),
        ("공일공 천이백삼십사 오천육백칠십팔이요", "[전화번호]요"),
        ("공일공 음 일이삼사 아니 일이삼오 오육칠팔요", "[전화번호]요"),
        ("[010] [1234] [5678]", "[전화번호]"),
        ("010-1234-5678로 주세요", "[전화번호]로 주세요"),
        ("주민번호는 구공공일일오 다시 일이삼사오육칠이에요", "주민번호는 [주민등록번호]에요"),
        ("4111-1111-1111-1111로 결제했어요", "[카드번호]로 결제했어요"),
        ("국민은행 110-123-456789로 보내 주세요", "국민은행 [계좌번호]로 보내 주세요"),
        ("비밀번호는 일이삼사입니다", "비밀번호는 [비밀번호]입니다"),
        ("제 이름은 김민수입니다", "제 이름은 [이름]입니다"),
        ("제 이름은 남궁 민수라고 합니다", "제 이름은 [이름]라고 합니다"),
        ("서울시 강남구 테헤란로 152 행복아파트 101동 1203호요", "[주소]요"),
        ("hong123 골뱅이 네이버 닷컴이에요", "[이메일]이에요"),
        ("1990년 1월 15일생이에요", "[생년월일]생이에요"),
        ("차량번호 12가 3456이요", "차량번호 [차량번호]이요"),
        ("여권번호는 M12345678입니다", "여권번호는 [신분증번호]입니다"),
    ],
)
def test_what_tells_who_somebody_is_goes_in_korean(said: str, kept: str) -> None:
    assert redact(said, "ko") == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("my number is oh one oh double three four four five six seven eight", "my number is [phone number]"),
        ("call me at 415-555-2671", "call me at [phone number]"),
        ("my name is john smith and i want to return it", "my name is [name] and i want to return it"),
        ("it's john dot smith at gmail dot com", "it's [email]"),
        ("i live at 123 Main Street apartment 4B", "i live at [address]"),
        ("born on march third nineteen ninety", "born on [date of birth]"),
        ("my pin is one two three four", "my pin is [password]"),
    ],
)
def test_what_tells_who_somebody_is_goes_in_english(said: str, kept: str) -> None:
    assert redact(said, "en") == kept


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("주문번호는 20260312예요", "ko"),
        ("주문번호 이공이육공삼일이요", "ko"),
        ("운송장 번호 123456789012 조회해 주세요", "ko"),
        ("이천이십육년 십일월 이십사일에 주문했어요", "ko"),
        ("총 1,250,000원 결제했어요", "ko"),
        ("저는 이사했어요", "ko"),
        ("저는 임산부예요", "ko"),
        ("강남구청이 어디예요", "ko"),
        ("카드로 2번 결제했어요", "ko"),
        ("my order number is 2026001234", "en"),
        ("i am calling about my order", "en"),
        ("option two please", "en"),
    ],
)
def test_what_the_business_needs_stays(said: str, language: str) -> None:
    assert redact(said, language) == said


def test_recall_and_precision_on_generated_sentences() -> None:
    result = measure(2000, seed=20261122)
    missed = [f"{one.kind}: {one.text}" for one in result.misses]
    assert len(missed) <= 2000 * 0.01, missed[:10]
    touched = [one.text for one in result.touched]
    assert len(touched) <= sum(result.harmless.values()) * 0.01, touched[:10]


def test_what_was_asked_for_decides() -> None:
    assert redact("일이삼사 오육칠팔", "ko") == "일이삼사 오육칠팔"
    assert redact("일이삼사 오육칠팔", "ko", Asked("phone")) == "[전화번호]"
    assert redact("민수", "ko", Asked("name")) == "[이름]"
    assert redact("1234567890", "en", Asked(None, (10,))) == "1234567890"


def test_a_number_may_go_on_in_the_next_turn() -> None:
    assert unfinished("제 번호는 공일공") == "phone"
    assert unfinished("계좌번호는 일일공") == "account"
    assert unfinished("주문번호는 이공이육") is None
    assert unfinished("세 개 주세요") is None


def test_resident_numbers_since_october_2020_have_no_check_digit() -> None:
    assert resident_number("9001151234567")
    assert resident_number("2101013000001")
    assert resident_number("9001155234567"), "a foreigner's"
    assert not resident_number("9013151234567"), "no such month"
    assert has_check_digit("9001151234567")
    assert not has_check_digit("9001151234568")
    assert luhn("4111111111111111")
    assert not luhn("4111111111111112")


def test_fields_that_are_called_like_personal_data_go_whole() -> None:
    data = {
        "customer": {"name": {"ko": "김민수", "en": "Minsu"}},
        "product": {"name": "이어폰"},
        "home_address": "서울",
    }
    kept = redact_data(data, "ko")
    assert kept["customer"]["name"] == {"ko": "[이름]", "en": "[이름]"}
    assert kept["product"]["name"] == "이어폰"
    assert kept["home_address"] == "[주소]"
    assert set(personal_values(data)) == {("김민수", "name"), ("Minsu", "name"), ("서울", "address")}


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.sampled_from("공일이삼사오육칠팔구 01789-.,[]에의번호이름은김민수입니다@abc\n"), max_size=120),
    st.sampled_from(["ko", "en"]),
)
def test_redacting_never_fails_and_twice_changes_nothing_more_of_what_was_put_in(text: str, language: str) -> None:
    once = redact(text, language)
    spans = find(text, language)
    assert all(0 <= one.start < one.end <= len(text) for one in spans)
    assert all(first.end <= then.start for first, then in pairwise(spans))
    for word in PLACEHOLDERS[language].values():
        assert redact(once, language).count(word) >= once.count(word)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_any_text_at_all_is_taken(text: str) -> None:
    for language in ("ko", "en"):
        redact(text, language)


def test_long_texts_are_looked_at_to_the_end() -> None:
    text = "네 그렇군요 " * 1000 + "제 번호는 010-1234-5678이에요"
    assert "1234" not in redact(text, "ko")
