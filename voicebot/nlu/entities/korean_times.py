"""Korean times of day and durations: "오후 두 시 반", "정오", "두 시간 반", "일주일"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.nlu.entities.clock import afternoon_by_habit, clock, duration
from voicebot.nlu.entities.grammar import Candidate, Context, words
from voicebot.nlu.entities.korean_text import TAIL
from voicebot.nlu.entities.number_words import NATIVE, RANGE, RANGES, SINO, SINO_RANGE, SINO_RANGES, read_korean

_PART = r"(?P<part>오전|오후|아침|점심|저녁|한밤|밤|새벽|한낮|대낮|낮|am|pm|AM|PM)"
_HOUR_WORDS = r"열 ?한|열 ?두|열 ?하나|열 ?둘|열|한|두|세|네|다섯|여섯|일곱|여덟|여덜|여덞|여덢|아홉"
_HOUR_SINO = r"이십 ?[일이삼사]|이십|십 ?[일이삼사오육칠팔구]|십|영|공"
_MINUTE = r"(?P<minute>[1-5]?\d|0\d|[이삼사오]?십 ?[일이삼사오육칠팔구]?|[일이삼사오육칠팔구]) ?분"
_AFTER_HOUR = rf"(?: ?(?:{_MINUTE}|(?P<half>반)(?!품|납|갑|대|찬|드)|(?P<exact>정각))(?P<before> ?전)?)"
_TIME = re.compile(
    rf"(?:(?<!(?![일늘레제에날말피])[가-힣])(?<!\d){_PART} ?(?:에 ?)?)?(?P<hour>"
    rf"(?<![\d.:])(?:2[0-4]|1\d|0?\d)(?!\d)|{_HOUR_WORDS}"
    rf"|{_HOUR_SINO}) ?시"
    rf"(?:{_AFTER_HOUR}|(?!간|작|청|스템|도|험|장|설|켜|키|킬|즌|세|중|급|리즈|리|골|민|대|선|멘트|럽|트|계|행|점))"
)
_WRITTEN = re.compile(
    rf"(?:(?<![가-힣\d]){_PART} ?)?(?<![\d:.])(?P<hour>[01]?\d|2[0-4]):"
    rf"(?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:])(?: ?(?P<suffix>am|pm"
    rf"|AM|PM)\b)?"
)
_NAMED = re.compile(rf"(?<![가-힣])(?:(?:낮|밤) ?)?(?P<name>정오|자정)(?:{TAIL}|(?= ))")
_START = r"(?<![가-힣\d.,])"
_DAYS = {
    "하루": 1,
    "이틀": 2,
    "사흘": 3,
    "나흘": 4,
    "닷새": 5,
    "엿새": 6,
    "이레": 7,
    "여드레": 8,
    "아흐레": 9,
    "열흘": 10,
    "열하루": 11,
    "보름": 15,
}
_NUMBER = rf"(?:{NATIVE}(?<![둘셋넷])(?<!하나)|{SINO})"
_UNITS = "시간|개월|개 월|주일|주간|일간|분간|년간|초간|년|달|주(?!세|시)|일|분|초"
_PIECE = rf"(?:{_NUMBER} ?(?:{_UNITS})(?: ?반(?![가-힣]|품|납)|(?=반))?)"
_DURATION = re.compile(
    rf"{_START}(?:(?P<days>{'|'.join(sorted(_DAYS, key=len, reverse=True))})(?: ?(?P<day_half>반))?"
    rf"|(?P<half_year>반 ?년)|(?P<half_hour>반 ?시간)|(?P<half_month>반 ?달)"
    rf"|(?P<pieces>{_PIECE}(?: ?{_PIECE}){{0,4}}(?P<half> ?반)?))(?P<span>동안|간|째)?(?P<tail>{TAIL})"
)
_PIECE_TOKEN = re.compile(rf"(?P<number>{_NUMBER}) ?(?P<unit>{_UNITS})")
_STAY = re.compile(rf"{_START}(?P<nights>{_NUMBER}) ?박 ?(?P<days>{_NUMBER}) ?일{TAIL}")
_RANGE = re.compile(
    rf"{_START}(?:(?P<native>{RANGE})|(?P<sino>{SINO_RANGE})|"
    rf"(?P<least>\d{{1,3}}) ?(?:~|-|에서|내지) ?(?P<most>\d{{1,3}})) ?"
    rf"(?P<unit>{_UNITS}){TAIL}"
    rf"|{_START}(?P<days>하루 ?이틀|이삼 ?일|이틀 ?사흘|사나흘|서너 ?달|두어 ?달|두어 ?시간|두어 ?주)"
)
_LETTERS = {"시간": "H", "분": "M", "초": "S", "일": "D", "주": "W", "개": "m", "달": "m", "년": "Y"}
_DAY_RANGES = {"하루이틀": (1, 2), "이삼일": (2, 3), "이틀사흘": (2, 3), "사나흘": (3, 4)}
# "이 시간", "이 주", "이 분", "이 일": this one; "일 년" and "일 분" are lengths.
_THIS = frozenset(
    words(
        "이시간, 이주, 이분, 이일, 이해, 이년, 일일, 사일, 오일, 구일, 만일, 사분, 오분, 일분, 구분, 일주, 사주, 이초"
    )
)


def times(text: str, _: Context) -> Iterator[Candidate]:
    """Times of day as `14:30`; without 오전 or 오후, one to six o'clock are in the afternoon (`clock`)."""
    for match in _TIME.finditer(text):
        hour = read_korean(match["hour"])
        if not isinstance(hour, int):
            continue
        spoken = not match["hour"][0].isdigit()
        run_on = match.start() and "가" <= text[match.start() - 1] <= "힣" and not match["part"]
        if run_on and spoken and (match.start("hour") == match.start()) and not _may_follow(text, match.start()):
            continue
        if not match["minute"] and not match["half"] and not match["exact"] and not _ends(text, match.end()):
            continue
        minute = 30 if match["half"] else int(read_korean(match["minute"]) or 0) if match["minute"] else 0
        value = _clock(hour, minute, match["part"], written=match["hour"].startswith("0"))
        end = match.end()
        if value and match["before"]:
            if match["minute"] and minute < 60:
                value = _earlier(value, 2 * minute)
            else:
                end -= len(match["before"])
        if value:
            yield Candidate("time", value, match.start(), end, rank=2)
    for match in _WRITTEN.finditer(text):
        part = match["part"] or match["suffix"]
        value = _clock(int(match["hour"]), int(match["minute"]), part, written=match["hour"].startswith("0"))
        if value:
            yield Candidate("time", value, *match.span(), rank=2)
    for match in _NAMED.finditer(text):
        yield Candidate("time", "12:00" if match["name"] == "정오" else "00:00", *match.span(), rank=1)


