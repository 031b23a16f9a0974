"""Runs of experiments and their figures are alike on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from support.history import NOON, a_call, put

from voicebot.analytics.experiments.design import Design
from voicebot.analytics.experiments.outcomes import figures, spread
from voicebot.analytics.experiments.runs import ExperimentError, Runs
from voicebot.store.history.database import Database
from voicebot.store.history.records import Begun, Record

DESIGN = Design("shop", "hint", {"ko": "가설"}, "containment", 0.05, {"control": 1, "with_a_hint": 1, "a": 2})


def _with(variants: dict[str, str], call: list[Record]) -> list[Record]:
    return [replace(record, variants=variants) if isinstance(record, Begun) else record for record in call]


def test_runs_and_figures(database: Database) -> None:
    runs = Runs(database, lambda: NOON - timedelta(hours=1))
    run = runs.start(DESIGN, "lee", 100)
    assert runs.running() == (run,)
    assert run.design == DESIGN
    assert next(iter(run.design.weights)) == "control"
    with pytest.raises(ExperimentError):
        runs.start(DESIGN, "lee", 100)
    put(
        database,
        _with({"hint": "a", "other": "x"}, a_call("CA1", number="+821000000001")),
        _with({"hint": "a"}, a_call("CA2", number="+821000000001", outcome="hand_over", resolved=False)),
        _with({"hint": "control"}, a_call("CA3", number="+821000000002", outcome="hand_over", resolved=False)),
        _with({"other": "x"}, a_call("CA4", number="+821000000003")),
        a_call("CA5", number="+821000000004"),
    )
    found = figures(database, DESIGN, run.started, None)
    assert {name: (one.calls, one.callers) for name, one in found.items()} == {
        "control": (1, 1),
        "with_a_hint": (0, 0),
        "a": (2, 1),
    }
    assert found["a"].samples["containment"].mean == 1.0
    assert found["control"].samples["containment"].mean == 0.0
    assert found["control"].samples["duration"].mean == 60.0
    assert spread(database, DESIGN, NOON - timedelta(days=1), NOON + timedelta(days=1)) is None  # too few calls
    assert runs.stop(run, "kim", "enough")
    assert not runs.stop(run, "kim")
    assert runs.start(DESIGN, "lee", 100).id != run.id
