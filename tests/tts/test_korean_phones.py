"""How Korean is said by the engines that take sounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.tts.kokoro_phonemes import phonemes
from voicebot.tts.korean_phones import spoken_phrases
from voicebot.tts.mbrola_prosody import phone_lines
from voicebot.tts.port import NORMAL, Style


def said(text: str) -> str:
    """The sounds as jamo, finals with their syllable, words apart."""
    written = ""
    for phrase in spoken_phrases(text):
        for number, syllable in enumerate(phrase.syllables):
            if syllable.begins_word and number:
                written += " "
            written += syllable.initial + syllable.vowel + syllable.final
        written += phrase.end
    return written


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("먹어요", "ㅁㅓㄱㅓㅛ."),
        ("국물", "ㄱㅜㅇㅁㅜㄹ."),
        ("입니다", "ㅣㅁㄴㅣㄷㅏ."),
        ("신라", "ㅅㅣㄹㄹㅏ."),
        ("같이", "ㄱㅏㅊㅣ."),
        ("좋다", "ㅈㅗㅌㅏ."),
        ("많아요", "ㅁㅏㄴㅏㅛ."),
        ("학교", "ㅎㅏㄱㄲㅛ."),
        ("독립", "ㄷㅗㅇㄴㅣㅂ."),
        ("읽고", "ㅣㄹㄲㅗ."),
        ("할 수 있어요", "ㅎㅏㄹ ㅆㅜ ㅣㅆㅓㅛ."),
        ("결제", "ㄱㅕㄹㅉㅔ."),
        ("전화번호", "ㅈㅓㄴㅎㅘㅃㅓㄴㅎㅗ."),
        ("저희의 친구", "ㅈㅓㅎㅣㅔ ㅊㅣㄴㄱㅜ."),
        ("네, 맞나요?", "ㄴㅔ,ㅁㅏㄴㄴㅏㅛ?"),
    ],
)
def test_the_standard_pronunciation_is_followed(text: str, sounds: str) -> None:
    assert said(text) == sounds


def test_words_of_a_phrase_run_on_and_phrases_do_not() -> None:
    assert said("밥 먹어요") == "ㅂㅏㅁ ㅁㅓㄱㅓㅛ."
    assert said("밥, 먹어요") == "ㅂㅏㅂ,ㅁㅓㄱㅓㅛ."


def test_kokoro_gets_plain_consonants_voiced_between_vowels() -> None:
    assert phonemes("고기, 바다.").split() == ["koɡi,", "pada."]


def test_what_is_not_hangul_is_not_said() -> None:
    assert said("abc 😀 네 123") == "ㄴㅔ."
    assert said("...") == ""
    assert list(phone_lines("", NORMAL)) == ["_ 50"]


def test_mbrola_speaks_slower_and_higher_when_told() -> None:
    def total(style: Style) -> tuple[float, float]:
        lines = [line.split() for line in phone_lines("안녕하세요. 무엇을 도와드릴까요?", style)]
        return sum(float(line[1]) for line in lines), max(float(line[3]) for line in lines if len(line) > 3)

    usual = total(NORMAL)
    slower, higher = total(Style(rate=0.8, pitch=1.2))
    assert slower > 1.15 * usual[0]
    assert higher > 1.15 * usual[1]


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3) | st.sampled_from(" ,.?!a1"), max_size=40))
def test_every_syllable_is_said_once(text: str) -> None:
    count = sum("가" <= char <= "힣" for char in text)
    assert sum(len(phrase.syllables) for phrase in spoken_phrases(text)) == count
    assert phonemes(text).count("  ") == 0
    for line in phone_lines(text, NORMAL):
        symbol, duration, *pitch = line.split()
        assert symbol
        assert int(duration) > 0
        assert len(pitch) % 2 == 0
