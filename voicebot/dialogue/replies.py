"""What the bot says: phrases with values in braces, and Korean particles that agree with them.

    "{order.product}{은} {order.eta:date}에 도착합니다."

A particle in braces takes the form that the value before it calls for. After a colon stands how a value is said:
`digits` in groups, `won`, `count` with its thousands apart, `date`, `time`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from voicebot.nlu.hangul import PARTICLES, particle

FORMATS = ("digits", "won", "count", "date", "time")

_BRACES = re.compile(r"\{([^{}]*)\}")
_PATH = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")


class ReplyTemplate:
    """One phrase, parsed. Raises ValueError where its braces make no sense."""

    def __init__(self, text: str) -> None:
        self.text = text
        if "{" in _BRACES.sub("", text) or "}" in _BRACES.sub("", text):
            raise ValueError("a brace is open or closed twice; values are written as {order.status}.")
        self._parts = _BRACES.split(text)
        for inside in self._parts[1::2]:
            path, _, form = inside.partition(":")
            if inside in PARTICLES:
                continue
            if not _PATH.fullmatch(path):
                raise ValueError(
                    f"{{{inside}}} is neither a value such as {{order.status}} nor a particle such as {{을}}."
                )
            if form and form not in FORMATS:
                raise ValueError(f"{{{inside}}}: there is no form {form}; forms are: {', '.join(FORMATS)}.")

    @property
    def paths(self) -> list[str]:
        """The values it uses."""
        return [inside.partition(":")[0] for inside in self._parts[1::2] if inside not in PARTICLES]

    def render(self, values: Mapping[str, Any], language: str) -> str:
        """The phrase with its values. A value that is missing leaves nothing, and no double space."""
        said = self._parts[0]
        for inside, following in zip(self._parts[1::2], self._parts[2::2], strict=True):
            if inside in PARTICLES:
                said += particle(said, inside)
            else:
                path, _, form = inside.partition(":")
                said += say_value(value_at(values, path), form, language)
            said += following
        return re.sub(r" {2,}", " ", said).strip()


def value_at(values: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path, None where there is none."""
    node: Any = values
    for part in path.split("."):
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    return node


def say_value(value: Any, form: str, language: str) -> str:
    """A value as it is said; `form` is one of FORMATS, or empty for plain text."""
    if value is None:
        return ""
    match form:
        case "digits":
            return group_digits(str(value))
        case "won" if isinstance(value, int | float):
            return f"{int(value):,}원" if language == "ko" else f"{int(value):,} won"
        case "count":
            return f"{int(value):,}"
        case "date":
            return _date(str(value), language)
        case "time":
            return _time(str(value), language)
        case _:
            return str(value)


def group_digits(digits: str) -> str:
    """A number as it is read back, in groups: 12345678 is `1234-5678`, a mobile number 3-4-4, 1234 is `1 2 3 4`."""
    if len(digits) == 11 and digits.startswith("0"):
        return f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"
    if not digits.isdecimal():
        return digits
    if len(digits) <= 4:
        return " ".join(digits)
    head = len(digits) % 4
    groups = [digits[:head]] if head else []
    return "-".join([*groups, *(digits[i : i + 4] for i in range(head, len(digits), 4))])


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일")


def _date(value: str, language: str) -> str:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    if language == "ko":
        return f"{day.month}월 {day.day}일 {_WEEKDAYS[day.weekday()]}"
    return f"{day:%A}, {_MONTHS[day.month - 1]} {day.day}"


def _time(value: str, language: str) -> str:
    """A time of day: `18:30` is 오후 6시 30분, 6:30 p.m."""
    try:
        at = time.fromisoformat(value)
    except ValueError:
        return value
    hour = (at.hour - 1) % 12 + 1
    if language == "ko":
        minutes = f" {at.minute}분" if at.minute else ""
        return f"{'오전' if at.hour < 12 else '오후'} {hour}시{minutes}"
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{hour}{minutes} {'a.m.' if at.hour < 12 else 'p.m.'}"
