"""Written Korean as it is said: numbers in the system that their counter calls for, dates, times, codes, letters."""

from __future__ import annotations

import re
import unicodedata

from voicebot.nlu.hangul import particle
from voicebot.nlu.numerals import (
    sino,
    spell_digits,
)
from voicebot.tts.korean_dates import DAY_TAIL, calendar_date, clock, slashed
from voicebot.tts.korean_letters import SYMBOLS, address, latin, letters
from voicebot.tts.korean_quantities import (
    COUNTERS,
    MIXED,
    NUMBER,
    TILDE,
    UNIT,
    UNITS,
    below_zero,
    counted_as_said,
    mixed,
    money,
    number,
    range_as_said,
)
from voicebot.tts.rewriting import EMOJI, FULL_WIDTH, Rule, group_code, rewrite

_ENGLISH = ("제로", "원", "투", "쓰리", "포", "파이브", "식스", "세븐", "에이트", "나인")
_HOTLINES = frozenset({"112", "114", "119"})
"""Emergency and enquiry numbers, which are never said as numbers."""
_CODE_WORDS = re.compile(
    r"(번호|코드|내선|계좌|비밀번호|암호|우편번호|대표전화|전화|연락처|뒷자리|앞자리|끝자리|네 자리|자리)"
    r"(가|는|은|이|를|을|로|인)?\s*[:：,]?\s*$"
)


