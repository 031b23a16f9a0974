"""What the bot says of numbers, money and dates is read back by its own understanding as the same value."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voicebot.nlu.entities import Expected, english_dates, find_entities, korean_dates
from voicebot.nlu.entities.grammar import Context, choose
from voicebot.nlu.entities.number_words import read_english, read_korean
from voicebot.tts.speech_text import spoken

TODAY = date(2026, 11, 22)
FIRST, LAST = date(2012, 1, 1), date(2041, 12, 31)
"""30 years."""
MANY = settings(max_examples=200, derandomize=True, deadline=None)
SOME = settings(max_examples=60, derandomize=True, deadline=None)
NUMBERS = st.integers(0, 16).flatmap(lambda power: st.integers(0, 10**power))
"""To 10^16, as many short ones as long ones."""


def days() -> Iterator[date]:
    return (FIRST + timedelta(days) for days in range((LAST - FIRST).days + 1))


def value(text: str, language: str, kind: str) -> object:
    found = find_entities(text, language, today=TODAY, expect=[Expected(kind)])
    assert [one.type for one in found] == [kind], text
    return found[0].value


@MANY
@given(NUMBERS)
@example(10**16)
@example(10**16 - 1)
@example(10**15)
@example(10**12 + 1)
@example(0)
def test_a_number_is_read_back(number: int) -> None:
    assert read_korean(spoken(f"{number:,}", "ko")) == number
    assert read_english(spoken(f"{number:,}", "en")) == number


@SOME
@given(NUMBERS.filter(lambda number: number < 10**16))
def test_money_is_read_back(number: int) -> None:
    assert value(spoken(f"{number:,}원입니다.", "ko"), "ko", "amount") == {"amount": number, "currency": "KRW"}
    assert value(spoken(f"It is ${number:,}.", "en"), "en", "amount") == {"amount": number, "currency": "USD"}


@SOME
@given(st.integers(1, 9999), st.integers(1, 9999))
def test_money_in_powers_of_ten_thousand_is_read_back(millions: int, rest: int) -> None:
    amount = {"amount": millions * 10**8 + rest * 10**4, "currency": "KRW"}
    assert value(spoken(f"{millions}억 {rest:,}만 원", "ko"), "ko", "amount") == amount
    assert value(spoken(f"{millions}억{rest}만원", "ko"), "ko", "amount") == amount


@SOME
@given(st.integers(1, 120) | st.integers(1, 10**6), st.sampled_from(["개", "명", "층", "장", "인분", "가지", "페이지"]))
def test_what_is_counted_is_read_back(number: int, counter: str) -> None:
    said = spoken(f"{number:,}{counter}", "ko")
    assert said.endswith(f" {counter}")
    assert read_korean(said.removesuffix(counter).replace("스무", "스물")) == number


@SOME
@given(st.integers(0, 10**6), st.integers(1, 99))
def test_decimals_are_read_back(whole: int, hundredths: int) -> None:
    written = f"{whole}.{hundredths:02}"
    assert read_korean(spoken(f"{written}%", "ko").removesuffix(" 퍼센트")) == float(written)
    assert read_english(spoken(f"{written}%", "en").removesuffix(" percent")) == float(written)


def test_every_date_of_30_years_is_read_back_in_korean() -> None:
    context = Context(TODAY, {"date": Expected("date")})
    for day in days():
        said = spoken(f"{day.year}년 {day.month}월 {day.day}일", "ko")
        found = choose(korean_dates.dates(said, context), context)
        assert [one.value for one in found] == [day.isoformat()], said


def test_every_date_of_30_years_is_read_back_in_english() -> None:
    context = Context(TODAY, {"date": Expected("date")})
    for day in days():
        said = spoken(day.isoformat(), "en")
        found = choose(english_dates.dates(said.lower(), context), context)
        assert [one.value for one in found] == [day.isoformat()], said


@pytest.mark.parametrize("language", ["ko", "en"])
def test_dates_are_read_back_among_all_other_values(language: str) -> None:
    for day in list(days())[::61]:
        assert value(spoken(day.isoformat(), language), language, "date") == day.isoformat()


def test_every_minute_of_a_day_is_read_back() -> None:
    for minute in range(0, 24 * 60, 7):
        clock = f"{minute // 60:02}:{minute % 60:02}"
        for language in ("ko", "en"):
            said = spoken(clock, language)
            if said not in ("noon", "midnight"):
                assert value(said, language, "time") == clock, said
