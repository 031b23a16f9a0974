from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.nlu.hangul import compose
from voicebot.nlu.pronunciation import closing, joins, opening, vowels


def ways_to_say(*words: str) -> set[str]:
    """Every pronunciation without pauses, in jamo, finals with a dot."""
    parts: list[tuple[str, ...]] = [(opening(words[0]),)]
    for place, word in enumerate(words):
        for syllable in range(len(word)):
            parts.append(vowels(word, syllable))
            if syllable + 1 < len(word):
                parts.append(tuple(j.final + j.initial for j in joins(word[syllable], word[syllable + 1], apart=False)))
            elif place + 1 < len(words):
                between = joins(word[-1], words[place + 1][0], apart=True)
                parts.append(tuple(j.final + j.initial for j in between if not j.pause))
    parts.append((closing(words[-1]),))
    return {"".join(way) for way in itertools.product(*parts)}


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("국물", "ㄱㅜㅇ.ㅁㅜㄹ."),
        ("독립", "ㄷㅗㅇ.ㄴㅣㅂ."),
        ("신라", "ㅅㅣㄹ.ㄹㅏ"),
        ("칼날", "ㅋㅏㄹ.ㄹㅏㄹ."),
        ("종로", "ㅈㅗㅇ.ㄴㅗ"),
        ("같이", "ㄱㅏㅊㅣ"),
        ("굳이", "ㄱㅜㅈㅣ"),
        ("값이", "ㄱㅏㅂ.ㅆㅣ"),
        ("닭이", "ㄷㅏㄹ.ㄱㅣ"),
        ("꽃이", "ㄲㅗㅊㅣ"),
        ("강이", "ㄱㅏㅇ.ㅣ"),
        ("좋다", "ㅈㅗㅌㅏ"),
        ("좋아요", "ㅈㅗㅏㅛ"),
        ("많이", "ㅁㅏㄴㅣ"),
        ("않는", "ㅏㄴ.ㄴㅡㄴ."),
        ("싫어요", "ㅅㅣㄹㅓㅛ"),
        ("입학", "ㅣㅍㅏㄱ."),
        ("학교", "ㅎㅏㄱ.ㄲㅛ"),
        ("읽고", "ㅣㄹ.ㄲㅗ"),
        ("합니다", "ㅎㅏㅁ.ㄴㅣㄷㅏ"),
        ("전화", "ㅈㅓㄴㅘ"),
        ("의사", "ㅢㅅㅏ"),
        ("희망", "ㅎㅣㅁㅏㅇ."),
        ("가져", "ㄱㅏㅈㅓ"),
    ],
)
def test_standard_pronunciation(written: str, spoken: str) -> None:
    assert spoken in ways_to_say(written)


@pytest.mark.parametrize(
    ("words", "spoken"),
    [
        (("옷", "안"), "ㅗㄷㅏㄴ."),
        (("무슨", "일"), "ㅁㅜㅅㅡㄴ.ㄴㅣㄹ."),
        (("할", "일"), "ㅎㅏㄹ.ㄹㅣㄹ."),
        (("못", "해요"), "ㅁㅗㅌㅐㅛ"),
        (("삼", "육"), "ㅅㅏㅁ.ㄴㅠㄱ."),
    ],
)
def test_words_run_into_each_other(words: tuple[str, ...], spoken: str) -> None:
    assert spoken in ways_to_say(*words)


def test_a_pause_keeps_words_apart() -> None:
    (apart,) = (join for join in joins("옷", "안", apart=True) if join.pause)
    assert (apart.final, apart.initial) == ("ㄷ.", "")


syllables = st.integers(0xAC00, 0xD7A3).map(chr)


@given(st.lists(st.text(syllables, min_size=1, max_size=4), min_size=1, max_size=3))
def test_every_hangul_text_can_be_said(words: list[str]) -> None:
    assert ways_to_say(*words)


@given(st.sampled_from("ㄱㄴㄷㄹㅁㅂㅅㅈㅊㅋㅌㅍㅎㄲㄸㅃㅆㅉ"), st.sampled_from("ㅏㅓㅗㅜㅡㅣ"))
def test_an_open_syllable_sounds_as_it_is_written(initial: str, vowel: str) -> None:
    assert initial + vowel in ways_to_say(compose(initial, vowel))