_TIME_END = re.compile(
    rf"{TAIL}|(?= ?(?:넘|되|전에|전까|이후|이전|에|까|로|부|쯤|경|정도|반|예|하|[.,!?~]|$))|(?= )|(?=\d)"
)
_FOLLOWED = re.compile(r"(?:오늘|내일|모레|어제|요일|일|에|부터|까지|시|은|는|로|한|약|에서|전|후|날|말)$")


def _ends(text: str, end: int) -> bool:
    return bool(_TIME_END.match(text, end))


def _may_follow(text: str, start: int) -> bool:
    """Whether a time may be run on behind this word ("내일두시", "화요일세시")."""
    return bool(_FOLLOWED.search(text[max(0, start - 3) : start]))


def _clock(hour: int, minute: int, part: str | None, written: bool = False) -> str | None:
    if part is None:
        return clock(hour if written else afternoon_by_habit(hour), minute)
    if part in ("오전", "새벽", "아침", "am", "AM"):
        return clock(0 if hour == 12 and part in ("오전", "새벽", "am", "AM") else hour, minute)
    if part in ("밤", "한밤"):
        if hour == 12:
            return clock(0, minute)
        return clock(hour + 12 if 6 <= hour < 12 else hour, minute)
    if part in ("낮", "한낮", "대낮", "점심"):
        return clock(hour + 12 if hour < 6 else hour, minute)
    return clock(hour + 12 if hour < 12 else hour, minute)


