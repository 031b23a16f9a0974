"""Korean words as one speaker says them: syllables with their spoken sounds, in phrases between pauses.

Of the ways that `voicebot.nlu.pronunciation` gives for how two syllables meet, this takes the standard one, and makes
consonants tense where the standard does so for reasons that can't be seen from the letters (제26-28항): after the
ending -(으)ㄹ, and in the words of a short list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from voicebot.nlu.hangul import is_syllable
from voicebot.nlu.pronunciation import closing, joins, opening, vowels

_TENSE = dict(zip("ㄱㄷㅂㅅㅈ", "ㄲㄸㅃㅆㅉ", strict=True))

_AFTER_FUTURE = re.compile(r"(?:것|거|게|건|걸|수|줄|데|곳|때|바|적|지|동안|사람|분)")
"""Words whose first consonant is tense after a word in -(으)ㄹ (제27항)."""

_MARKED = (
    "전화'번호 카드'번호 조'건 사'건 인'기 평'가 여'권 문제'점 장'점 단'점 성'격 물'가 주'가 손'가락 글'자 한'자 "
    "할'게 릴'게 줄'게 볼'게 갈'게 올'게 을'게 할'지 을'지 될'지 결'제 결'정 결'심 결'석 결'산 일'정 일'시 일'자 일'상 "
    "발'송 발'생 발'신 발'전 출'장 출'시 출'생 출'석 출'산 철'도 절'대 절'차 설'정 설'득 물'질 밀'접 실'시 실'수 "
    "실'제 실'적 할'당 활'동 활'성 질'서 필'수 불'소 열'두 열'둘 열'다섯 열'셋 열'세 칠'십 팔'십 칠'조 팔'조"
)
_TENSE_AT = tuple((word.replace("'", ""), word.index("'")) for word in _MARKED.split())

_ENDS = {".": ".", "…": ".", "。": ".", "?": "?", "？": "?", "!": "!", "！": "!"}
_WORDS = re.compile(r"[가-힣]+|[.?!…。？！,;:·]")


@dataclass(frozen=True)
class Syllable:
    """A syllable by its sounds, as jamo."""

    initial: str
    """Empty for none."""
    vowel: str
    final: str
    """One of ㄱㄴㄷㄹㅁㅂㅇ, as it is spoken; empty for none."""
    begins_word: bool


@dataclass(frozen=True)
class SpokenPhrase:
    """What is said between two pauses."""

    syllables: tuple[Syllable, ...]
    end: str
    """The mark behind it: `.`, `?`, `!` or `,`."""


def spoken_phrases(text: str) -> tuple[SpokenPhrase, ...]:
    """The phrases of `text`, which is in words. What is not Hangul is not said, but parts words."""
    phrases: list[SpokenPhrase] = []
    words: list[str] = []
    for found in [*_WORDS.findall(text), "."]:
        if is_syllable(found[0]):
            words.append(found)
        elif words:
            phrases.append(SpokenPhrase(_said(words), _ENDS.get(found, ",")))
            words = []
    return tuple(phrases)


def _said(words: list[str]) -> tuple[Syllable, ...]:
    places = [(word, at) for word in words for at in range(len(word))]
    tense = _tense_places(words)
    said: list[Syllable] = []
    initial = opening(words[0])
    for number, (word, at) in enumerate(places):
        following = ""
        if number + 1 < len(places):
            next_word, next_at = places[number + 1]
            ways = joins(word[at], next_word[next_at], apart=next_at == 0)
            join = next(way for way in ways if not way.pause)
            final, following = join.final, join.initial
            if number + 1 in tense:
                following = _TENSE.get(following, following)
        else:
            final = closing(word)
        said.append(Syllable(initial, _vowel(word, at), final.rstrip("."), begins_word=at == 0))
        initial = following
    return tuple(said)


def _vowel(word: str, at: int) -> str:
    """ㅢ as the particle 의 is [에], as most say it (제5항)."""
    if word[at] == "의" and at and at == len(word) - 1:
        return "ㅔ"
    return vowels(word, at)[0]


def _tense_places(words: list[str]) -> set[int]:
    """Where, in the syllables of the phrase, a plain initial becomes tense."""
    places: set[int] = set()
    start = 0
    for number, word in enumerate(words):
        for listed, at in _TENSE_AT:
            found = word.find(listed)
            if found >= 0:
                places.add(start + found + at)
        if number and _ends_in_l(words[number - 1]) and _AFTER_FUTURE.match(word):
            places.add(start)
        start += len(word)
    return places


def _ends_in_l(word: str) -> bool:
    return is_syllable(word[-1]) and (ord(word[-1]) - 0xAC00) % 28 == 8
