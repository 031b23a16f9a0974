"""Written Korean as it is said: numbers in the system that their counter calls for, dates, times, codes, letters."""

from __future__ import annotations

import re
import unicodedata

from voicebot.nlu.hangul import particle
from voicebot.nlu.numerals import (
    LARGEST,
    NATIVE_COUNTERS,
    SINO_COUNTERS,
    counted,
    month,
    native_prenominal,
    ordinal,
    sino,
    sino_decimal,
    spell_digits,
)
from voicebot.tts.korean_letters import SYMBOLS, address, latin, letters
from voicebot.tts.rewriting import EMOJI, FULL_WIDTH, Rule, group_code, rewrite

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_COUNTERS = "|".join(sorted(NATIVE_COUNTERS | SINO_COUNTERS, key=len, reverse=True))
_TILDE = r"\s?[~∼〜～–-]\s?"

_UNITS = {
    "%p": "퍼센트포인트",
    "%": "퍼센트",
    "％": "퍼센트",
    "km/h": "킬로미터",
    "kWh": "킬로와트시",
    "Mbps": "메가비피에스",
    "Gbps": "기가비피에스",
    "kcal": "킬로칼로리",
    "kg": "킬로그램",
    "mg": "밀리그램",
    "g": "그램",
    "t": "톤",
    "km": "킬로미터",
    "cm": "센티미터",
    "mm": "밀리미터",
    "m²": "제곱미터",
    "㎡": "제곱미터",
    "m": "미터",
    "mL": "밀리리터",
    "ml": "밀리리터",
    "L": "리터",
    "l": "리터",
    "TB": "테라바이트",
    "GB": "기가바이트",
    "MB": "메가바이트",
    "KB": "킬로바이트",
    "kW": "킬로와트",
    "W": "와트",
    "V": "볼트",
    "kHz": "킬로헤르츠",
    "MHz": "메가헤르츠",
    "GHz": "기가헤르츠",
    "Hz": "헤르츠",
    "dB": "데시벨",
    "℃": "도",
    "°C": "도",
    "°": "도",
    "USD": "달러",
    "KRW": "원",
    '"': "인치",
    "″": "인치",
}
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_MONEY = {"$": "달러", "€": "유로", "£": "파운드", "¥": "엔", "₩": "원", "￦": "원"}
_CENTS = {"$": "센트", "€": "센트", "£": "펜스"}
_HALVES = ("오전", "오후", "새벽", "아침", "저녁", "밤", "낮", "정오")
_ENGLISH = ("제로", "원", "투", "쓰리", "포", "파이브", "식스", "세븐", "에이트", "나인")
_HOTLINES = frozenset({"112", "114", "119"})
"""Emergency and enquiry numbers, which are never said as numbers."""
_CODE_WORDS = re.compile(
    r"(번호|코드|내선|계좌|비밀번호|암호|우편번호|대표전화|전화|연락처|뒷자리|앞자리|끝자리|네 자리|자리)"
    r"(가|는|은|이|를|을|로|인)?\s*[:：,]?\s*$"
)
_NATIVE_PAIRS = {
    1: "한두",
    2: "두세",
    3: "서너",
    4: "네다섯",
    5: "대여섯",
    6: "예닐곱",
    7: "일고여덟",
    8: "여덟아홉",
}
_SINO_PAIRS = {2: "이삼", 3: "삼사", 4: "사오", 5: "오륙", 6: "육칠", 7: "칠팔", 8: "팔구"}
_PAIRED_SINO = frozenset(("일", "주", "주일", "개월", "년", "분", "초", "회", "층", "인", "인분"))

_DAY_TAIL = r"(?:\.(?=\s|$|\())?(?:\s?\((?P<weekday>[월화수목금토일])(?:요일)?\))?"


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


def _value(written: str) -> int | None:
    """A whole number, None for one with a fraction or without a name."""
    digits = written.replace(",", "")
    return int(digits) if digits.isdigit() and int(digits) <= LARGEST else None


def _number(written: str) -> str:
    digits = written.replace(",", "")
    whole = digits.lstrip("-").partition(".")[0]
    return sino_decimal(digits) if int(whole) <= LARGEST else spell_digits(digits.replace(".", ""), "공")


def _counted(written: str, counter: str, said: str, rest: str) -> str:
    value = _value(written)
    if value is None:
        return f"{_number(written)} {counter}"
    if counter == "번째":
        return ordinal(value) if value else f"{sino(value)} 번째"
    if counter == "번" and not _counts_times(said, rest):
        return f"{sino(value)} 번"
    if counter == "시" and value > 12:
        return f"{_hour(value, said)}" if value <= 24 else f"{sino(value)} 시"
    if counter == "시" and value == 0:
        return "영 시"
    if counter == "시간" and value > 20:
        return f"{sino(value)} 시간"
    if counter == "분" and 1 <= value <= 99 and _counts_people(said, rest):
        return f"{native_prenominal(value)} 분"
    if counter == "월" and 1 <= value <= 12:
        return month(value)
    if counter == "일" and value <= 31:
        return sino(value) + "일"
    if counter == "년" and value >= 1000:
        return sino(value) + "년"
    if counter == "대" and value % 10 == 0 and _AGE_GROUP.match(rest):
        return f"{sino(value)} 대"
    return f"{counted(value, counter)} {counter}"


