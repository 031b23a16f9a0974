"""`voicebot stats`: the KPIs of a period, beside the period before, or by day, flow, intent and the like."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from voicebot.cli import app
from voicebot.cli.periods import Since, Until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from voicebot.analytics.figures import Analytics, Dimension
    from voicebot.analytics.scope import Scope
    from voicebot.store.history.database import Database


class _By(StrEnum):
    DAY = "day"
    HOUR = "hour"
    FLOW = "flow"
    INTENT = "intent"
    LANGUAGE = "language"
    PACK = "pack"
    CHANNEL = "channel"
    VERSION = "version"
    STEP = "step"
    REASON = "reason"


@app.command()
def stats(
    since: Since = "30d",
    until: Until = "",
    pack: Annotated[str, typer.Option(help="Calls of this pack only.")] = "",
    language: Annotated[str, typer.Option(help="Calls in this language only.")] = "",
    by: Annotated[_By | None, typer.Option(help="One row for each.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """How well the bot does: docs/kpis.md tells what each figure means."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from voicebot import config
    from voicebot.analytics.figures import Analytics
    from voicebot.analytics.scope import Scope
    from voicebot.cli import periods
    from voicebot.cli.database import opened
    from voicebot.store.history.rollups import count_stale

    configuration = config.load()
    zone, now = ZoneInfo(configuration.time_zone), datetime.now(UTC)
    begin, end = periods.since(since or "30d", zone, now), periods.until(until, zone) or now
    assert begin is not None
    database = opened(configuration)
    count_stale(database)
    analytics = Analytics(database, zone)
    scope = Scope(begin, end, pack=pack, language=language)
    if by is None:
        compared = analytics.compared(scope)
        rows: list[dict[str, Any]] = [
            {"kpi": name, "now": value, "before": compared.before[name]} for name, value in compared.now.items()
        ]
        found: Any = {"now": dict(compared.now), "before": dict(compared.before)}
    else:
        found = rows = _rows(analytics, database, scope, by)
    if as_json:
        period = {"since": begin.isoformat(), "until": end.isoformat(), "figures": found}
        sys.stdout.write(json.dumps(period, ensure_ascii=False, indent=2) + "\n")
    else:
        _print(rows, pack)


_SHOWN = ("calls", "containment", "understanding_rate", "hand_over_rate", "csat", "handling_time", "response_p95")
"""The KPIs that fit beside each other."""


def _rows(analytics: Analytics, database: Database, scope: Scope, by: _By) -> list[dict[str, Any]]:
    from voicebot.analytics import leaving

    match by:
        case _By.STEP:
            return [asdict(step) for step in leaving.by_step(analytics, database, scope)]
        case _By.REASON:
            return [asdict(reason) for reason in leaving.by_reason(database, scope)]
        case _By.FLOW:
            return [asdict(flow) for flow in analytics.flows(scope)]
        case _By.INTENT:
            return [asdict(intent) for intent in analytics.intents(scope)]
        case _By.DAY | _By.HOUR:
            course = analytics.course(scope, "day" if by is _By.DAY else "hour")
            return [{by.value: found.begins.isoformat(timespec="minutes"), **found.figures} for found in course]
        case _:
            dimension = cast("Dimension", by.value)
            return [{by.value: name, **figures} for name, figures in analytics.by(scope, dimension).items()]


def _print(rows: Sequence[Mapping[str, Any]], pack: str) -> None:
    if not rows:
        sys.stdout.write(f"no calls{f' of {pack}' if pack else ''} in this period\n")
        return
    from rich.console import Console
    from rich.table import Table

    names = [name for name in rows[0] if "calls" not in rows[0] or "containment" not in rows[0] or name in _SHOWN]
    first = next(iter(rows[0]))
    columns = [first, *(name for name in names if name != first)]
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, justify="left" if name == first else "right")
    for row in rows:
        table.add_row(*(_shown(row[name], row.get("kpi", name) if name in _VALUES else name) for name in columns))
    screen = Console()
    Console(width=max(screen.width, _WIDE)).print(table)


_WIDE = 120
_VALUES = ("now", "before")
_SHARES = ("completion", "doubtful", "contained", "share", "upset")
_FEW = 3
"""So many entries of a list are shown; --json has them all."""


def _shown(value: Any, name: str) -> str:
    from voicebot.analytics.definitions import KPIS

    if value is None:
        return "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number}" for key, number in list(value.items())[:_FEW])
    if isinstance(value, list | tuple):
        return " ".join(map(str, value[:_FEW]))
    if not isinstance(value, float):
        return str(value)
    units = {kpi.name: kpi.unit for kpi in KPIS}
    if units.get(name) == "share" or name in _SHARES:
        return f"{value:.1%}"
    return f"{value:.0f}" if units.get(name) == "count" or name.startswith("response") else f"{value:.2f}"
