"""Response time against calls at once, as an SVG picture."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from telephony.phone.load.figures import Figures

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 720, 420, 64, 52, 48, 24
_COLOURS = {"median": "#1b6ca8", "95 %": "#c2571a"}


def plot(stages: Sequence[Figures], *, median_ms: float, p95_ms: float) -> str:
    """The median and the 95th percentile of each stage, and the targets as dashed lines."""
    points = [(stage.calls_at_once, stage.response_ms) for stage in stages if stage.response_ms is not None]
    most_calls = max((calls for calls, _ in points), default=1)
    most_ms = 1.15 * max([p95_ms, *(found.p95 for _, found in points)])

    def x(calls: float) -> float:
        return _LEFT + calls / most_calls * (_WIDTH - _LEFT - _RIGHT)

    def y(ms: float) -> float:
        return _HEIGHT - _BOTTOM - ms / most_ms * (_HEIGHT - _BOTTOM - _TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="13"><rect width="100%" height="100%" fill="#fff"/>',
        _text(_WIDTH / 2, 24, "Response time against calls at once", "middle", size=16),
        _text(_WIDTH / 2, _HEIGHT - 12, "calls at once", "middle"),
        _text(14, 40, "ms", "start"),
    ]
    step = next(step for step in (100, 200, 500, 1000, 2000, 5000, 10**6) if most_ms / step <= 8)
    for ms in range(0, int(most_ms) + 1, step):
        parts.append(f'<path d="M{_LEFT} {y(ms):.1f}H{_WIDTH - _RIGHT}" stroke="#ddd"/>')
        parts.append(_text(_LEFT - 8, y(ms) + 4, str(ms), "end"))
    parts += [_text(x(calls), _HEIGHT - _BOTTOM + 20, str(calls), "middle") for calls, _ in points]
    for name, target, values in (
        ("median", median_ms, [(calls, found.median) for calls, found in points]),
        ("95 %", p95_ms, [(calls, found.p95) for calls, found in points]),
    ):
        colour = _COLOURS[name]
        parts.append(
            f'<path d="M{_LEFT} {y(target):.1f}H{_WIDTH - _RIGHT}" stroke="{colour}" '
            'stroke-dasharray="5 5" fill="none"/>'
        )
        line = " ".join(f"{x(calls):.1f},{y(ms):.1f}" for calls, ms in values)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{x(calls):.1f}" cy="{y(ms):.1f}" r="4" fill="{colour}"/>' for calls, ms in values]
        if values:
            parts.append(_text(x(values[-1][0]), y(values[-1][1]) - 9, name, "end", colour))
    return "\n".join([*parts, "</svg>\n"])


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#222", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}">{escape(text)}</text>'
    )