_AGE_GROUP = re.compile(r"\s?(?:고객|남|여|초반|중반|후반|이용|분|손님|회원)")


def _counts_times(said: str, rest: str) -> bool:
    """Whether 번 counts how often (세 번) rather than names a choice (삼 번)."""
    before = r"(총|하루|하루에|[주달년]에|최대|최소|이미|벌써|연속|다시|한꺼번에|앞으로|지금까지|딱|단)\s*$"
    behind = (
        r"(만(?![가-힣])|\s?더|씩|\s?이상|\s?이내|\s?이하|\s?정도|\s?연속|\s?모두|\s?다시|\s?반복|\s?시도|\s?틀리|"
        r"\s?실패|\s?말씀|\s?울리|\s?초과|이나(?![가-힣])|까지\s?(가능|시도|다시|틀|무료))"
    )
    return bool(re.search(before, said) or re.match(behind, rest))


def _counts_people(said: str, rest: str) -> bool:
    return bool(
        re.search(r"(고객|손님|회원|상담원|어르신|앞에)\s*$", said) or re.match(r"께|이서|의 고객|이 (기다|대기)", rest)
    )


def _range(low: str, high: str, counter: str, said: str, rest: str) -> str:
    first, second = _value(low), _value(high)
    native = counter in NATIVE_COUNTERS and counter not in SINO_COUNTERS and counter not in ("번", "번째")
    if counter == "대" and first and second and first % 10 == second % 10 == 0:
        native = False
    if first is not None and second == first + 1 and first <= 8:
        if counter == "일" and first == 1:
            return "하루 이틀"
        if native and counter != "시":
            return f"{_NATIVE_PAIRS[first] if first else '영에서 한'} {counter}"
        if counter in _PAIRED_SINO and first in _SINO_PAIRS:
            return f"{_SINO_PAIRS[first]} {counter}"
    if native:
        one = _counted(low, counter, said, "")
        return f"{one}에서 {_counted(high, counter, said + one, rest)}"
    if counter == "월" and first and second and first <= 12 and second <= 12:
        return f"{month(first)}에서 {month(second)}"
    return f"{_number(low)}에서 {_number(high)} {counter}".rstrip()


_MIXED = re.compile(r"(?:\d[\d,]*(?:\.\d+)?[십백천]?[십백천만억조]\s?)+(?:\d[\d,]*(?=\s?(?:원|명|개|건|달러)))?")


