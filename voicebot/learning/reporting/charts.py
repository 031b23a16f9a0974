"""Small charts as SVG: bars of the week's days, and bars beside names. Colours are set as attributes, which every
reader of SVG knows; the page's own style takes them over where it is dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from voicebot.learning.reporting.facts import Day, Facts
from voicebot.learning.reporting.words import Words

ACCENT, SOFT, LINE, TEXT, TEXT_SOFT, WARM = "#0b6560", "#bcdcd8", "#d5dbdb", "#17211f", "#4d5a58", "#c46a1b"
_FONT = "Pretendard, Noto Sans KR, Noto Sans CJK KR, NanumGothic, Malgun Gothic, sans-serif"
_WIDTH = 330


@dataclass(frozen=True)
class Bar:
    """A named bar."""

    name: str
    value: int
    label: str
    before: int | None = None
    """Last week's, as a mark."""


def days(facts: Facts, words: Words) -> str:
    """Calls of each day: those that the bot resolved below, the others above; last week's as a mark."""
    height, base, top = 140, 116, 14
    most = max(1, *(max(day.calls, day.calls_before) for day in facts.days))
    step = _WIDTH / 7
    parts = [f'<line x1="0" y1="{base}" x2="{_WIDTH}" y2="{base}" stroke="{LINE}" class="line"/>']
    for number, day in enumerate(facts.days):
        parts += _day(day, number * step, step, base, (base - top) / most, words)
    told = "; ".join(f"{words.weekday(day.day)} {day.calls}" for day in facts.days)
    return _svg(_WIDTH, height, f"{words('by_day')}: {told}", parts)


def _day(day: Day, x: float, step: float, base: float, scale: float, words: Words) -> list[str]:
    width, left = step * 0.56, x + step * 0.22
    total = day.calls * scale
    good = min(total, day.calls * day.contained * scale)
    mark = base - day.calls_before * scale
    middle = left + width / 2
    return [
        _rect(left, base - total, width, total - good, SOFT, "soft"),
        _rect(left, base - good, width, good, ACCENT, "accent"),
        f'<line x1="{left - 4:.1f}" y1="{mark:.1f}" x2="{left + width + 4:.1f}" y2="{mark:.1f}" stroke="{WARM}" '
        'stroke-width="2" class="mark"/>'
        if day.calls_before
        else "",
        _text(middle, base - max(total, 0) - 4, words.number(day.calls), 9, TEXT, "middle", "text")
        if day.calls
        else "",
        _text(middle, base + 15, words.weekday(day.day), 9.5, TEXT_SOFT, "middle", "text-soft"),
    ]


def bars(ones: Sequence[Bar], title: str, *, colour: str = ACCENT) -> str:
    """Names on the left, bars beside them."""
    row, gap, name_width = 21, 6, 150
    height = len(ones) * row
    most = max(1, *(max(one.value, one.before or 0) for one in ones))
    scale = (_WIDTH - name_width - 46) / most
    parts = []
    for number, one in enumerate(ones):
        y = number * row
        width = one.value * scale
        parts += [
            _text(0, y + 14, _short(one.name), 10, TEXT, "start", "text"),
            _rect(name_width, y + gap / 2 + 1, max(width, 1.5), row - gap - 3, colour, "accent"),
            _text(
                name_width + max(width, (one.before or 0) * scale) + 6,
                y + 14,
                one.label,
                9.5,
                TEXT_SOFT,
                "start",
                "text-soft",
            ),
        ]
        if one.before:
            x = name_width + one.before * scale
            parts.append(
                f'<line x1="{x:.1f}" y1="{y + 1.5}" x2="{x:.1f}" y2="{y + row - 4.5}" stroke="{WARM}" stroke-width="2" '
                'class="mark"/>'
            )
    told = "; ".join(f"{one.name} {one.label}" for one in ones)
    return _svg(_WIDTH, height, f"{title}: {told}", parts)


def _short(name: str) -> str:
    """So long as there is room; Hangul is twice as wide."""
    width, kept = 0, ""
    for letter in name:
        width += 2 if ord(letter) > 0x1100 else 1
        if width > 26:
            return kept.rstrip() + "…"
        kept += letter
    return kept


def _svg(width: float, height: float, told: str, parts: Sequence[str]) -> str:
    inner = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="{escape(told)}" font-family="{_FONT}">{inner}</svg>'
    )


def _rect(x: float, y: float, width: float, height: float, colour: str, name: str) -> str:
    if height <= 0 or width <= 0:
        return ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="1.5" fill="{colour}" '
        f'class="{name}"/>'
    )


def _text(x: float, y: float, text: str, size: float, colour: str, anchor: str, name: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" class="{name}">'
        f"{escape(text)}</text>"
    )