def spoken(text: str) -> str:
    """`text` in Hangul words as a Korean reads it aloud; particles behind rewritten words agree with what is said."""
    text = EMOJI.sub(" ", unicodedata.normalize("NFC", text).translate(FULL_WIDTH))
    text = rewrite(text, _RULES, _PLACES, _join)
    text = re.sub(r"[\"'“”‘’`<>«»《》〈〉「」『』|^\\{}]", "", text)
    text = _ASIDE.sub(_aside, text)
    text = re.sub(r"\s*[()\[\];·・•→─—]\s*", ", ", text)
    text = re.sub(r"[ㄱ-ㅎㅏ-ㅣ]+", "", text)
    text = re.sub(r"…+|\.{2,}", ".", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*,(?:\s*,)+", ",", text)
    text = re.sub(r",\s*([.?!])", r"\1", text)
    text = re.sub(r"\s+([,.?!])", r"\1", text)
    return text.strip().removeprefix(",").removesuffix(",").strip()


def _join(said: str, words: str, rest: str) -> tuple[str, int]:
    if said and not said[-1].isspace() and (said[-1].isdigit() or said[-1] in ")]%"):
        said += " "
    said += words
    if behind := _PARTICLE.match(rest):
        return said + particle(said, behind[0]), behind.end()
    if rest and re.match(r"[0-9A-Za-z]", rest):
        said += " "
    return said, 0


_PARTICLE = re.compile(
    r"(?:을|를|이|가|은|는|과|와|으로|로|이에요|예요|이라고|라고|이라서|라서|이랑|랑|이란|란)(?![가-힣])"
)

_ASIDE = re.compile(rf"\s*[(\[]\s*([^()\[\]]*?)\s*[)\]]\s?({_PARTICLE.pattern})?")


def _aside(match: re.Match[str]) -> str:
    """`할인(4,580원)이`: what stands in brackets between pauses; a particle behind them agrees with its end."""
    inside, behind = match[1], match[2]
    return f", {inside}{particle(inside, behind)}" if behind else f", {inside}, "


# Numbers and what they count.


# Codes.


def _code(text: str) -> str:
    """Digits in groups, a pause between the groups."""
    return ", ".join(spell_digits(group, zero="공") for group in re.findall(r"\d+", text))


def _international(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    return f"플러스 {_code(match[1])}, {_code(match[2])}"


def _hyphenated(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    groups = match[0].split("-")
    behind = re.match(rf"\s?(?:{UNIT}|{COUNTERS})", match.string[match.end() :])
    is_code = len(groups) > 2 or groups[0].startswith("0") or all(len(group) >= 3 for group in groups)
    is_code = is_code or max(map(len, groups)) >= 4
    if behind and behind[0].strip() not in ("번", "호") and len(groups) == 2 and not groups[0].startswith("0"):
        return None
    return _code(match[0]) if is_code else None


def _letters_and_digits(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    parts = []
    for part in re.findall(r"[A-Za-z]+|\d+|-", match[0]):
        if part.isalpha():
            parts.append(latin(part) if len(part) > 3 else letters(part))
        elif part == "-":
            parts.append(",")
        elif len(part) <= 2 and not part.startswith("0"):
            parts.append(sino(int(part)))
        else:
            parts.append(spell_digits(part, zero="공"))
    return " ".join(parts).replace(" ,", ",")


# Dates and times.


def _time_and_minutes(match: re.Match[str], said: str) -> str:
    return f"{counted_as_said(match[1], '시', said, '')} {sino(int(match[2]))} 분"


# The rest.


def _bare(match: re.Match[str], said: str) -> str:
    written = match[0]
    if "." in written or "," in written:
        return number(written)
    if written in _HOTLINES or _CODE_WORDS.search(said) or (written.startswith("0") and len(written) > 1):
        return _code(group_code(written) if len(written) > 6 else written)
    return _code(group_code(written)) if len(written) > 6 else sino(int(written))


def _plain(name: str) -> re.Pattern[str]:
    return re.compile(name)


_RULES = (
    Rule(_plain(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), lambda m, _: address(m[0])),
    Rule(
        _plain(
            r"(?:https?://|www\.)[A-Za-z0-9./_?=&:%-]*[A-Za-z0-9]|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.(?:com|net|org|kr)\b[A-Za-z0-9/_-]*"
        ),
        lambda m, _: address(m[0]),
    ),
    Rule(
        _plain(r"(?P<year>(?:19|20)\d\d)\s?[-./]\s?(?P<month>\d{1,2})\s?[-./]\s?(?P<day>\d{1,2})(?!\d)" + DAY_TAIL),
        calendar_date,
    ),
    Rule(
        _plain(r"(?P<month>\d{1,2})월\s?(?P<day>\d{1,2})일(?!간)(?:\s?\((?P<weekday>[월화수목금토일])(?:요일)?\))?"),
        calendar_date,
    ),
    Rule(_plain(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])" + DAY_TAIL), slashed),
    Rule(_plain(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])"), clock),
    Rule(_plain(r"(\d{1,2})시\s?(\d{1,2})분"), _time_and_minutes),
    Rule(_plain(r"\+(\d{1,3})[- ](\d{1,4}(?:[- ]\d{3,4}){1,3})"), _international),
    Rule(_plain(r"(\d)\+(\d)(?!\d)"), lambda m, _: f"{_ENGLISH[int(m[1])]} 플러스 {_ENGLISH[int(m[2])]}"),
    Rule(_plain(r"\d+(?:-\d+)+(?![\d.,]*\d)"), _hyphenated),
    Rule(_plain(r"(?:0\d{1,2})[ .)]\s?\d{3,4}[ .-]\d{4}(?!\d)"), lambda m, _: _code(m[0])),
    Rule(_plain(r"\d(?: \d){2,}(?![\d가-힣])"), lambda m, _: " ".join(spell_digits(d, "공") for d in m[0].split())),
    Rule(_plain(r"[*xX•●]{2,}-?(?=\d)"), lambda _m, _: ""),
    Rule(_plain(rf"([$€£¥₩￦])\s?({NUMBER})"), money),
    Rule(_plain(rf"[-−–]({NUMBER})\s?(?:℃|°C|도)"), below_zero),
    Rule(
        _plain(rf"({NUMBER})\s?({UNIT})?{TILDE}({NUMBER})\s?({UNIT})(?![A-Za-z])"),
        lambda m, _: f"{number(m[1])}에서 {number(m[3])} {UNITS[m[4]]}",
    ),
    Rule(
        _plain(rf"({NUMBER})(?:{COUNTERS})?{TILDE}({NUMBER})\s?({COUNTERS})"),
        lambda m, said: range_as_said(m[1], m[2], m[3], said, m.string[m.end() :]),
    ),
    Rule(_plain(rf"({NUMBER})\s?[~∼〜～]\s?({NUMBER})"), lambda m, _: f"{number(m[1])}에서 {number(m[2])}"),
    Rule(_plain(r"(\d{1,3})번가(?![가-힣])"), lambda m, _: f"{sino(int(m[1]))}번가"),
    Rule(MIXED, mixed),
    Rule(
        _plain(rf"({NUMBER})\s?({UNIT})(?![A-Za-z])"),
        lambda m, _: ("시속 " if m[2] == "km/h" else "") + f"{number(m[1])} {UNITS[m[2]]}",
    ),
    Rule(
        _plain(rf"({NUMBER})(?:({COUNTERS})|\s({COUNTERS})(?![가-힣]))"),
        lambda m, said: counted_as_said(m[1], m[2] or m[3], said, m.string[m.end() :]),
    ),
    Rule(_plain(r"\d+(?:\.\d+){2,}"), lambda m, _: " 점 ".join(sino(int(part)) for part in m[0].split("."))),
    Rule(_plain(r"([2-8])([DGK])(?![A-Za-z])"), lambda m, _: _ENGLISH[int(m[1])] + letters(m[2])),
    Rule(
        _plain(r"(?=[A-Za-z0-9-]*\d)(?=[0-9-]*[A-Za-z])[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*"),
        _letters_and_digits,
    ),
    Rule(_plain(r"[-−](?=\d)"), lambda _m, said: None if re.search(r"[\w)]$", said) else "마이너스 "),
    Rule(_plain(r"\+(?=\d)"), lambda _m, said: None if re.search(r"[\w)]$", said) else "플러스 "),
    Rule(_plain(r"#\s?(\d+)"), lambda m, _: _code(m[1])),
    Rule(_plain(r"(\d{1,3}):(\d{1,3})(?![\d:])"), lambda m, _: f"{sino(int(m[1]))} 대 {sino(int(m[2]))}"),
    Rule(_plain(NUMBER), _bare),
    Rule(
        _plain(
            r"A/S|Q&A|R&D|Wi-Fi|[Ee]-mail",
        ),
        lambda m, _: latin(m[0]),
    ),
    Rule(_plain(r"[A-Za-z]+"), lambda m, _: latin(m[0])),
    Rule(_plain(r"-(?=[A-Za-z가-힣])"), lambda _m, said: " " if said and not said[-1].isspace() else ""),
    Rule(_plain(r"\s*[~∼〜～]\s*(?=[가-힣\d])"), lambda _m, said: "에서 " if said and said[-1] not in ".,!?" else ""),
    Rule(_plain(r"[~∼〜～]+"), lambda _m, _: ""),
    Rule(_plain(r"/"), lambda _m, _: ", "),
    Rule(_plain(r"_+"), lambda _m, _: " "),
    Rule(_plain("[" + re.escape("".join(SYMBOLS)) + "]"), lambda m, said: _symbol(m[0], said)),
)
_PLACES = re.compile(r"[0-9A-Za-z]+|\s+(?=[~∼〜～])|[^\s\w.,?!:;'\"()\[\]…·]|_")


def _symbol(sign: str, said: str) -> str:
    space = " " if said and not said[-1].isspace() else ""
    return f"{space}{SYMBOLS[sign]}"
