"""Written Korean as it is said: numbers in the system that their counter calls for, dates, times, codes, letters."""

from __future__ import annotations

import re

from voicebot.nlu.numerals import sino, spell_digits
from voicebot.tts.korean_dates import (
    DAY_TAIL,
    calendar_date,
    clock,
    days_of_a_month,
    slashed,
    year_in_two_digits,
)
from voicebot.tts.korean_latin import WORDS
from voicebot.tts.korean_letters import SYMBOLS, address, latin, letters, letters_and_digits
from voicebot.tts.korean_particles import PARTICLE, agreeing, settled
from voicebot.tts.korean_quantities import (
    CODE_WORDS,
    MIXED,
    NUMBER,
    TILDE,
    below_zero,
    counted_as_said,
    mixed,
    money,
    number,
    powers_as_said,
    range_as_said,
)
from voicebot.tts.korean_units import COUNTERS, UNIT, UNITS
from voicebot.tts.rewriting import Rule, behind, group_code, one_stop, rewrite, tidied

_ENGLISH = ("제로", "원", "투", "쓰리", "포", "파이브", "식스", "세븐", "에이트", "나인")
_HOTLINES = frozenset({"112", "114", "119"})
"""Emergency and enquiry numbers, which are never said as numbers."""
_ASIDE = re.compile(
    rf"\s*[(\[]\s?([^()\[\]]*)[)\]]\s?(?:(?P<particle>{PARTICLE.pattern})|(?P<ending>(?<!\s)(?=[가-힣])))?"
)


def spoken(text: str) -> str:
    """`text` in Hangul words as a Korean reads it aloud; particles behind rewritten words agree with what is said.

    Nothing but Hangul and punctuation is left: Latin words are spelt or transliterated, other scripts are passed over
    (Chinese characters stand beside the word that they explain, as a rule).
    """
    text = rewrite(settled(tidied(text)), _RULES, _PLACES, _join)
    text = re.sub(r"[\"'“”‘’`<>«»《》〈〉「」『』|^\\{}]", "", text)
    text = _ASIDE.sub(_aside, text)
    text = re.sub(r" ?[()\[\];·・•→─—–] ?", ", ", text)
    text = re.sub(r"…+|\.{2,}", ".", text)
    text = re.sub(r"[^가-힣\s.,?!:。？！]+", " ", text)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?,(?: ?,)+", ",", text)
    text = re.sub(r" ([,.?!])", r"\1", text)
    text = re.sub(r",([.?!])", r"\1", text)
    text = re.sub(r",(?=[가-힣])", ", ", text)
    return one_stop(text).strip().removeprefix(",").removesuffix(",").strip()


def _join(said: str, words: str, rest: str) -> tuple[str, int]:
    if said and not said[-1].isspace() and (said[-1].isdigit() or said[-1] in ")]%"):
        said += " "
    said += words
    if found := PARTICLE.match(rest):
        return said + agreeing(said[-12:], found[0]), found.end()
    if rest and re.match(r"[0-9A-Za-z]", rest):
        said += " "
    return said, 0


def _aside(match: re.Match[str]) -> str:
    """`할인(4,580원)이`: what stands in brackets between pauses; what belongs to its end stays with it."""
    inside = match[1].strip()
    if match["particle"]:
        return f", {inside}{agreeing(inside, match['particle'])}"
    return f", {inside}" if match["ending"] is not None else f", {inside}, "


# Codes.


def _code(text: str) -> str:
    """Digits in groups, a pause between the groups."""
    return ", ".join(spell_digits(group, zero="공") for group in re.findall(r"\d+", text))


