"""Written English as it is said: numbers, money, dates, times, codes, abbreviations, addresses."""

from __future__ import annotations

import re

from voicebot.nlu.numerals import (
    LARGEST,
    english,
    english_decimal,
    english_digits,
    english_ordinal,
    english_year,
)
from voicebot.tts.english_dates import (
    MONTH,
    MONTH_NAMES,
    clock,
    days_of_a_month,
    decade,
    month_and_year,
    named_date,
    numeric_date,
)
from voicebot.tts.english_words import (
    ABBREVIATIONS,
    ADDRESS_SIGNS,
    DAY_NAMES,
    FRACTIONS,
    MONEY,
    SPELLED,
    SPOKEN_CAPITALS,
    SYMBOLS,
    TOP_LEVEL,
    UNIT,
    UNIT_END,
    UNITS,
    VULGAR,
    WORDS,
)
from voicebot.tts.rewriting import Rule, behind, group_code, one_stop, rewrite, tidied
from voicebot.tts.romanisation import romanised

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_LONGEST_NUMBER = len(str(LARGEST))
_DASH = r"\s?[-–—~]\s?"
_CODE_WORDS = re.compile(
    r"\b(number|order|code|PIN|pin|extension|ext|dial|account|ID|reference|booking|zip|call|"
    r"end(?:s|ing) in|digits|tracking)"
    r"(\s+(is|was|no|number|code|are|in))?\s*[:#,]?\s*[\[(]?\s*$"
)
_YEAR_WORDS = re.compile(r"\b(in|since|of|by|until|from|year|before|after|during|early|late|and|to)\s*$", re.IGNORECASE)


def spoken(text: str) -> str:
    """`text` in words as it is read aloud."""
    text = romanised(tidied(text).replace("’", "'"))
    text = rewrite(re.sub(r"'(?=\d0s\b)", "", text), _RULES, _PLACES, _join)
    text = re.sub(r"[\"“”«»|^\\{}`_※]", "", text)
    text = re.sub(r" ?[()\[\];·•→─—–] ?", ", ", text)
    text = re.sub(r"…+|\.{2,}", ".", text)
    text = re.sub(r"[^A-Za-z\s.,?!:'-]+", " ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?,(?: ?,)+", ",", text)
    text = re.sub(r", ?([.?!])", r"\1", text)
    text = re.sub(r" ([,.?!:])", r"\1", text)
    return one_stop(text).strip().removeprefix(",").removesuffix(",").strip()


def _join(said: str, words: str, rest: str) -> tuple[str, int]:
    if words and said and re.search(r"[\w)%]$", said):
        said += " "
    said += words
    return said + " " * bool(re.match(r"[0-9A-Za-z]", rest)), 0


def number(written: str) -> str:
    """A number as written, commas and decimal point and all; digit by digit where it has no name."""
    digits = written.replace(",", "")
    whole = digits.partition(".")[0]
    has_name = len(whole) <= _LONGEST_NUMBER and int(whole) <= LARGEST
    return english_decimal(digits) if has_name else english_digits(digits.replace(".", ""))


def _plural(written: str, forms: tuple[str, str]) -> str:
    return f"{number(written)} {forms[0] if written == '1' else forms[1]}"


def _code(text: str) -> str:
    return ", ".join(english_digits(group) for group in re.findall(r"\d+", text))


