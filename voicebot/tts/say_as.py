"""What stands in `<say-as>`, read as its author means it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from voicebot.nlu.numerals import LARGEST, english_digits, english_ordinal, ordinal, spell_digits
from voicebot.tts import english_dates, english_text, korean_letters, korean_quantities
from voicebot.tts.rewriting import group_code
from voicebot.tts.speech_text import spoken


def said_as(text: str, meaning: str, form: str, language: str) -> str:
    """`text` in words of `language` as `meaning` (a value of `interpret-as`) asks; as usual where it does not fit.

    `form` is the value of `format`: for dates the order of their parts (`ymd`, `mdy`, `dmy`, `md`, ...).
    """
    say = MEANINGS.get(meaning)
    words = say(text.strip(), form, language) if say and language in ("ko", "en") else None
    return words or spoken(text, language)


def _digits(text: str, form: str, language: str) -> str | None:  # noqa: ARG001
    groups = re.findall(r"\d+", text)
    return _spelled_groups(groups, language) if groups else None


def _telephone(text: str, form: str, language: str) -> str | None:  # noqa: ARG001
    groups = re.findall(r"\d+", text)
    if len(groups) == 1 and len(groups[0]) > 6:
        groups = group_code(groups[0]).split("-")
    if not groups:
        return None
    plus = {"ko": "플러스 ", "en": "plus "}[language] if text.startswith("+") else ""
    return plus + _spelled_groups(groups, language)


def _spelled_groups(groups: list[str], language: str) -> str:
    return ", ".join(spell_digits(group, "공") if language == "ko" else english_digits(group) for group in groups)


def _cardinal(text: str, form: str, language: str) -> str | None:  # noqa: ARG001
    if not re.fullmatch(r"[-−+]?(?:\d{1,3}(?:,\d{3})+|\d{1,40})(?:\.\d{1,40})?", text):
        return None
    sign = {"ko": "마이너스 ", "en": "minus "}[language] if text[0] in "-−" else ""
    say = korean_quantities.number if language == "ko" else english_text.number
    return sign + say(text.lstrip("-−+"))


def _ordinal(text: str, form: str, language: str) -> str | None:  # noqa: ARG001
    match = re.fullmatch(r"(?:제\s?)?(\d{1,16})(?:번째|st|nd|rd|th|\.)?", text.replace(",", ""))
    if match is None or int(match[1]) > LARGEST:
        return None
    if language == "ko":
        return ordinal(int(match[1])) if int(match[1]) else None
    return english_ordinal(int(match[1]))


def _date(text: str, form: str, language: str) -> str | None:
    parts = re.findall(r"\d+", text)
    order = form if re.fullmatch(r"(?!.*(.).*\1)[ymd]{1,3}", form) else ""
    if len(parts) == 1 and len(parts[0]) in (6, 8) and order in ("", "ymd"):
        year = len(parts[0]) - 4
        parts = [parts[0][:year], parts[0][year : year + 2], parts[0][year + 2 :]]
    order = order or {3: "ymd" if len(parts[0]) != 2 or language == "ko" else "mdy", 2: "md"}.get(len(parts), "")
    if not order or len(order) != len(parts):
        return None
    named = dict(zip(order, (int(part) for part in parts), strict=True))
    if "y" in named and named["y"] < 100:
        named["y"] += 2000 if named["y"] < 70 else 1900
    if language == "ko":
        return spoken(
            " ".join(f"{named[part]}{name}" for part, name in zip("ymd", "년월일", strict=True) if part in named), "ko"
        )
    if order in ("y",):
        return spoken(f"in {named['y']}", "en").removeprefix("in ")
    if "m" not in named or not 1 <= named["m"] <= 12:
        return None
    written = english_dates.MONTHS[named["m"] - 1]
    written += f" {named['d']}" if "d" in named else ""
    return spoken(
        written + (f", {named['y']}" if "d" in named else f" {named['y']}") if "y" in named else written, "en"
    )


def _time(text: str, form: str, language: str) -> str | None:  # noqa: ARG001
    match = re.fullmatch(r"([01]?\d|2[0-4])([0-5]\d)", text)
    return spoken(f"{match[1]}:{match[2]}" if match else text, language)


def _currency(text: str, form: str, language: str) -> str | None:  # noqa: ARG001
    match = re.fullmatch(r"([A-Z]{3})?\s?([\d,.]*\d)\s?([A-Z]{3})?", text)
    if match is None:
        return None
    code = match[1] or match[3] or {"ko": "KRW", "en": "USD"}[language]
    sign = {"KRW": "₩", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}.get(code)
    return spoken(f"{sign}{match[2]}", language) if sign else None


def _characters(text: str, form: str, language: str) -> str | None:  # noqa: ARG001
    def one(char: str) -> str:
        if char.isascii() and char.isdigit():
            return spell_digits(char, "공") if language == "ko" else english_digits(char)
        if language == "ko":
            return korean_letters.letters(char) if char.isascii() and char.isalpha() else spoken(char, "ko") or ""
        return char.upper() if char.isalpha() else spoken(char, "en")

    return " ".join(filter(None, (one(char) for char in text if not char.isspace()))) or None


MEANINGS: Mapping[str, Callable[[str, str, str], str | None]] = {
    "digits": _digits,
    "telephone": _telephone,
    "cardinal": _cardinal,
    "number": _cardinal,
    "ordinal": _ordinal,
    "date": _date,
    "time": _time,
    "currency": _currency,
    "characters": _characters,
    "spell-out": _characters,
}
"""The values of `interpret-as`. SSML 1.1 leaves them open; these are those of the W3C's note of 2005 and of the large
synthesisers."""
