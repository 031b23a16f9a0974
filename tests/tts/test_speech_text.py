"""What is written is said as a speaker of the language says it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from voicebot.nlu import numerals
from voicebot.nlu.hangul import particle
from voicebot.tts.speech_text import LONGEST_SENTENCE, sentences, spoken


def expressions() -> list[tuple[str, str, str]]:
    found = []
    for language in ("ko", "en"):
        groups = YAML(typ="safe", pure=True).load(Path(__file__).with_name(f"expressions_{language}.yaml").read_text())
        found += [(language, written, said) for group in groups.values() for written, said in group.items()]
    return found


@pytest.mark.parametrize(("language", "written", "said"), expressions())
def test_expression_is_said(language: str, written: str, said: str) -> None:
    assert spoken(written, language) == said


def test_the_tables_have_at_least_500_expressions() -> None:
    languages = [language for language, _, _ in expressions()]
    assert languages.count("ko") >= 320
    assert languages.count("en") >= 180


@given(st.integers(0, 10**16))
def test_any_amount_is_said_as_its_number(number: int) -> None:
    assert spoken(f"{number:,}원", "ko") == f"{numerals.sino(number)} 원"
    assert spoken(f"{number:,} won", "en") == f"{numerals.english(number)} won"


def test_every_date_of_30_years_is_said_in_every_notation() -> None:
    first = date(2010, 1, 1).toordinal()
    for day in map(date.fromordinal, range(first, first + 30 * 365, 3)):
        month_and_day = f"{numerals.month(day.month)} {numerals.sino(day.day)}일"
        said = f"{numerals.sino(day.year)}년 {month_and_day}"
        assert spoken(day.isoformat(), "ko") == said
        assert spoken(f"{day.year}년 {day.month}월 {day.day}일", "ko") == said
        assert spoken(f"{day.year}. {day.month}. {day.day}.", "ko") == said
        assert spoken(f"{day.month}/{day.day}", "ko") == month_and_day
        assert spoken(day.isoformat(), "en") == spoken(f"{day:%B} {day.day}, {day.year}", "en")


@given(st.text(max_size=60), st.sampled_from(["ko", "en"]))
def test_whatever_is_written_no_digit_remains(text: str, language: str) -> None:
    assert not re.search("[0-9]", spoken(text, language))


@given(st.text(max_size=60))
def test_only_hangul_remains_for_a_korean_engine(text: str) -> None:
    assert not re.search(r"[^가-힣\s.,?!:。？！]", spoken(text, "ko"))


@given(st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=30))
def test_any_latin_word_is_said_in_korean(word: str) -> None:
    assert re.fullmatch("[가-힣 ]+", spoken(word, "ko"))


@given(st.text("가나한국삼성홍길동", min_size=1, max_size=12))
def test_a_korean_name_is_said_in_english(name: str) -> None:
    assert re.fullmatch("[A-Z][a-z]+", spoken(name, "en"))


@pytest.mark.parametrize(
    ("word", "final"),
    [
        ("3", "삼"),
        ("7", "칠"),
        ("SKT", "티"),
        ("10%", "트"),
        ("1,000원", "원"),
        ("LG", "지"),
        ("URL", "엘"),
        ("6월", "월"),
    ],
)
def test_a_particle_agrees_with_what_is_said_whichever_was_written(word: str, final: str) -> None:
    for pair in (("을", "를"), ("이", "가"), ("은", "는"), ("과", "와"), ("으로", "로")):
        right = particle(final, pair[0])
        doubled = "(으)로" if pair[0] == "으로" else f"{pair[0]}({pair[1]})"
        for written in (*pair, doubled):
            assert spoken(f"{word}{written} 네", "ko").endswith(f"{final}{right} 네"), (word, written)


@given(st.text("0123456789-~/:.,+%$₩ 원월일시분개번ab()#*", max_size=30), st.sampled_from(["ko", "en"]))
def test_numbers_in_disorder_are_read_somehow(text: str, language: str) -> None:
    assert not re.search("[0-9]", spoken(text, language))


@given(st.text("0123456789", min_size=4, max_size=4), st.text("0123456789", min_size=4, max_size=4))
def test_a_grouped_code_is_read_digit_by_digit(one: str, other: str) -> None:
    said = f"{numerals.spell_digits(one, '공')}, {numerals.spell_digits(other, '공')}"
    assert spoken(f"{one}-{other}", "ko") == said


def test_what_is_already_words_stays() -> None:
    text = "네, 확인했습니다. 잠시만 기다려 주세요."
    assert spoken(text, "ko") == text
    assert spoken("Thank you, one moment please.", "en") == "Thank you, one moment please."


def test_a_very_long_text_is_read() -> None:
    said = spoken("주문 3개가 12,900원입니다. " * 800, "ko")
    assert said.count("만 이천구백 원입니다.") == 800


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(
    "unit", ["1", "1,", "1-", "a-", "a.", "1만", "(", "가 ", "1원~", ".!", "<break ", "1:", "😀", "을(를)"]
)
def test_20_000_characters_of_anything_are_read(unit: str, language: str) -> None:
    text = (unit * 20_000)[:20_000]
    assert not re.search("[0-9]", spoken(text, language))
    assert sentences(text, language)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("ko", "안녕하세요. 무엇을 도와드릴까요?", ("안녕하세요.", "무엇을 도와드릴까요?")),
        ("ko", "금리는 4.25%입니다. 맞나요?", ("금리는 4.25%입니다.", "맞나요?")),
        ("ko", "2026. 11. 22. 도착", ("2026. 11. 22. 도착",)),
        ("en", "Dr. Kim is here. Please hold.", ("Dr. Kim is here.", "Please hold.")),
        ("en", "It costs $12.50. Is that all right?", ("It costs $12.50.", "Is that all right?")),
        ("en", "He said “yes.” Then he left.", ("He said “yes.”", "Then he left.")),
        ("en", "Order before 2 p.m. and it arrives soon.", ("Order before 2 p.m. and it arrives soon.",)),
        ("ko", "첫째 줄\n둘째 줄", ("첫째 줄", "둘째 줄")),
        ("ko", "  ", ()),
    ],
)
def test_sentences(language: str, text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text, language) == expected


@given(st.text(max_size=600), st.sampled_from(["ko", "en"]))
def test_sentences_lose_nothing_and_are_bounded(text: str, language: str) -> None:
    found = sentences(text, language)
    assert all(0 < len(sentence) <= LONGEST_SENTENCE for sentence in found)
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", text)
