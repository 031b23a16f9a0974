"""Numbers in words, both ways that Korean counts, and in English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.nlu import numerals

NUMBERS = st.one_of(st.integers(0, 10**5), st.integers(0, numerals.LARGEST))


def read_sino(words: str) -> int:
    """An independent reading of Sino-Korean words."""
    digits = {name: value for value, name in enumerate(numerals.DIGITS)}
    total = group = digit = 0
    for char in words.replace(" ", ""):
        if char in digits:
            digit = digits[char]
        elif char in "십백천":
            group += (digit or 1) * {"십": 10, "백": 100, "천": 1000}[char]
            digit = 0
        else:
            group += digit
            total += (group or 1) * {"만": 10**4, "억": 10**8, "조": 10**12, "경": 10**16}[char]
            group = digit = 0
    return total + group + digit


@given(NUMBERS)
def test_sino_korean_words_mean_their_number(number: int) -> None:
    assert read_sino(numerals.sino(number)) == number


@given(NUMBERS)
def test_every_spoken_variant_means_the_same_number(number: int) -> None:
    variants = numerals.sino_variants(number)
    assert variants[0] == numerals.sino(number)
    assert len(set(variants)) == len(variants)
    if number:
        assert {read_sino(variant) for variant in variants} == {number}


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_different_numbers_sound_different(one: int, other: int) -> None:
    assert (numerals.sino(one) == numerals.sino(other)) == (one == other)
    assert (numerals.english(one) == numerals.english(other)) == (one == other)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "영"),
        (10, "십"),
        (11, "십일"),
        (100, "백"),
        (111, "백십일"),
        (1000, "천"),
        (10_000, "만"),
        (10_001, "만 일"),
        (12_900, "만 이천구백"),
        (110_000, "십일만"),
        (10**8, "일억"),
        (10**8 + 10**4, "일억 일만"),
        (10**12, "일조"),
        (10**16, "일경"),
        (-5, "마이너스 오"),
    ],
)
def test_sino_korean_numbers(number: int, words: str) -> None:
    assert numerals.sino(number) == words


@pytest.mark.parametrize("number", [10**16 + 1, 10**30])
def test_a_number_too_large_to_have_a_name_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="digit by digit"):
        numerals.sino(number)
    with pytest.raises(ValueError, match="digit by digit"):
        numerals.english(number)


@pytest.mark.parametrize(
    ("number", "free", "before_a_counter"),
    [
        (1, "하나", "한"),
        (2, "둘", "두"),
        (3, "셋", "세"),
        (4, "넷", "네"),
        (5, "다섯", "다섯"),
        (10, "열", "열"),
        (11, "열하나", "열한"),
        (20, "스물", "스무"),
        (21, "스물하나", "스물한"),
        (34, "서른넷", "서른네"),
        (99, "아흔아홉", "아흔아홉"),
    ],
)
def test_native_numbers(number: int, free: str, before_a_counter: str) -> None:
    assert numerals.native(number) == free
    assert numerals.native_prenominal(number) == before_a_counter


def test_native_numbers_end_at_99_and_fall_to_sino_korean() -> None:
    with pytest.raises(ValueError, match="no native"):
        numerals.native(100)
    assert numerals.counted(99, "개") == "아흔아홉"
    assert numerals.counted(100, "개") == "백"
    assert numerals.counted(3, "층") == "삼"


def test_every_native_number_is_its_own() -> None:
    assert len({numerals.native(number) for number in range(1, 100)}) == 99
    assert len({numerals.native_prenominal(number) for number in range(1, 100)}) == 99


def test_months_have_their_irregular_names() -> None:
    assert [numerals.month(number) for number in (1, 6, 10, 12)] == ["일월", "유월", "시월", "십이월"]
    assert numerals.month_variants(6) == ("유월", "육월")
    assert numerals.month_variants(11) == ("십일월",)


def test_ordinals() -> None:
    assert [numerals.ordinal(number) for number in (1, 2, 20, 21, 101)] == [
        "첫 번째",
        "두 번째",
        "스무 번째",
        "스물한 번째",
        "백한 번째",
    ]


def test_callers_say_numbers_in_several_ways() -> None:
    assert set(numerals.sino_variants(0)) >= {"영", "공"}
    assert set(numerals.sino_variants(100)) >= {"백", "일백"}
    assert set(numerals.counted_variants(3, "장")) >= {"세", "석", "삼"}
    assert set(numerals.digits_variants("0102")) >= {"공 일 공 이", "영 일 영 이", "공 하나 공 둘"}
    assert set(numerals.english_digits_variants("1055")) >= {"one zero five five", "one oh five five"}
    assert "one zero double five" in numerals.english_digits_variants("1055")


@given(st.text("0123456789", min_size=1, max_size=16))
def test_digit_strings_have_one_word_a_digit(digits: str) -> None:
    assert len(numerals.spell_digits(digits)) == len(digits)
    assert all(len(variant.split()) == len(digits) for variant in numerals.digits_variants(digits))
    assert len(numerals.english_digits(digits).split()) == len(digits)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (21, "twenty-one"),
        (100, "one hundred"),
        (101, "one hundred one"),
        (1234, "one thousand two hundred thirty-four"),
        (10**6, "one million"),
        (10**16, "ten quadrillion"),
        (-1, "minus one"),
    ],
)
def test_english_numbers(number: int, words: str) -> None:
    assert numerals.english(number) == words


def test_english_ordinals_and_years() -> None:
    assert [numerals.english_ordinal(number) for number in (1, 12, 20, 23, 100)] == [
        "first",
        "twelfth",
        "twentieth",
        "twenty-third",
        "one hundredth",
    ]
    assert [numerals.english_year(number) for number in (1905, 1999, 2000, 2005, 2026, 1900)] == [
        "nineteen oh five",
        "nineteen ninety-nine",
        "two thousand",
        "two thousand five",
        "twenty twenty-six",
        "nineteen hundred",
    ]


def test_decimals_keep_their_digits() -> None:
    assert numerals.sino_decimal("1,234.05") == "천이백삼십사 점 영오"
    assert numerals.english_decimal("-0.50") == "minus zero point five zero"
