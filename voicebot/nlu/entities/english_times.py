"""English times of day and durations: "half past two", "quarter to five pm", "two and a half hours". In lower case."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicebot.nlu.entities.clock import afternoon_by_habit, clock, duration
from voicebot.nlu.entities.grammar import Candidate, Context
from voicebot.nlu.entities.number_words import DECIMAL_EN, UNDER_100_EN, read_english

_HEAD = r"(?<![a-z0-9.:])"
_HOUR = r"(?P<hour>one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|2[0-4]|1\d|0?\d)(?![\w])"
_PART = (
    r"(?: ?(?:in the |at )?(?P<part>a\.? ?m\b\.?|p\.? ?m\b\.?|morning"
    r"|afternoon|evening|night|tonight)| (?P<clock>o'? ?clock)(?: ?"
    r"(?:in the |at )?(?P<clock_part>a\.? ?m\b\.?|p\.? ?m\b\.?|morning"
    r"|afternoon|evening|night|tonight))?)?"
)
_MINUTES = rf"(?P<minutes>half|(?:a )?quarter|(?:{UNDER_100_EN}|[1-5]?\d)(?: minutes?)?)"
_PAST_TO = re.compile(
    rf"{_HEAD}{_MINUTES} (?P<way>past|after|to|of|till|before) (?:{_HOUR}|(?P<named>noon|midnight|midday)){_PART}"
)
_HALF = re.compile(rf"{_HEAD}half {_HOUR}{_PART}")
_SPOKEN = re.compile(
    rf"{_HEAD}(?P<day_part>morning|afternoon|evening|night)?(?(day_part) )(?P<at>at |around |by |until |till |from "
    rf"|before |after |about )?{_HOUR}(?:[ :-](?P<minute>oh[ -]?(?:one|two|three|four|five|six|seven|eight|nine)"
    rf"|(?:ten|fifteen|twenty|thirty|forty|fifty)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|eleven"
    rf"|twelve|thirteen|fourteen|sixteen|seventeen|eighteen|nineteen|[0-5]\d)(?![\w]))?{_PART}"
)
_WRITTEN = re.compile(rf"(?<![\d:.])(?P<hour>[01]?\d|2[0-4])[:.](?P<minute>[0-5]\d)(?::[0-5]\d)?(?![\d:]){_PART}")
_TIGHT = re.compile(r"(?<![\w:.])(?P<hour>1[0-2]|0?[1-9])(?P<part>am|pm)\b")
_NAMED = re.compile(rf"{_HEAD}(?:12 |twelve )?(?P<name>noon|midday|midnight)\b")
_UNITS = (
    "(?:business |working )days?|hours?|hrs?|minutes?|mins?"
    "|seconds?|secs?|days?|nights?|weeks?|fortnights?|months?"
    "|years?|quarters? of an hour"
)
_COUNT = rf"(?:half an|half a|a couple of|a|an|one and a half|{DECIMAL_EN})"
_PIECE = rf"{_COUNT}[ -]?(?:{_UNITS})\b"
_DURATION = re.compile(
    rf"{_HEAD}(?P<pieces>(?:{_PIECE})(?:(?:,? and |, | "
    rf"){_PIECE}){{0,4}})(?P<half> and a half)?(?! (?:ago|from now"
    rf"|later|old|of age))"
)
_PIECE_TOKEN = re.compile(rf"(?P<count>{_COUNT})[ -]?(?P<unit>{_UNITS})\b")
_RANGE = re.compile(rf"{_HEAD}(?P<least>{DECIMAL_EN}) ?(?:to|or|-) ?(?P<most>{DECIMAL_EN}) (?P<unit>{_UNITS})\b")
_SPECIAL = re.compile(
    rf"{_HEAD}(?:(?:a |one )?(?P<fortnight>fortnight)|(?P<quarter>(?:a )?quarter of an hour)"
    rf"|(?P<three>three quarters of an hour)|(?P<hour_half>an hour and a half)|(?P<day_half>a day and a half)"
    rf"|(?P<year_half>a year and a half)|(?P<overnight>overnight))\b(?! ago)"
)
_LETTERS = {"h": "H", "mi": "M", "s": "S", "d": "D", "n": "D", "w": "W", "mo": "m", "y": "Y"}

_CLOCK_MINUTE = re.compile(" oh|[a-z]+[ -](?:thirty|fifteen|forty[ -]five)$")


def times(text: str, context: Context) -> Iterator[Candidate]:
    """Times of day as `14:30`; without am or pm, one to six o'clock are in the afternoon (`clock`)."""
    asked = context.expects("time", "datetime")
    for match in _PAST_TO.finditer(text):
        minutes = _minutes(match["minutes"])
        value = _clock(
            {"noon": 12, "midday": 12, "midnight": 0}[match["named"]] if match["named"] else _hour(match),
            0,
            match,
            bool(match["named"]),
        )
        if value and minutes is not None and minutes < 60:
            hour, minute = map(int, value.split(":"))
            shift = minutes if match["way"] in ("past", "after") else -minutes
            if match["way"] == "of" and not match["part"] and "quarter" not in match["minutes"]:
                continue
            yield Candidate("time", clock(*divmod((hour * 60 + minute + shift) % 1440, 60)), *match.span(), rank=3)
    for match in _HALF.finditer(text):
        if value := _clock(_hour(match), 30, match):
            yield Candidate("time", value, *match.span(), rank=2)
    for match in _SPOKEN.finditer(text):
        marked = match["part"] or match["clock"]
        clear = (
            marked or (match["minute"] and match["at"]) or match["at"] in ("at ", "around ", "until ", "till ", "by ")
        )
        whole_minute = match["minute"] and (
            asked
            or ":" in match[0]
            or (_CLOCK_MINUTE.search(match[0]) and not context.expects("number", "digits", "amount", "count"))
        )
        if not (clear or asked or whole_minute) or (
            match["part"] == "night" and "tonight" in text[match.end() - 8 : match.end()] and not marked
        ):
            continue
        if not marked and re.match(
            r" ?(?:%|percent|dollars|won|items|people|days|hours|minutes"
            r"|weeks|months|years|times|of|boxes|hundred|thousand|st|nd|rd"
            r"|th|-)",
            text[match.end() :],
        ):
            continue
        past_hour = _minutes((match["minute"] or "0").removeprefix("oh").strip(" -"))
        if value := _clock(_hour(match), past_hour or 0, match):
            yield Candidate(
                "time",
                value,
                match.start() if match["day_part"] else match.start() + len(match["at"] or ""),
                match.end(),
                rank=3 if clear or asked or " oh" in match[0] else 1,
            )
    for match in _WRITTEN.finditer(text):
        if "." in match[0].split(match["minute"])[0] and not (match["part"] or match["clock"]):
            continue
        if value := _clock(int(match["hour"]), int(match["minute"]), match, match["hour"].startswith("0")):
            yield Candidate("time", value, *match.span(), rank=4)
    for match in _TIGHT.finditer(text):
        hour = int(match["hour"]) % 12 + (12 if match["part"] == "pm" else 0)
        yield Candidate("time", clock(hour, 0), *match.span(), rank=2)
    for match in _NAMED.finditer(text):
        yield Candidate("time", "00:00" if match["name"] == "midnight" else "12:00", *match.span(), rank=2)


