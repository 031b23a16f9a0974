"""`voicebot mine`: find what callers say that goes wrong, and what it costs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app
from voicebot.cli.periods import Since, Until

if TYPE_CHECKING:
    from collections.abc import Mapping

    from voicebot.store.mining.clusters import Cluster


@app.command()
def mine(
    since: Since = "7d",
    until: Until = "",
    pack: Annotated[str, typer.Option(help="Calls of this pack only.")] = "",
    most: Annotated[int, typer.Option(help="Clusters to print of each pack and language.", min=1)] = 20,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Cluster what went wrong in a period and rank it by its cost, for the console too: docs/improvement.md."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from voicebot import config
    from voicebot.cli import periods
    from voicebot.cli.database import opened
    from voicebot.cli.progress import bar
    from voicebot.learning.mining.opening import forget_old_drafts, open_miner
    from voicebot.store.mining.clusters import Clusters

    configuration = config.load()
    zone, now = ZoneInfo(configuration.time_zone), datetime.now(UTC)
    begin, end = periods.since(since or "7d", zone, now), periods.until(until, zone) or now
    assert begin is not None
    if begin >= end:
        raise periods.PeriodError("the period ends before it begins; give --since a day before --until.")
    database = opened(configuration)
    forget_old_drafts(configuration, database, now)
    with bar("comparing sentences", quiet=as_json) as progress:
        mined = open_miner(configuration, database).run(begin, end, pack, progress)
    clusters = Clusters(database)
    found: list[dict[str, Any]] = []
    for one in mined:
        ranked = clusters.ranked(pack=one.run.pack, language=one.run.language)
        found.append(
            {
                **asdict(one.run),
                "left_out": [{**left, "told": left_out_in_words(left)} for left in one.run.left_out],
                "drafts": list(one.drafts),
                "clusters": [asdict(cluster) for cluster in ranked],
            }
        )
        if not as_json:
            _print(one.run.pack, one.run.language, ranked[:most], one.run.left_out)
    if as_json:
        period = {"since": begin.isoformat(), "until": end.isoformat(), "mined": found}
        sys.stdout.write(json.dumps(period, ensure_ascii=False, indent=2, default=str) + "\n")
    elif not mined:
        sys.stdout.write(f"no calls{f' of {pack}' if pack else ''} in this period\n")


def left_out_in_words(left: Mapping[str, Any]) -> str:
    """One sentence about what was not looked at."""
    turns, callers = left["turns"], left["callers"]
    match left["why"]:
        case "one_caller":
            return f"{turns} more turns of one caller were left out: no caller counts more than a few times."
        case "few_callers":
            return f"{turns} turns of {callers} callers were left out: too few callers said anything like them."
        case "no_words":
            return f"{turns} turns were left out: without numbers and personal data nothing is left of them to compare."
        case _:
            return f"{turns} turns were left out: more different sentences than can be compared at once."


def _print(pack: str, language: str, ranked: list[Cluster], left_out: tuple[Mapping[str, Any], ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{pack} {language}", box=None, pad_edge=False, title_justify="left")
    for name in ("", "minutes", "calls", "before", "callers", "to people", "nearest", "likeness", "state", "typical"):
        table.add_column(name, justify="left" if name in ("nearest", "state", "typical") else "right")
    for cluster in ranked:
        before = "-" if cluster.previous_calls is None else str(cluster.previous_calls)
        likeness = "-" if cluster.likeness is None else f"{cluster.likeness:.2f}"
        minutes, calls, callers = f"{cluster.cost_s / 60:.0f}", str(cluster.calls), str(cluster.callers)
        table.add_row(
            str(cluster.rank), minutes, calls, before, callers, str(cluster.hand_overs), cluster.nearest or "-",
            likeness, cluster.state, cluster.typical,
        )  # fmt: skip
    screen = Console()
    shown = Console(width=max(screen.width, 120))
    shown.print(table)
    for left in left_out:
        shown.print(left_out_in_words(left))
