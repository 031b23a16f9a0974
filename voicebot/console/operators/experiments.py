"""Experiments: how each stands, what its variants change and came to, and the decisions of those who may take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from voicebot.analytics.experiments import outcomes, wording
from voicebot.analytics.experiments.assessment import Assessment
from voicebot.analytics.experiments.design import CONTROL, HIGHER_IS_BETTER, METRICS, Design, Metric
from voicebot.analytics.experiments.outcomes import assessed
from voicebot.analytics.experiments.runs import Decision, ExperimentError, Run, Runs
from voicebot.analytics.experiments.sequential import Effect
from voicebot.console.access.guard import needs, reader
from voicebot.console.operators.scene import Scene
from voicebot.dialogue.experiments import Experiment
from voicebot.store.history.database import Database


@dataclass(frozen=True)
class Line:
    """One interval as it is drawn: from 0, the worst that the scale has, to 100, the best; 50 is no difference."""

    variant: str
    left: float
    width: float
    point: float
    verdict: str
    """`better`, `worse`, or empty where it is not clear."""
    shown: str
    """The interval in words."""
    estimate: str


@dataclass(frozen=True)
class Chart:
    """The intervals of all variants in one metric, on one scale."""

    metric: Metric
    title: str
    decides: bool
    worst: str
    """What stands at the scale's left end."""
    best: str
    lines: Sequence[Line]


@dataclass(frozen=True)
class Entry:
    """An experiment of the list."""

    design: Design
    run: Run | None
    found: Assessment | None
    status: str


def add_experiments(blueprint: Blueprint, scene: Scene, database: Database) -> None:
    """The pages under /console/experiments."""
    runs = Runs(database, scene.now)

    def defined(pack: str, name: str) -> Experiment | None:
        """As the content in service has it."""
        served = scene.pack()
        return served.experiments.get(name) if served is not None and served.name == pack else None

    @blueprint.get("/experiments")
    @needs("numbers")
    def experiments() -> str:
        language = g.interface_language
        pack = scene.pack()
        latest: dict[tuple[str, str], Run] = {}
        for run in runs.all():
            latest.setdefault((run.design.pack, run.design.name), run)
        designs = {key: run.design for key, run in latest.items()}
        if pack is not None:
            designs |= {(pack.name, name): one.design for name, one in pack.experiments.items()}
        entries = []
        for key, design in designs.items():
            last = latest.get(key)
            found = assessed(database, last) if last else None
            status = wording.status(found, last, language) if found and last else ""
            entries.append(Entry(design, last, found, status))
        entries.sort(key=lambda one: (one.run is None or one.run.state != "running", one.design.name))
        return render_template(
            "operators/experiments.html",
            entries=entries,
            metric_title=lambda metric: wording.metric_title(metric, language),
        )

    @blueprint.get("/experiments/<pack>/<name>")
    @needs("numbers")
    def experiment(pack: str, name: str) -> str:
        return page(pack, name)

    def page(pack: str, name: str, problem: str = "") -> str:
        language = g.interface_language
        known, run = defined(pack, name), runs.latest(pack, name)
        if known is None and run is None:
            abort(404)
        design = run.design if run is not None else cast(Experiment, known).design
        found = assessed(database, run) if run is not None else None
        who = reader()
        assert who is not None
        return render_template(
            "operators/experiment.html",
            design=design,
            run=run,
            found=found,
            status=wording.status(found, run, language) if found and run else "",
            charts=_charts(design, found, language) if found else (),
            changes=_changes(scene, pack, known, language),
            edited=known is not None and run is not None and known.design.fingerprint != run.design.fingerprint,
            gone=known is None,
            may_decide=who.may("approve"),
            earlier=[one for one in runs.all(pack) if one.design.name == name and (run is None or one.id != run.id)],
            metrics=METRICS,
            control=CONTROL,
            metric_title=lambda metric: wording.metric_title(metric, language),
            value=lambda metric, sample: wording.value(metric, sample.mean, language) if sample.number else "–",
            interval=lambda metric, effect: wording.interval(metric, effect, language),
            difference=lambda metric, amount: wording.difference(metric, amount, language),
            problem=problem,
        )

    @blueprint.post("/experiments/<pack>/<name>")
    @needs("approve")
    def change_experiment(pack: str, name: str) -> ResponseReturnValue:
        who = reader()
        assert who is not None
        by, reason = who.user.name, request.form.get("reason", "").strip()[:500]
        what, _, variant = request.form.get("what", "").partition(":")
        known, run = defined(pack, name), runs.latest(pack, name)
        try:
            if what == "start" and known is not None:
                outcomes.start(database, known.design, by, scene.now())
            elif what == "stop" and run is not None:
                runs.stop(run, by, reason)
            elif what in ("adopt", "keep", "go_on") and run is not None:
                runs.decide(run, by, cast(Decision, what), variant, reason)
            else:
                abort(400)
        except ExperimentError:
            return page(pack, name, "experiments.changed_meanwhile"), 400
        return redirect(url_for("console.experiment", pack=pack, name=name))


def _charts(design: Design, found: Assessment, language: wording.Language) -> list[Chart]:
    """One for each metric of which something is known, the one that decides first."""
    ordered = (design.metric, *(metric for metric in METRICS if metric != design.metric))
    charts = []
    for metric in ordered:
        effects = {variant: effect for variant, of in found.effects.items() if (effect := of[metric]) is not None}
        if not effects:
            continue
        least = design.effect if metric == design.metric else 0.0
        scale = max(least, *(max(abs(effect.low), abs(effect.high)) for effect in effects.values())) * 1.1
        better = 1 if HIGHER_IS_BETTER[metric] else -1
        charts.append(
            Chart(
                metric,
                wording.metric_title(metric, language),
                metric == design.metric,
                wording.difference(metric, -better * scale, language),
                wording.difference(metric, better * scale, language),
                [_line(metric, variant, effect, scale, better, language) for variant, effect in effects.items()],
            )
        )
    return charts


def _line(metric: Metric, variant: str, effect: Effect, scale: float, better: int, language: wording.Language) -> Line:
    low, high = sorted((better * effect.low, better * effect.high))
    left, right, point = (round(50 + 50 * value / scale, 2) for value in (low, high, better * effect.estimate))
    verdict = "better" if low > 0 else "worse" if high < 0 else ""
    shown = wording.interval(metric, effect, language)
    return Line(
        variant,
        left,
        round(right - left, 2),
        point,
        verdict,
        shown,
        wording.difference(metric, effect.estimate, language),
    )


@dataclass(frozen=True)
class Change:
    """What a variant puts in place of something."""

    variant: str
    file: str
    what: str
    language: str
    """Empty for a flow."""
    before: Sequence[str]
    now: Sequence[str]


def _changes(scene: Scene, pack: str, known: Experiment | None, language: str) -> list[Change]:
    """Everything that the variants change, the reader's language first."""
    served = scene.pack()
    if known is None or served is None or served.name != pack:
        return []
    found = []
    for variant, override in known.overrides.items():
        for file, what, *now in override.summary:
            spoken = file.split("/")[0] if "/" in file else ""
            own = served.languages[spoken].replies.get(what, ()) if spoken in served.languages else ()
            found.append(Change(variant, file, what, spoken, [one.text for one in dict.fromkeys(own)], now))
    return sorted(found, key=lambda change: (change.variant, change.language not in (language, "")))