def _hour(match: re.Match[str]) -> int:
    value = read_english(match["hour"])
    return value if isinstance(value, int) else 0


def _minutes(said: str) -> int | None:
    if "quarter" in said:
        return 15
    if said == "half":
        return 30
    value = read_english(re.sub(" minutes?$", "", said))
    return value if isinstance(value, int) else None


def _clock(hour: int, minute: int, match: re.Match[str], exact: bool = False) -> str | None:
    groups = match.groupdict()
    part = groups.get("part") or groups.get("clock_part") or groups.get("day_part") or ""
    part = re.sub("[. ]", "", part)
    if not part:
        return clock(hour if exact or (groups.get("hour") or "").startswith("0") else afternoon_by_habit(hour), minute)
    if part in ("am", "morning"):
        return clock(hour % 12 if hour == 12 else hour, minute)
    if part in ("night", "tonight") and (hour == 12 or hour < 5):
        return clock(hour % 12, minute)
    return clock(hour + 12 if hour < 12 else hour, minute)


def durations(text: str, _: Context) -> Iterator[Candidate]:
    """Lengths of time in ISO 8601: "two and a half hours" is PT2H30M, "two or three days" ["P2D", "P3D"]."""
    for match in _SPECIAL.finditer(text):
        value = {
            "fortnight": "P2W",
            "quarter": "PT15M",
            "three": "PT45M",
            "hour_half": "PT1H30M",
            "day_half": "P1.5D",
            "year_half": "P1Y6M",
            "overnight": "P1D",
        }[str(match.lastgroup)]
        if match.lastgroup != "overnight":
            yield Candidate("duration", value, *match.span(), rank=2)
    for match in _RANGE.finditer(text):
        least, most = read_english(match["least"]), read_english(match["most"])
        if least is not None and most is not None and least < most:
            letter, scale = _unit(match["unit"])
            yield Candidate(
                "duration", [duration({letter: least * scale}), duration({letter: most * scale})], *match.span(), rank=2
            )
    for match in _DURATION.finditer(text):
        parts: dict[str, int | float] = {}
        nights = False
        for token in _PIECE_TOKEN.finditer(match["pieces"]):
            nights = nights or token["unit"].startswith("night")
            letter, scale = _unit(token["unit"])
            said = token["count"]
            halved = said.startswith("half") or said.endswith(" and a half")
            if said.startswith("half"):
                count: int | float | None = 0
            else:
                said = said.removesuffix(" and a half")
                count = 1 if said in ("a", "an") else 2 if said.startswith("a couple") else read_english(said)
            if count is None:
                continue
            parts[letter] = parts.get(letter, 0) + count * scale
            if halved:
                parts = _half_more(parts, letter)
        if match["half"]:
            parts = _half_more(parts, list(parts)[-1] if parts else "")
        if re.fullmatch("a (?:second|minute|sec|min|day)", match["pieces"]):
            continue
        length = duration(parts)
        if length and not nights:
            yield Candidate("duration", length, *match.span(), rank=1)


def _half_more(parts: dict[str, int | float], letter: str) -> dict[str, int | float]:
    smaller = {"Y": ("m", 6), "m": ("D", 15), "H": ("M", 30), "M": ("S", 30)}.get(letter)
    if smaller is None:
        return {**parts, letter: parts[letter] + 0.5} if letter in parts else parts
    return {**parts, smaller[0]: parts.get(smaller[0], 0) + smaller[1]}


def _unit(said: str) -> tuple[str, int]:
    if said.startswith("fortnight"):
        return "W", 2
    if said.startswith("quarter"):
        return "M", 15
    said = said.removeprefix("business ").removeprefix("working ")
    return _LETTERS.get(said[:2]) or _LETTERS[said[0]], 1