def _mixed(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    """`3만5천`, `1억 2,000만`: digits with the names of powers between them."""
    words = ""
    for number, names in re.findall(r"(\d[\d,]*(?:\.\d+)?)([십백천만억조]*)", match[0]):
        silent = _value(number) == 1 and names and (names[0] in "십백천" or (names == "만" and not words))
        words += (" " if words.endswith(("만", "억", "조")) else "") + ("" if silent else _number(number)) + names
    tail = match.string[match.end() :][:1]
    return words + (" " if match[0][-1].isspace() or (tail and tail in "원명개건달") else "")


# Codes.


def _code(text: str) -> str:
    """Digits in groups, a pause between the groups."""
    return ", ".join(spell_digits(group, zero="공") for group in re.findall(r"\d+", text))


def _international(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    return f"플러스 {_code(match[1])}, {_code(match[2])}"


def _hyphenated(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    groups = match[0].split("-")
    behind = re.match(rf"\s?(?:{_UNIT}|{_COUNTERS})", match.string[match.end() :])
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


def _date(match: re.Match[str], said: str) -> str | None:  # noqa: ARG001
    fields = match.groupdict()
    month_number, day = int(fields["month"]), int(fields["day"])
    if not (1 <= month_number <= 12 and 1 <= day <= 31):
        return None
    words = f"{month(month_number)} {sino(day)}일"
    if fields.get("year"):
        words = f"{sino(int(fields['year']))}년 {words}"
    if fields.get("weekday"):
        words += f" {fields['weekday']}요일"
    return words


_AS_FRACTION = re.compile(r"\s?(?:로|만|씩|가|이|을|를|은|는|의|정도|이상|이하|크기|할인|컵|가격|수준)(?![가-힣])")


def _slashed(match: re.Match[str], said: str) -> str | None:
    first, second = int(match["month"]), int(match["day"])
    rest = match.string[match.end() :]
    if not match["weekday"] and first < second <= 10 and _AS_FRACTION.match(rest):
        return f"{sino(second)}분의 {sino(first)}"
    return _date(match, said) or (f"{sino(second)}분의 {sino(first)}" if second else None)


def _hour(hour: int, said: str) -> str:
    if said.rstrip().endswith(_HALVES):
        return f"{native_prenominal((hour - 1) % 12 + 1)} 시"
    if hour in (0, 24):
        return "밤 열두 시"
    if hour == 12:
        return "낮 열두 시"
    return f"{'오전' if hour < 12 else '오후'} {native_prenominal((hour - 1) % 12 + 1)} 시"


def _clock(match: re.Match[str], said: str) -> str | None:
    hour, minute = int(match[1]), int(match[2])
    if hour > 24 or minute > 59:
        return None
    words = _hour(hour, said)
    if minute or match[3]:
        words += f" {sino(minute)} 분"
    if match[3]:
        words += f" {sino(int(match[3]))} 초"
    return words


def _time_and_minutes(match: re.Match[str], said: str) -> str:
    return f"{_counted(match[1], '시', said, '')} {sino(int(match[2]))} 분"


# The rest.


def _money(match: re.Match[str], said: str) -> str:  # noqa: ARG001
    sign, amount = match[1], match[2]
    whole, _, cents = amount.partition(".")
    if sign in _CENTS and len(cents) == 2:
        words = f"{_number(whole)} {_MONEY[sign]}"
        return f"{words} {sino(int(cents))} {_CENTS[sign]}" if int(cents) else words
    return f"{_number(amount)} {_MONEY[sign]}"


def _below_zero(match: re.Match[str], said: str) -> str:
    sign = "" if said.rstrip().endswith(("영하", "영상")) else "영하 "
    return f"{sign}{_number(match[1])} 도"


def _bare(match: re.Match[str], said: str) -> str:
    written = match[0]
    if "." in written or "," in written:
        return _number(written)
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
        _plain(r"(?P<year>(?:19|20)\d\d)\s?[-./]\s?(?P<month>\d{1,2})\s?[-./]\s?(?P<day>\d{1,2})(?!\d)" + _DAY_TAIL),
        _date,
    ),
    Rule(
        _plain(r"(?P<month>\d{1,2})월\s?(?P<day>\d{1,2})일(?!간)(?:\s?\((?P<weekday>[월화수목금토일])(?:요일)?\))?"),
        _date,
    ),
    Rule(_plain(r"(?P<month>\d{1,2})/(?P<day>\d{1,2})(?![\d/])" + _DAY_TAIL), _slashed),
    Rule(_plain(r"(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])"), _clock),
    Rule(_plain(r"(\d{1,2})시\s?(\d{1,2})분"), _time_and_minutes),
    Rule(_plain(r"\+(\d{1,3})[- ](\d{1,4}(?:[- ]\d{3,4}){1,3})"), _international),
    Rule(_plain(r"(\d)\+(\d)(?!\d)"), lambda m, _: f"{_ENGLISH[int(m[1])]} 플러스 {_ENGLISH[int(m[2])]}"),
    Rule(_plain(r"\d+(?:-\d+)+(?![\d.,]*\d)"), _hyphenated),
    Rule(_plain(r"(?:0\d{1,2})[ .)]\s?\d{3,4}[ .-]\d{4}(?!\d)"), lambda m, _: _code(m[0])),
    Rule(_plain(r"\d(?: \d){2,}(?![\d가-힣])"), lambda m, _: " ".join(spell_digits(d, "공") for d in m[0].split())),
    Rule(_plain(r"[*xX•●]{2,}-?(?=\d)"), lambda _m, _: ""),
    Rule(_plain(rf"([$€£¥₩￦])\s?({_NUMBER})"), _money),
    Rule(_plain(rf"[-−–]({_NUMBER})\s?(?:℃|°C|도)"), _below_zero),
    Rule(
        _plain(rf"({_NUMBER})\s?({_UNIT})?{_TILDE}({_NUMBER})\s?({_UNIT})(?![A-Za-z])"),
        lambda m, _: f"{_number(m[1])}에서 {_number(m[3])} {_UNITS[m[4]]}",
    ),
    Rule(
        _plain(rf"({_NUMBER})(?:{_COUNTERS})?{_TILDE}({_NUMBER})\s?({_COUNTERS})"),
        lambda m, said: _range(m[1], m[2], m[3], said, m.string[m.end() :]),
    ),
    Rule(_plain(rf"({_NUMBER})\s?[~∼〜～]\s?({_NUMBER})"), lambda m, _: f"{_number(m[1])}에서 {_number(m[2])}"),
    Rule(_plain(r"(\d{1,3})번가(?![가-힣])"), lambda m, _: f"{sino(int(m[1]))}번가"),
    Rule(_MIXED, _mixed),
    Rule(
        _plain(rf"({_NUMBER})\s?({_UNIT})(?![A-Za-z])"),
        lambda m, _: ("시속 " if m[2] == "km/h" else "") + f"{_number(m[1])} {_UNITS[m[2]]}",
    ),
    Rule(
        _plain(rf"({_NUMBER})(?:({_COUNTERS})|\s({_COUNTERS})(?![가-힣]))"),
        lambda m, said: _counted(m[1], m[2] or m[3], said, m.string[m.end() :]),
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
    Rule(_plain(_NUMBER), _bare),
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
