"""Whatever value is spoken in words is read back; nothing that is said raises; refused values are known as such."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from voicebot.nlu import numerals
from voicebot.nlu.entities import Expected, ListEntry, find_entities
from voicebot.nlu.understanding import Entity

TODAY = date(2026, 11, 19)
SOME = settings(max_examples=40, derandomize=True, deadline=None)
NUMBERS = st.one_of(st.integers(0, 120), st.integers(0, 10**5), st.integers(0, 10**12))


def read(text: str, *expect: Expected, language: str = "ko") -> tuple[Entity, ...]:
    return find_entities(text, language, today=TODAY, expect=expect)


def value(text: str, kind: str, *expect: Expected, language: str = "ko") -> object:
    found = [one.value for one in read(text, *expect, language=language) if one.type == kind]
    assert len(found) == 1, (text, read(text, *expect, language=language))
    return found[0]


@SOME
@given(NUMBERS, st.booleans())
def test_a_sino_korean_number_is_read_back(number: int, spaced: bool) -> None:
    words = numerals.sino(number)
    assert value(" ".join(words.replace(" ", "")) if spaced else words, "number", Expected("number")) == number


@SOME
@given(NUMBERS)
def test_every_way_of_saying_a_number_is_read_back(number: int) -> None:
    for words in numerals.sino_variants(number):
        assert value(f"{words}입니다", "number", Expected("number")) == number


@SOME
@given(st.integers(1, 10**9))
def test_an_amount_of_won_is_read_back(number: int) -> None:
    words = f"{numerals.sino(number)} 원이요"
    if number > 9:
        assert value(words, "amount") == {"amount": number, "currency": "KRW"}
    assert value(f"{number:,}원이요", "amount") == {"amount": number, "currency": "KRW"}


@SOME
@given(st.integers(1, 99), st.sampled_from(("개", "명", "마리", "장", "병", "살")), st.booleans())
def test_a_count_is_read_back(number: int, counter: str, spaced: bool) -> None:
    words = numerals.native_prenominal(number) + (" " if spaced else "") + counter
    assert value(f"{words} 주세요", "count") == number


@SOME
@given(st.integers(1, 30))
def test_an_ordinal_is_read_back(number: int) -> None:
    assert value(f"{numerals.ordinal(number)} 거요", "ordinal") == number


@SOME
@given(st.text("0123456789", min_size=4, max_size=16), st.sampled_from(("공", "영")), st.sampled_from((1, 3, 4)))
def test_a_digit_string_is_read_back(digits: str, zero: str, group: int) -> None:
    groups = (digits[at : at + group] for at in range(0, len(digits), group))
    words = " ".join(numerals.spell_digits(part, zero) for part in groups)
    assert value(words, "digits", Expected("digits", lengths=(len(digits),))) == digits


@SOME
@given(st.from_regex(r"010[2-9][0-9]{7}", fullmatch=True), st.sampled_from((" ", "에 ", "의 ", "")))
def test_a_mobile_number_is_read_back(digits: str, separator: str) -> None:
    words = separator.join(numerals.spell_digits(part, "공") for part in (digits[:3], digits[3:7], digits[7:]))
    for said in (words, f"{words}입니다", f"제 번호는 {words}이에요"):
        assert value(said, "phone") == "+82" + digits[1:]


@SOME
@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)), st.booleans())
def test_a_date_is_read_back(day: date, spaced: bool) -> None:
    gap = " " if spaced else ""
    words = f"{numerals.sino(day.year)}년{gap}{numerals.month(day.month)}{gap}{numerals.sino(day.day)}일"
    assert value(f"{words}이요", "date") == day.isoformat()
    assert value(f"{day.year}년 {day.month}월 {day.day}일에", "date") == day.isoformat()
    assert value(day.strftime("%B %d, %Y"), "date", language="en") == day.isoformat()


@SOME
@given(st.integers(-170, 170))
def test_a_date_without_its_year_is_the_nearest(days: int) -> None:
    day = TODAY + timedelta(days)
    assert value(f"{numerals.month(day.month)} {numerals.sino(day.day)}일", "date") == day.isoformat()


@SOME
@given(st.integers(1, 12), st.integers(1, 59), st.sampled_from(("오전", "오후")))
def test_a_time_is_read_back(hour: int, minute: int, part: str) -> None:
    expected = f"{hour % 12 + (12 if part == '오후' else 0):02}:{minute:02}"
    words = f"{part} {numerals.native_prenominal(hour)} 시 {numerals.sino(minute)} 분"
    assert value(words, "time") == expected
    assert value(words.replace(" ", ""), "time") == expected
    assert value(f"{part} {hour}시 {minute}분에요", "time") == expected


@SOME
@given(st.integers(0, 23), st.integers(0, 59))
def test_a_written_time_of_24_hours_is_read_as_it_stands(hour: int, minute: int) -> None:
    text = f"{hour:02}:{minute:02}"
    assert value(text, "time") == text
    assert value(text, "time", language="en") == text


@SOME
@given(st.integers(2, 23), st.integers(1, 59))
def test_a_duration_is_read_back(hours: int, minutes: int) -> None:
    assert value(f"{numerals.sino(minutes)} 분 동안", "duration") == f"PT{minutes}M"
    assert value(f"{hours}시간 {minutes}분", "duration") == f"PT{hours}H{minutes}M"
    assert value(f"{hours} hours and {minutes + 1} minutes", "duration", language="en") == f"PT{hours}H{minutes + 1}M"


_SAID = st.lists(
    st.sampled_from(
        [
            "네",
            "아니요",
            "일",
            "이",
            "삼",
            "십",
            "백",
            "천",
            "만",
            "억",
            "원",
            "개",
            "시",
            "반",
            "분",
            "일",
            "월",
            "년",
            "월요일",
            "다음",
            "주",
            "지난",
            "달",
            "오전",
            "오후",
            "열",
            "두",
            "세",
            "공",
            "점",
            "분의",
            "번",
            "째",
            "전",
            "뒤",
            "이요",
            "에",
            "가",
            "1",
            "22",
            "0",
            ",",
            ".",
            "-",
            ":",
            "/",
            "+",
            "010",
            "[22]",
            "<UNK>",
            "one",
            "two",
            "hundred",
            "point",
            "half",
            "past",
            "quarter",
            "to",
            "not",
            "double",
            "may",
            "third",
            "next",
            "tuesday",
            "ago",
            "$",
            "₩",
            "😀",
            "\x00",
            "가",
        ]
    ),
    max_size=40,
)


@settings(max_examples=120, derandomize=True, deadline=None)
@given(st.one_of(st.text(max_size=200), _SAID.map("".join), _SAID.map(" ".join)), st.sampled_from(("ko", "en", "xx")))
def test_nothing_that_is_said_raises_and_spans_are_those_of_the_text(text: str, language: str) -> None:
    lists = {"product": [ListEntry("EAR", ("무선 이어폰", "이어폰")), ListEntry(2, ("case", ""))]}
    expect = [Expected(kind) for kind in ("digits", "number", "yes_no", "amount", "date", "time", "count", "text")]
    for asked in ((), expect, (Expected("digits", lengths=(4, 11)),)):
        for found in find_entities(text, language, today=TODAY, expect=asked, lists=lists):
            assert found.text == text[found.start : found.end]
            assert found.start < found.end


@SOME
@given(
    st.dates(),
    st.sampled_from(("내일모레", "이천 년 뒤", "지지난주 월요일", "삼천 개월 전", "next tuesday", "11월 30일", "말일")),
)
def test_no_day_is_too_early_or_too_late(today: date, text: str) -> None:
    for language in ("ko", "en"):
        find_entities(text, language, today=today)


def test_a_refused_value_stands_behind_the_meant_one() -> None:
    meant, refused = read("2번이 아니라 3번이요")
    assert (meant.value, refused.value, refused.text) == (3, 2, "2번")
    assert refused.negated
    assert not meant.negated
    meant, refused = read("not two, three", language="en")
    assert (meant.value, refused.value, refused.negated) == (3, 2, True)


def test_decomposed_hangul_is_read_and_its_span_is_that_of_the_given_text() -> None:
    text = unicodedata.normalize("NFD", "  사과 두 개 주세요")
    (found,) = read(text)
    assert found.value == 2
    assert unicodedata.normalize("NFC", text[found.start : found.end]) == "두 개"


def test_free_text_is_taken_whole_where_it_is_expected() -> None:
    (found,) = read(" 배송이 너무 늦어요 ", Expected("text"))
    assert (found.type, found.value, found.text) == ("text", "배송이 너무 늦어요", "배송이 너무 늦어요")


PRODUCTS = {
    "product": [
        ListEntry("EAR", ("무선 이어폰", "블루투스 이어폰")),
        ListEntry("CASE", ("휴대폰 케이스",)),
        ListEntry("HOOD", ("후드 티", "후드티셔츠")),
        ListEntry("LAMP", ("desk lamp",)),
    ]
}


def test_names_from_lists_are_found_with_near_misses_and_odd_spaces_but_not_from_afar() -> None:
    def product(text: str, language: str = "ko") -> list[tuple[object, str]]:
        found = find_entities(text, language, today=TODAY, lists=PRODUCTS)
        return [(one.value, one.text) for one in found if one.type == "product"]

    assert product("무선 이어폰 주세요") == [("EAR", "무선 이어폰")]
    assert product("무선이어폰을 환불하고 싶어요") == [("EAR", "무선이어폰")]
    assert product("무 선 이어 폰이요") == [("EAR", "무 선 이어 폰")]
    assert product("부선 이어본이요") == [("EAR", "부선 이어본")] or product("무선 이어본이요") == [
        ("EAR", "무선 이어본")
    ]
    assert product("휴대폰 게이스는 언제 와요") == [("CASE", "휴대폰 게이스")]
    assert product("후드티 두 개요") == [("HOOD", "후드티")]
    assert product("무선이어폰주세요") == [("EAR", "무선이어폰")]
    assert product("a desk lamb please", "en") == [("LAMP", "desk lamb")]
    assert product("무선 청소기 주세요") == []
    assert product("휴대폰이 안 돼요") == []
    assert product("배송이 언제 오나요") == []


def test_two_names_that_are_equally_near_are_both_left() -> None:
    lists = {"city": [ListEntry("a", ("가나다라",)), ListEntry("b", ("가나다마",))]}
    assert find_entities("가나다바", "ko", today=TODAY, lists=lists) == ()


def test_a_long_run_of_twos_that_ends_in_another_word_is_read_at_once() -> None:
    assert read("이" * 80 + "봄") == ()
    assert read("이" * 2000, Expected("digits", lengths=(8,))) == ()
