"""Latin letters, addresses and symbols in Korean sentences, as they are said."""

from __future__ import annotations

import re

from voicebot.nlu.numerals import sino, spell_digits
from voicebot.tts.korean_latin import WORDS
from voicebot.tts.korean_transliteration import transliterated

_LETTER_NAMES = """
에이 비 씨 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 알 에스 티 유 브이 더블유 엑스 와이 제트
"""
LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        _LETTER_NAMES.split(),
        strict=True,
    )
)

_IN_ADDRESSES = {
    "com": "컴",
    "net": "넷",
    "org": "오알지",
    "help": "헬프",
    "info": "인포",
    "example": "이그잼플",
}
_ADDRESS_SIGNS = {
    **{"@": "골뱅이", "-": "하이픈", "_": "밑줄", "+": "플러스", "/": "슬래시", ":": "콜론", "?": "물음표"},
    **{"=": "이퀄", "&": "앤드", "%": "퍼센트", "#": "샵", "~": "물결"},
}
_CASES = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]")


def letters(text: str) -> str:
    """Letter by letter: `SKT` is `에스케이티`."""
    return "".join(LETTERS.get(char.lower(), char) for char in text)


def latin(word: str) -> str:
    """One word in Latin letters: by the table, letter by letter, or by the sound that its spelling suggests."""
    if known := WORDS.get(word.lower()):
        return known
    if len(word) <= 3 or (word.isupper() and len(word) <= 6) or not re.search("[aeiouy]", word.lower()):
        return letters(word)
    parts = _CASES.findall(word)
    if 1 < len(parts) < len(word) / 2:
        return "".join(latin(part) for part in parts)
    return transliterated(word)


def letters_and_digits(text: str) -> str:
    """A code of letters and digits: `A1234` is `에이 일이삼사`, `S24` is `에스 이십사`, `MP3` by the table."""
    if known := WORDS.get(text.lower()):
        return known
    parts = []
    for part in re.findall(r"[A-Za-z]+|\d+|-", text):
        if part.isalpha():
            parts.append(latin(part) if len(part) > 3 else letters(part))
        elif part == "-":
            parts.append(",")
        elif len(part) <= 2 and not part.startswith("0"):
            parts.append(sino(int(part)))
        else:
            parts.append(spell_digits(part, zero="공"))
    return " ".join(parts).replace(" ,", ",")


def address(text: str) -> str:
    """An e-mail or web address: known words as words, the rest letter by letter, `@` as 골뱅이, `.` as 점."""
    text = re.sub(r"^https?://", "", text, flags=re.IGNORECASE)
    words: list[str] = []
    for token in re.findall(r"\.com\b|[A-Za-z]+|\d+|.", text):
        lower = token.lower()
        if lower == ".com":
            words.append("닷컴")
        elif lower == ".":
            words.append("점")
        elif token.isdigit():
            words.append(spell_digits(token, zero="공"))
        else:
            known = _IN_ADDRESSES.get(lower) or (WORDS.get(lower) if len(lower) > 3 else None)
            words.append(known or _ADDRESS_SIGNS.get(token) or letters(token))
    return " ".join(words)


SYMBOLS = {
    "&": "앤드",
    "+": "더하기",
    "×": "곱하기",
    "÷": "나누기",
    "±": "플러스 마이너스",
    "%": "퍼센트",
    "‰": "퍼밀",
    "℃": "도",
    "°": "도",
    "#": "우물 정자",
    "*": "별표",
    "@": "골뱅이",
    "₩": "원",
    "$": "달러",
    "€": "유로",
    "£": "파운드",
    "¥": "엔",
    "№": "번호",
    "☎": "전화",
    "☏": "전화",
    "㈜": "주식회사",
    "½": "이분의 일",
    "⅓": "삼분의 일",
    "⅔": "삼분의 이",
    "¼": "사분의 일",
    "¾": "사분의 삼",
    "≠": "같지 않다",
    "√": "루트",
    "∞": "무한대",
    "α": "알파",
    "β": "베타",
    "γ": "감마",
    "π": "파이",
    "Ω": "옴",
    "μ": "마이크로",
}
"""Symbols that stand alone. On the telephone `#` is 우물 정자 and `*` is 별표, as the keys are called."""
