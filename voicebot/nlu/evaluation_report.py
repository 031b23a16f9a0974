"""An evaluation as one HTML page: no script, no font and no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from voicebot.nlu.evaluation import Evaluation, Proportion, confusion_matrix

_STYLE = """
:root{--ink:#1b1f24;--soft:#5b6470;--line:#dfe3e8;--fill:#2f6fb3;--bad:#b3402f;--paper:#fff;--panel:#f6f7f9}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#9aa4b0;--line:#363c44;--fill:#6aa6e6;--bad:#e6806f;
--paper:#14171a;--panel:#1c2024}}
body{font:15px/1.5 system-ui,"Noto Sans KR","Malgun Gothic","Apple SD Gothic Neo",sans-serif;color:var(--ink);
background:var(--paper);max-width:72rem;margin:2rem auto;padding:0 1.2rem}
h1{font-size:1.5rem;margin:0 0 1.2rem}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}
p{color:var(--soft);margin:.2rem 0 .8rem}
.figures{display:flex;flex-wrap:wrap;gap:.8rem}.figure{background:var(--panel);border-radius:.5rem;padding:.8rem 1.1rem;
min-width:11rem}.figure b{display:block;font-size:1.6rem;font-weight:600}
.figure span{color:var(--soft);font-size:.85rem}
.scroll{overflow-x:auto;max-height:34rem;overflow-y:auto;border:1px solid var(--line);border-radius:.5rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}th,td{text-align:left;padding:.3rem .7rem;
border-bottom:1px solid var(--line);vertical-align:top}th{position:sticky;top:0;background:var(--panel)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}svg{max-width:100%;height:auto}
svg text{fill:var(--soft);font-size:12px}
"""
_MOST_ROWS = 500
_MOST_MATRIX = 60


def report_html(evaluation: Evaluation, title: str = "Understanding, evaluated") -> str:
    """The page, complete. Texts are escaped; at most 500 errors and 60 intents in the matrix are shown."""
    e = evaluation
    figures = [
        ("Accuracy", e.accuracy),
        ("In scope, right", e.in_scope),
        ("Out of scope, noticed", e.out_of_scope_recall),
    ]
    boxes = "".join(_figure(name, share) for name, share in figures if share.total)
    error = f"<b>{e.calibration_error:.3f}</b><span>0 is best</span>"
    boxes += f'<div class="figure"><span>Calibration error</span>{error}</div>'
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f'<div class="figures">{boxes}</div>'
        f"<h2>Calibration</h2><p>How often answers of a score are right; on the line they would be exactly as sure as "
        f"they should be. The area of a point grows with its answers.</p>{_calibration_svg(e)}"
        f"<h2>Confusion matrix</h2>{_matrix(e)}"
        f"<h2>Confusions</h2>{_confusions(e)}<h2>Intents</h2>{_intents(e)}<h2>Errors</h2>{_errors(e)}</body></html>"
    )


def _figure(name: str, share: Proportion) -> str:
    low, high = share.interval
    return (
        f'<div class="figure"><span>{name}</span><b>{100 * share.value:.1f} %</b>'
        f"<span>{100 * low:.1f} to {100 * high:.1f} % ({share.hits} of {share.total})</span></div>"
    )


def _calibration_svg(e: Evaluation) -> str:
    size, left, top = 300, 50, 12
    most = max((b.accuracy.total for b in e.calibration), default=1)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + x * size, top + (1 - y) * size

    parts = [f'<rect x="{left}" y="{top}" width="{size}" height="{size}" fill="none" stroke="var(--line)"/>']
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x, y = at(tick, tick)
        parts.append(f'<text x="{x:.0f}" y="{top + size + 18}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.0f}" text-anchor="end">{tick:g}</text>')
    (x0, y0), (x1, y1) = at(0, 0), at(1, 1)
    parts.append(f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="var(--soft)" stroke-dasharray="4 4"/>')
    for b in e.calibration:
        x, y = at(b.mean_score, b.accuracy.value)
        low, high = (at(0, value)[1] for value in b.accuracy.interval)
        radius = 3 + 9 * (b.accuracy.total / most) ** 0.5
        note = escape(f"score {b.low:.1f} to {b.high:.1f}: right {b.accuracy}, {b.accuracy.total} answers")
        parts.append(f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}" stroke="var(--fill)"/>')
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="var(--fill)" fill-opacity=".75">'
            f"<title>{note}</title></circle>"
        )
    parts.append(f'<text x="{left + size / 2}" y="{top + size + 38}" text-anchor="middle">score</text>')
    parts.append(
        f'<text transform="translate(12 {top + size / 2}) rotate(-90)" text-anchor="middle">share that is right</text>'
    )
    width, height = left + size + 16, top + size + 46
    frame = f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="Calibration">'
    return f"{frame}{''.join(parts)}</svg>"


def _matrix(e: Evaluation) -> str:
    names, counts = confusion_matrix(e.answers)
    note = "<p>Rows: what was meant. Columns, in the same order: what was understood. Darker is more; red is wrong.</p>"
    if len(names) > _MOST_MATRIX:
        worst = {name for pair in e.confusions for name in pair[:2]}
        ranked = sorted(names, key=lambda n: (n not in worst, -sum(x[2] for x in e.confusions if n in x[:2]), n))
        shown = sorted(ranked[:_MOST_MATRIX])
        places = [names.index(name) for name in shown]
        counts = [[counts[r][c] for c in places] for r in places]
        note += f"<p>The {_MOST_MATRIX} intents with most confusions, of {len(names)}.</p>"
        names = shown
    if not names:
        return "<p>No answers.</p>"
    cell = 14 if len(names) > 24 else 22
    left = 8 + min(220, 8 * max(len(name) for name in names))
    parts = []
    for row, (name, line) in enumerate(zip(names, counts, strict=True)):
        total = max(1, sum(line))
        parts.append(f'<text x="{left - 6}" y="{(row + 0.75) * cell:.1f}" text-anchor="end">{escape(name[:28])}</text>')
        for column, count in enumerate(line):
            colour = "var(--fill)" if row == column else "var(--bad)"
            opacity = 0.04 if not count else 0.15 + 0.85 * count / total
            tip = escape(f"{name}: {count} of {total} understood as {names[column]}")
            parts.append(
                f'<rect x="{left + column * cell}" y="{row * cell}" width="{cell - 1}" height="{cell - 1}" '
                f'fill="{colour}" fill-opacity="{opacity:.2f}"><title>{tip}</title></rect>'
            )
    width, height = left + len(names) * cell, len(names) * cell
    return (
        f'{note}<svg viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="Confusion matrix">{"".join(parts)}</svg>'
    )


def _table(head: tuple[str, ...], body: Sequence[tuple[str, ...]], numeric: frozenset[int] = frozenset()) -> str:
    if not body:
        return "<p>None.</p>"
    top = "".join(f"<th{' class=n' if i in numeric else ''}>{escape(cell)}</th>" for i, cell in enumerate(head))
    lines = "".join(
        "<tr>"
        + "".join(f"<td{' class=n' if i in numeric else ''}>{escape(cell)}</td>" for i, cell in enumerate(row))
        + "</tr>"
        for row in body[:_MOST_ROWS]
    )
    rest = f"<p>The first {_MOST_ROWS} of {len(body)}.</p>" if len(body) > _MOST_ROWS else ""
    return f'{rest}<div class="scroll"><table><tr>{top}</tr>{lines}</table></div>'


def _confusions(e: Evaluation) -> str:
    body = [(expected, understood, str(count)) for expected, understood, count in e.confusions]
    return _table(("Meant", "Understood", "Times"), body, frozenset({2}))


def _intents(e: Evaluation) -> str:
    body = [(f.intent, str(f.recall), str(f.recall.total), str(f.precision)) for f in e.intents]
    return _table(("Intent", "Recall", "Texts", "Precision"), body, frozenset({1, 2, 3}))


def _errors(e: Evaluation) -> str:
    body = [
        (a.text[:300], a.expected or "(out of scope)", a.intent or "(out of scope)", f"{a.score:.2f}") for a in e.errors
    ]
    return _table(("Text", "Meant", "Understood", "Score"), body, frozenset({3}))