def _earlier(value: str, minutes: int) -> str | None:
    hour, minute = map(int, value.split(":"))
    return clock(*divmod((hour * 60 + minute - minutes) % 1440, 60))


def durations(text: str, context: Context) -> Iterator[Candidate]:
    """Lengths of time in ISO 8601: "두 시간 반" is PT2H30M, "이삼 일" is ["P2D", "P3D"]."""
    asked = context.expects("duration")
    for match in _STAY.finditer(text):
        days = read_korean(match["days"])
        if isinstance(days, int):
            yield Candidate("duration", duration({"D": days}), *match.span(), rank=2)
    for match in _RANGE.finditer(text):
        yield from _duration_range(match)
    for match in _DURATION.finditer(text):
        end = match.end() - len(match["span"] or "")
        parts: dict[str, int | float] = {}
        if match["days"]:
            parts = {"D": _DAYS[match["days"]] + (0.5 if match["day_half"] else 0)}
        elif match["half_year"]:
            parts = {"m": 6}
        elif match["half_month"]:
            parts = {"D": 15}
        elif match["half_hour"]:
            parts = {"M": 30}
        else:
            squashed = match["pieces"].replace(" ", "")
            doubtful = squashed in _THIS and not (match["span"] or asked)
            after = text[match.end() : match.end() + 5].lstrip()
            if doubtful and not re.match(
                "약정|계약|할부|보증|거치|상환|동안|간|정도|쯤|뒤|후|전|만에|이내|안에|걸", after
            ):
                continue
            if re.fullmatch(rf"{NATIVE} ?분", match["pieces"]):
                continue
            if (year := re.fullmatch(r"(\d{4}|이천[^ ]*) ?년", match["pieces"])) and year:
                continue
            parts = _parts(match["pieces"])
            if (
                list(parts) == ["D"]
                and parts["D"] > 31
                and re.fullmatch(r"[가-힣]+", match["pieces"])
                and not match["span"]
            ):
                continue
            if match["half"] or " 반" in match["pieces"] or squashed.endswith("반"):
                parts = _and_a_half(parts)
        if value := duration(parts):
            lone_day = set(parts) == {"D"} and match["pieces"] is not None
            rank = 0 if lone_day else 1
            yield Candidate("duration", value, match.start(), end, rank=rank)


def _parts(pieces: str) -> dict[str, int | float]:
    parts: dict[str, int | float] = {}
    for token in _PIECE_TOKEN.finditer(pieces):
        unit = token["unit"]
        letter = _LETTERS.get(unit) or _LETTERS[unit[0]]
        value = read_korean(token["number"])
        if value is not None:
            parts[letter] = parts.get(letter, 0) + value
    return parts


def _and_a_half(parts: dict[str, int | float]) -> dict[str, int | float]:
    """Half of the smallest unit said, in the next smaller one."""
    last = list(parts)[-1] if parts else ""
    smaller = {"Y": ("m", 6), "m": ("D", 15), "H": ("M", 30), "M": ("S", 30)}.get(last)
    if smaller is None:
        return {**parts, last: parts[last] + 0.5} if last else parts
    return {**parts, smaller[0]: parts.get(smaller[0], 0) + smaller[1]}


def _duration_range(match: re.Match[str]) -> Iterator[Candidate]:
    if words := match["days"]:
        squashed = words.replace(" ", "")
        if squashed in _DAY_RANGES:
            least, most = _DAY_RANGES[squashed]
            letter = "D"
        else:
            least, most = (3, 4) if squashed.startswith("서너") else (2, 3)
            letter = "H" if squashed.endswith("시간") else "W" if squashed.endswith("주") else "m"
    else:
        if match["native"]:
            least, most = RANGES[match["native"].replace(" ", "")]
        elif match["sino"]:
            least, most = SINO_RANGES[match["sino"].replace(" ", "")]
        else:
            least, most = int(match["least"]), int(match["most"])
        letter = _LETTERS.get(match["unit"]) or _LETTERS[match["unit"][0]]
        if (letter == "M" and match["native"]) or least >= most:
            return
    value = [duration({letter: least}), duration({letter: most})]
    yield Candidate("duration", value, *match.span(), rank=3)