def _international(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    return f"플러스 {_code(match[1])}, {_code(match[2])}"


def _hyphenated(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    groups = match[0].split("-")
    counter = re.match(rf"\s?(?:{UNIT}|{COUNTERS})", behind(match))
    is_code = len(groups) > 2 or groups[0].startswith("0") or all(len(group) >= 3 for group in groups)
    is_code = is_code or max(map(len, groups)) >= 4
    if counter and counter[0].strip() not in ("번", "호") and len(groups) == 2 and not groups[0].startswith("0"):
        return None
    return _code(match[0]) if is_code else None


# The rest.


def _time_and_minutes(match: re.Match[str], said: str) -> str:
    return f"{counted_as_said(match[1], '시', said, '')} {sino(int(match[2]))} 분"


def _counted(match: re.Match[str], said: str) -> str | None:
    if match[2] == "과" and behind(match, 1) == " ":
        return None
    return counted_as_said(match[1], match[2] or match[3], said, behind(match))


def _bare(match: re.Match[str], said: str) -> str:
    written = match[0]
    if "." in written or "," in written:
        return number(written)
    if written in _HOTLINES or CODE_WORDS.search(said) or (written.startswith("0") and len(written) > 1):
        return _code(group_code(written) if len(written) > 6 else written)
    return _code(group_code(written)) if len(written) > 6 else sino(int(written))


def _day_of_history(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    """`3.1절`, `6·25 전쟁`: the digits of month and day."""
    return spell_digits(re.sub(r"\D", "", match[0]))


def _measured(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    value, unit = number(match[1]), match[2]
    if unit == "km/h":
        return f"시속 {value} 킬로미터"
    return f"화씨 {value} 도" if UNITS[unit] == "화씨" else f"{value} {UNITS[unit]}"


def _compared(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    first, second = number(match[1]), number(match[3])
    relation = {"<": "작다", ">": "크다", "≤": "작거나 같다", "≥": "크거나 같다"}[match[2]]
    return f"{first}{agreeing(first, '은')} {second}보다 {relation}"


def _symbol(sign: str, said: str) -> str:
    space = " " if said and not said[-1].isspace() else ""
    return f"{space}{SYMBOLS[sign]}"


def _known(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    """Several words, or letters and signs, that are one word in the table."""
    return WORDS.get(match[0].lower())


def _with_plus(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    """`U+`, `VIP+`: a plus behind a name."""
    return latin(match[1]) + (" " if len(match[1]) > 1 else "") + "플러스" * len(match[2])


def _plain(name: str) -> re.Pattern[str]:
    return re.compile(name)


_WEB = r"com|net|org|kr|io|ai|dev|app|shop|store|gov|edu|info|biz|tv|jp|uk"
_HALF = r"[AaPp]\.?[Mm]\b\.?"

_RULES = (
    Rule(_plain(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"), lambda m, _: address(m[0])),
    Rule(
        _plain(
            r"(?:https?://|www\.)[A-Za-z0-9./_?=&:%#~-]{0,500}[A-Za-z0-9]"
            rf"|[A-Za-z0-9-]{{1,63}}(?:\.[A-Za-z0-9-]{{1,63}}){{0,8}}\.(?:{_WEB})(?![A-Za-z0-9])"
            r"(?:/[A-Za-z0-9./_?=&%#-]{0,500}[A-Za-z0-9]|/)?"
        ),
        lambda m, _: address(m[0]),
    ),
    Rule(
        _plain(r"(?P<year>(?:19|20)\d\d)\s?[-./]\s?(?P<month>\d{1,2})\s?[-./]\s?(?P<day>\d{1,2})(?!\d)" + DAY_TAIL),
        calendar_date,
    ),
    Rule(_plain(r"(?P<short>\d\d)\.\s?(?P<month>[01]\d)\.\s?(?P<day>[0-3]\d)(?!\.?\d)" + DAY_TAIL), year_in_two_digits),
    Rule(_plain(r"(\d{1,2})월\s?(\d{1,2})일?\s?[~∼〜～–-]\s?(\d{1,2})일(?!간)"), days_of_a_month),
    Rule(
        _plain(r"(?P<month>\d{1,2})월\s?(?P<day>\d{1,2})일(?!간)(?:\s?\((?P<weekday>[월화수목금토일])(?:요일)?\))?"),
        calendar_date,
    ),
    Rule(_plain(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])" + DAY_TAIL), slashed),
    Rule(
        _plain(r"(?P<month>\d{1,2})\.(?P<day>\d{1,2})\.?\s?\((?P<weekday>[월화수목금토일])(?:요일)?\)"), calendar_date
    ),
    Rule(_plain(r"[3-8][.·](?:1|3|10|13|15|18|19|25|29)(?=\s?(?:절|운동|전쟁|혁명|민주|항쟁|광복))"), _day_of_history),
    Rule(_plain(r"(\d{1,2})일\s?\(([월화수목금토일])(?:요일)?\)"), lambda m, _: f"{sino(int(m[1]))}일 {m[2]}요일"),
    Rule(_plain(r"(\d{2,4})년대"), lambda m, _: f"{sino(int(m[1]))}년대"),
    Rule(
        _plain(
            rf"T?(?:(?P<before>{_HALF})\s?)?(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}})(?::(?P<second>\d{{2}})(?:\.\d+)?)?"
            rf"(?![\d:])(?:Z|\+\d\d:\d\d|\s?(?P<behind>{_HALF}))?"
        ),
        clock,
    ),
    Rule(_plain(rf"(?:(?P<before>{_HALF})\s?)(?P<hour>\d{{1,2}})시?(?P<minute>)(?P<second>)(?P<behind>)(?!\d)"), clock),
    Rule(_plain(rf"(?P<before>)(?P<hour>\d{{1,2}})(?P<minute>)(?P<second>)\s?(?P<behind>{_HALF})"), clock),
    Rule(_plain(r"(\d{1,2})시\s?(\d{1,2})분"), _time_and_minutes),
    Rule(_plain(r"\+(\d{1,3})[- ](\d{1,4}(?:[- ]\d{3,4}){1,3})"), _international),
    Rule(_plain(r"(\d)\+(\d)(?!\d)"), lambda m, _: f"{_ENGLISH[int(m[1])]} 플러스 {_ENGLISH[int(m[2])]}"),
    Rule(_plain(r"\d{1,40}(?:-\d{1,40}){1,40}(?![\d.,]*\d)"), _hyphenated),
    Rule(_plain(r"(?:0\d{1,2})[ .)]\s?\d{3,4}[ .-]\d{4}(?!\d)"), lambda m, _: _code(m[0])),
    Rule(_plain(r"\d(?: \d){2,40}(?![\d가-힣])"), lambda m, _: " ".join(spell_digits(d, "공") for d in m[0].split())),
    Rule(_plain(r"\d{2,4}-[*xX•●]{2,6}-\d{2,6}"), lambda m, _: _code(m[0])),
    Rule(_plain(r"[*xX•●]{2,40}-?(?=\d)"), lambda _m, _: ""),
    Rule(_plain(rf"(?:US)?([$€£¥₩￦])\s?({NUMBER})(?![십백천만억조])"), money),
    Rule(_plain(rf"(KRW|USD|EUR|JPY)\s?({NUMBER})"), money),
    Rule(_plain(rf"({NUMBER})\s?([₩$€¥])"), lambda m, _: f"{number(m[1])} {SYMBOLS[m[2]]}"),
    Rule(_plain(rf"[-−–]({NUMBER})\s?(?:℃|°C|도)"), below_zero),
    Rule(
        _plain(rf"({NUMBER})\s?({UNIT})?{TILDE}({NUMBER})\s?({UNIT})(?![A-Za-z])"),
        lambda m, _: f"{number(m[1])}{' ' + UNITS[m[2]] if m[2] else ''}에서 {number(m[3])} {UNITS[m[4]]}",
    ),
    Rule(_plain(rf"({NUMBER})({COUNTERS})?{TILDE}({NUMBER})\s?({COUNTERS})"), range_as_said),
    Rule(_plain(r"([1-8])\s?[~∼〜～]\s?([2-9])\s?([십백천만억조]+)"), powers_as_said),
    Rule(_plain(rf"({NUMBER})\s?[~∼〜～]\s?(?=\d[\d,]*\s?[십백천만억조])"), lambda m, _: f"{number(m[1])}에서 "),
    Rule(_plain(rf"({NUMBER})\s?[~∼〜～]\s?({NUMBER})"), lambda m, _: f"{number(m[1])}에서 {number(m[2])}"),
    Rule(_plain(rf"({NUMBER})\s?([<>≤≥])\s?({NUMBER})"), _compared),
    Rule(_plain(rf"({NUMBER})\s?대\s?({NUMBER})"), lambda m, _: f"{number(m[1])} 대 {number(m[2])}"),
    Rule(_plain(rf"({NUMBER})\s?분의\s?(?=\d)"), lambda m, _: f"{number(m[1])}분의 "),
    Rule(_plain(r"(\d{1,3})번가(?![가-힣])"), lambda m, _: f"{sino(int(m[1]))}번가"),
    Rule(
        _plain(r"(\d{1,2})가(?=역|동|길|\s|[.,]|$)"),
        lambda m, said: f"{sino(int(m[1]))}가" if re.search(r"[가-힣][로동]\s?$", said) else None,
    ),
    Rule(MIXED, mixed),
    Rule(_plain(rf"({NUMBER})\s?({UNIT})(?![A-Za-z])"), _measured),
    Rule(
        _plain(rf"({NUMBER})(?:({COUNTERS})|\s({COUNTERS})(?![가-힣]))"),
        _counted,
    ),
    Rule(_plain(r"\d+(?:\.\d+){2,40}"), lambda m, _: " 점 ".join(number(part) for part in m[0].split("."))),
    Rule(_plain(r"([2-8])([DGK])(?![A-Za-z])"), lambda m, _: _ENGLISH[int(m[1])] + letters(m[2])),
    Rule(_plain(r"[Tt]hank you(?![A-Za-z])"), lambda _m, _: "땡큐"),
    Rule(_plain(r"[A-Za-z0-9]{1,20}(?:[-/&][A-Za-z0-9]{1,20}){1,3}(?![A-Za-z0-9])"), _known),
    Rule(
        _plain(r"(?=[A-Za-z0-9-]{0,60}?\d)(?=[0-9-]{0,60}[A-Za-z])[A-Za-z0-9]{1,60}(?:-[A-Za-z0-9]{1,60}){0,8}"),
        lambda m, _: letters_and_digits(m[0]),
    ),
    Rule(_plain(r"[-−](?=\d)"), lambda _m, said: None if re.search(r"[\w)]$", said) else "마이너스 "),
    Rule(_plain(r"\+(?=\d)"), lambda _m, said: None if re.search(r"[\w)]$", said) else "플러스 "),
    Rule(_plain(r"#\s?(\d+)"), lambda m, _: _code(m[1])),
    Rule(_plain(r"(\d{1,3}):(\d{1,3})(?![\d:])"), lambda m, _: f"{sino(int(m[1]))} 대 {sino(int(m[2]))}"),
    Rule(_plain(rf"({NUMBER})\+(?!\s?\d)"), lambda m, _: f"{number(m[1])} 플러스"),
    Rule(_plain(NUMBER), _bare),
    Rule(_plain(r"x(?= ?\d)"), lambda _m, said: "곱하기" if said.endswith(" ") else None),
    Rule(_plain(r"No\.\s?(?=\d)"), lambda _m, _: "넘버 "),
    Rule(_plain(r"([A-Za-z]{1,40})(\+{1,2})(?![\w+])"), _with_plus),
    Rule(_plain(r"[A-Za-z]{1,40}"), lambda m, _: latin(m[0])),
    Rule(_plain(r"-(?=[A-Za-z가-힣])"), lambda _m, said: " " if said and not said[-1].isspace() else ""),
    Rule(_plain(r"\s*[~∼〜～]\s*(?=[가-힣\d])"), lambda _m, said: "에서 " if said and said[-1] not in ".,!?" else ""),
    Rule(_plain(r"[~∼〜～]+"), lambda _m, _: ""),
    Rule(_plain(r"\s*=\s*"), lambda _m, said: f"{agreeing(said[-12:], '은')} " if said else " "),
    Rule(_plain(r"/"), lambda _m, _: ", "),
    Rule(_plain(r"_+"), lambda _m, _: " "),
    Rule(_plain("[" + re.escape("".join(SYMBOLS)) + "]"), lambda m, said: _symbol(m[0], said)),
)
_PLACES = re.compile(r"[0-9A-Za-z]+|\s+(?=[~∼〜～=])|[^\s\w.,?!:;'\"()\[\]…·]|_|[αβγπΩμ½⅓⅔¼¾]")