def _hyphenated(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    groups = match[0].split("-")
    if len(groups) == 2 and not groups[0].startswith("0") and max(map(len, groups)) < 4:
        return f"{number(groups[0])} to {number(groups[1])}"
    return _code(match[0])


def _money(match: re.Match[str], said: str) -> str:
    one, many, cent, cents = MONEY[match["sign"]]
    one, many = (f"U S {one}", f"U S {many}") if match[0].startswith("US") else (one, many)
    if re.search(r"\ban?\s$", said) and re.match(r"(?:\.00)?[- ][a-z]", behind(match)):
        many = one
    amount = match["amount"]
    whole, _, fraction = amount.partition(".")
    if power := match["power"]:
        names = {"k": "thousand", "K": "thousand", "m": "million", "M": "million", "B": "billion"}
        return f"{number(amount)} {names.get(power, power)} {many}"
    if not cent or len(fraction) != 2:
        return f"{number(amount)} {one if amount == '1' else many}"
    words = []
    if int(whole.replace(",", "")) or not int(fraction):
        words.append(_plural(whole, (one, many)))
    if int(fraction):
        words.append(f"{english(int(fraction))} {cent if int(fraction) == 1 else cents}")
    return " and ".join(words)


def _address(text: str) -> str:
    text = re.sub(r"^https?://", "", text, flags=re.IGNORECASE)
    words = []
    for token in re.findall(r"[A-Za-z]+|\d+|.", text):
        if token.isdigit():
            words.append(english_digits(token))
        elif token.isalpha():
            spelled = (
                token.lower() == "www"
                or token.upper() in SPELLED
                or len(token) <= 2
                or not re.search("[aeiouy]", token.lower())
            )
            words.append(" ".join(token.upper()) if spelled else token)
        else:
            words.append(ADDRESS_SIGNS.get(token, ""))
    return re.sub(r"\s+", " ", " ".join(words))


def _letters_and_digits(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    parts = []
    for part in re.findall(r"[A-Za-z]+|\d+|-", match[0]):
        if part.isalpha():
            parts.append(part if len(part) > 3 else " ".join(part.upper()))
        elif part == "-":
            parts.append("," if re.search(r"\d{3}", match[0]) else "")
        elif len(part) <= 2 and not part.startswith("0"):
            parts.append(english(int(part)))
        else:
            parts.append(english_digits(part))
    return re.sub(r" +", " ", " ".join(parts)).replace(" ,", ",")


def _capitals(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    word = match[0]
    if known := WORDS.get(word):
        return known
    if word in SPOKEN_CAPITALS or len(word) > 5:
        return word
    return " ".join(word)


def _ordinal(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    digits = match[1].replace(",", "")
    return english_ordinal(int(digits)) if digits.isdigit() and len(digits) < _LONGEST_NUMBER else None


def _bare(match: re.Match[str], said: str) -> str:
    written = match[0]
    if "." in written or "," in written:
        return number(written)
    if _CODE_WORDS.search(said) or (written.startswith("0") and len(written) > 1):
        return _code(group_code(written) if len(written) > 6 else written)
    if len(written) > 6:
        return _code(group_code(written))
    names_year = _YEAR_WORDS.search(said) or (said.endswith("the ") and re.match(" [a-z]", behind(match)))
    if len(written) == 4 and written[:2] in ("18", "19", "20") and names_year:
        return english_year(int(written))
    return english(int(written))


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_RULES = (
    Rule(_rule(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"), lambda m, _: _address(m[0])),
    Rule(
        _rule(
            r"(?:https?://|www\.)[A-Za-z0-9./_?=&:%#~-]{0,500}[A-Za-z0-9]"
            rf"|[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{1,63}}){{0,8}}\.(?:{TOP_LEVEL})(?![A-Za-z0-9])"
            r"(?:/[A-Za-z0-9./_?=&%#-]{0,500}[A-Za-z0-9]|/)?"
        ),
        lambda m, _: _address(m[0]),
    ),
    Rule(_rule(r"(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"), numeric_date),
    Rule(_rule(r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>(?:19|20)\d\d)(?!\d)"), numeric_date),
    Rule(_rule(MONTH + r"\s(?P<day>\d{1,2})\s?[-–]\s?(?P<last>\d{1,2})(?!\d)"), days_of_a_month),
    Rule(_rule(MONTH + r"\s(?P<day>\d{1,2})(?:st|nd|rd|th)?(?:,?\s(?P<year>(?:19|20)\d\d))?(?![\d:])"), named_date),
    Rule(_rule(r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\s" + MONTH + r"(?:,?\s(?P<year>(?:19|20)\d\d))?(?!\d)"), named_date),
    Rule(_rule(MONTH + r"\s(?P<year>(?:19|20)\d\d)(?!\d)"), month_and_year),
    Rule(
        _rule(
            r"T?(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?(?![\d:])(?:Z|\+\d\d:\d\d)?"
            r"(?:\s?(?P<half>[AaPp]\.?[Mm]\b\.?))?(?P<to>\s?[-–~]\s?(?=\d))?"
        ),
        clock,
    ),
    Rule(
        _rule(r"(?P<hour>\d{1,2})(?P<minute>)(?P<second>)\s?(?P<half>[AaPp]\.?[Mm]\b\.?)(?P<to>\s?[-–~]\s?(?=\d))?"),
        clock,
    ),
    Rule(
        _rule(r"(\d{1,4}) (" + "|".join(FRACTIONS) + r")(?![\d/])"),
        lambda m, _: f"{number(m[1])} and {FRACTIONS[m[2]]}",
    ),
    Rule(_rule(r"24/7\b"), lambda _m, _: "twenty-four seven"),
    Rule(_rule(r"(?:" + "|".join(FRACTIONS) + r")(?![\d/])"), lambda m, _: FRACTIONS[m[0]]),
    Rule(_rule(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])"), numeric_date),
    Rule(
        _rule(r"\+(\d{1,3})[- ](\(?\d{1,4}\)?(?:[- ]\d{3,4}){1,3})"), lambda m, _: f"plus {_code(m[1])}, {_code(m[2])}"
    ),
    Rule(_rule(r"\(\d{3}\)\s?\d{3}-\d{4}"), lambda m, _: _code(m[0])),
    Rule(_rule(r"\d{1,40}(?:-\d{1,40}){1,40}(?!\d)(?!\s?(?:" + UNIT + r")(?![A-Za-z]))"), _hyphenated),
    Rule(_rule(r"\d(?: \d){2,40}(?![\d\w])"), lambda m, _: english_digits(m[0].replace(" ", ""))),
    Rule(_rule(r"[*xX•]{2,40}-?(?=\d)"), lambda _m, _: ""),
    Rule(
        _rule(rf"([$€£¥₩￦])({_NUMBER}){_DASH}[$€£¥₩￦]?({_NUMBER})"),
        lambda m, _: f"{number(m[2])} to {number(m[3])} {MONEY[m[1]][1]}",
    ),
    Rule(
        _rule(
            rf"(?:US)?(?P<sign>[$€£¥₩￦])\s?(?P<amount>{_NUMBER})"
            r"(?:\s?(?P<power>thousand|million|billion|[kKmMB](?![A-Za-z])))?"
        ),
        _money,
    ),
    Rule(_rule(rf"({_NUMBER})(?:st|nd|rd|th)\b"), _ordinal),
    Rule(_rule(r"((?:1[89]|20)\d0)'?s\b"), decade),
    Rule(_rule(r"([2-9]0)s\b"), lambda m, _: f"{english(int(m[1]))[:-1]}ies"),
    Rule(
        _rule(rf"({_NUMBER})\s?(?:{UNIT})?{_DASH}({_NUMBER})\s?({UNIT}){UNIT_END}"),
        lambda m, _: f"{number(m[1])} to {number(m[2])} {UNITS[m[3]][1]}",
    ),
    Rule(_rule(rf"({_NUMBER}){_DASH}({_NUMBER})"), lambda m, _: f"{number(m[1])} to {number(m[2])}"),
    Rule(_rule(rf"(KRW|USD|EUR)\s?({_NUMBER})"), lambda m, _: _plural(m[2], UNITS[m[1]])),
    Rule(
        _rule(rf"({_NUMBER})\s?[x×]\s?(?={_NUMBER})"),
        lambda m, _: f"{number(m[1])} {'times' if '×' in m[0] else 'by'} ",
    ),
    Rule(_rule(r"(\d{1,3}):(\d{1,3})(?![\d:])"), lambda m, _: f"{number(m[1])} to {number(m[2])}"),
    Rule(_rule(rf"({_NUMBER})\s?({UNIT}){UNIT_END}"), lambda m, said: _measured(m, said)),
    Rule(_rule(r"\d+(?:\.\d+){2,40}"), lambda m, _: " point ".join(number(part) for part in m[0].split("."))),
    Rule(
        _rule(r"#(\d+(?:-\d+)*)"),
        lambda m, _: f"number {english(int(m[1])) if len(m[1]) < 4 and m[1].isdigit() else _code(m[1])}",
    ),
    Rule(_rule(r"[Nn]o\.\s?(?=\d)"), lambda _m, _: "number "),
    Rule(
        _rule(rf"({DAY_NAMES})\.?{_DASH}({DAY_NAMES})\b(?:\.(?=,))?"),
        lambda m, _: f"{ABBREVIATIONS[m[1] + '.']} to {ABBREVIATIONS[m[2] + '.']}",
    ),
    Rule(_rule("|".join(re.escape(word) for word in ABBREVIATIONS)), lambda m, said: _abbreviation(m, said)),
    Rule(_rule(r"(\d+)-(?=[a-z]{2,})"), lambda m, _: number(m[1]) + " "),
    Rule(_rule(r"(\d+)x\b"), lambda m, _: f"{number(m[1])} times"),
    Rule(
        _rule(
            r"(?=[A-Za-z0-9]{0,40}-?[A-Za-z0-9]{0,40}?\d)(?=\d{0,40}[A-Z]|[a-z]{1,40}\d|\d{1,40}[a-z])"
            r"[A-Za-z0-9]{1,60}(?:-(?=[A-Za-z]{0,20}\d)[A-Za-z0-9]{1,40}){0,8}"
        ),
        _letters_and_digits,
    ),
    Rule(_rule(rf"[-–] (?=\d|{MONTH_NAMES}|{DAY_NAMES})"), lambda _m, said: "to " if said.endswith(" ") else None),
    Rule(_rule(r"-(?= )"), lambda _m, said: "," if said.endswith(" ") else None),
    Rule(_rule(r"-(?=[A-Z]\b)"), lambda _m, _: " "),
    Rule(_rule(r"[-−](?=[$€£₩]?\d)"), lambda _m, said: None if re.search(r"[\w)]$", said) else "minus "),
    Rule(_rule(_NUMBER), _bare),
    Rule(_rule(r"x(?= [$€£₩]?\d)"), lambda _m, said: "times" if said.endswith(" ") else None),
    Rule(_rule(r"and/or\b"), lambda _m, _: "and or"),
    Rule(_rule(rf"({DAY_NAMES})(?=,? (?:{MONTH_NAMES}|\d))"), lambda m, _: ABBREVIATIONS[m[0] + "."]),
    Rule(_rule(r"<(?=[/A-Za-z])"), lambda _m, _: ""),
    Rule(_rule(r">"), lambda _m, said: "" if said[-1:].isalpha() else None),
    Rule(_rule(r"Q&A|R&D"), lambda m, _: f"{m[0][0]} and {m[0][2]}"),
    Rule(_rule(r"A/S\b"), lambda _m, _: "A S"),
    Rule(_rule(r"(?:[A-Z]\.){2,20}"), lambda m, _: " ".join(m[0].replace(".", ""))),
    Rule(_rule(r"([A-Z]{2,20})('?s)\b"), lambda m, _: " ".join(m[1]) + m[2]),
    Rule(_rule(r"[A-Z]{2,}(?![A-Za-z])"), _capitals),
    Rule(_rule(r"[A-Za-z]+(?:'[A-Za-z]+)?"), lambda m, _: m[0]),
    Rule(_rule("[" + "".join(VULGAR) + "]"), lambda m, _: VULGAR[m[0]]),
    Rule(_rule(r"/"), lambda _m, said: " or " if said[-1:].isalpha() else " "),
    Rule(_rule("[" + re.escape("".join(SYMBOLS)) + "]"), lambda m, _: f" {SYMBOLS[m[0]]} "),
    Rule(_rule(r"[~∼]"), lambda _m, _: " "),
)
_PLACES = re.compile(r"[0-9A-Za-z½¼¾⅓⅔]+|[^\s\w.,?!:;'\"()\[\]…·]|\((?=\d{3}\))")


def _measured(match: re.Match[str], said: str) -> str | None:
    if match[2] == "in" and match[0][-3] == " " and not said.endswith(("feet ", "foot ")):
        return None
    return _plural(match[1], UNITS[match[2]])


def _abbreviation(match: re.Match[str], said: str) -> str | None:
    if said and said[-1].isalpha():
        return None
    ends = match[0].endswith(".") and re.match(r"\s*$|\s+[A-Z]", behind(match))
    keeps_stop = ends and match[0] in ("etc.", "St.", "Ave.", "Rd.", "Inc.", "Ltd.", "Co.", "Corp.")
    return ABBREVIATIONS[match[0]] + ("." if keeps_stop else "")
