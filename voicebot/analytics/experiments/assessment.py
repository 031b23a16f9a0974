"""What the figures of an experiment prove so far, and what that means for it. Pure: no database, no clock.

One error rate of 5 % is kept for all looks and variants together: each of k variants is held against the control with
5 % / k (Bonferroni), on the metric that decides. That is the chance that a winner is named where there is none. The
other metrics are watched for harm, with as much again between them, and only beyond what is tolerated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from voicebot.analytics.experiments.design import CONTROL, HIGHER_IS_BETTER, METRICS, Design, Metric
from voicebot.analytics.experiments.sequential import Effect, Sample, compare, mixture, planned_callers
from voicebot.analytics.experiments.split import DOUBTFUL, split_p

ALPHA = 0.05

Verdict = Literal["split", "few", "harm", "winner", "none", "going"]
"""`split`: variants did not get the callers that were promised them: no figure holds. `few`: too few callers yet.
`harm`: a variant makes things worse. `winner`: a variant is better. `none`: no difference that matters was found with
the planned callers, or can be any more. `going`: none of these yet."""

TYPICAL_EFFECT: Mapping[Metric, float] = {"containment": 0.05, "csat": 0.3, "duration": 20.0}
"""What is looked for in metrics that don't decide."""

TOLERATED: Mapping[Metric, float] = {"containment": 0.02, "csat": 0.2, "duration": 15.0}
"""So much worse a metric that does not decide may be: a call that is solved may last longer than one given away."""

TYPICAL_SPREAD: Mapping[Metric, float] = {"containment": 0.25, "csat": 1.5, "duration": 90.0**2}
"""Variance of one caller's value where nothing is known yet: the most that a share can have; CSAT of 1 to 5 points;
durations as the demonstration packs have them."""


@dataclass(frozen=True)
class VariantFigures:
    """What was counted of one variant."""

    variant: str
    calls: int
    callers: int
    """Who count: each once."""
    samples: Mapping[Metric, Sample]


@dataclass(frozen=True)
class Assessment:
    """What is known of an experiment."""

    verdict: Verdict
    variant: str
    """Which variant wins or harms; empty for other verdicts."""
    metric: Metric
    """In which metric it does; else the one that decides."""
    callers: int
    """Counted so far, in the metric that decides."""
    planned: int
    figures: Mapping[str, VariantFigures]
    """By variant, the control first."""
    effects: Mapping[str, Mapping[Metric, Effect | None]]
    """By variant without the control; None for too few callers."""
    split_p: float | None
    """p-value of the split being as promised; None for too few callers."""


def planned(design: Design, spread: float | None = None) -> int:
    """Callers after which the experiment ends at the latest. `spread`: the metric's variance where it is known."""
    of = sum(design.weights.values())
    control = design.weights[CONTROL] / of
    return max(
        planned_callers(
            TYPICAL_SPREAD[design.metric] if spread is None else spread,
            design.effect,
            (design.weights[variant] / of, control),
            ALPHA / len(design.contenders),
        )
        for variant in design.contenders
    )


def assess(design: Design, figures: Mapping[str, VariantFigures], most: int) -> Assessment:
    """What the figures prove; `most`: the planned callers."""
    effects = {variant: _effects(design, figures[variant], figures[CONTROL]) for variant in design.contenders}
    counted = {variant: figures[variant].samples[design.metric].number for variant in design.weights}
    callers = sum(counted.values())
    # Those who count, too: a variant that drives callers away before they speak must not look good for it.
    tests = [
        split_p({variant: figures[variant].callers for variant in design.weights}, design.weights),
        split_p(counted, design.weights) if design.metric != "csat" else None,
    ]
    known = [p for p in tests if p is not None]
    p = min(1.0, min(known) * len(known)) if known else None
    verdict, variant, metric = _verdict(design, effects, callers, most, p)
    return Assessment(verdict, variant, metric, callers, most, figures, effects, p)


def _effects(design: Design, variant: VariantFigures, control: VariantFigures) -> dict[Metric, Effect | None]:
    found: dict[Metric, Effect | None] = {}
    for metric in METRICS:
        decides = metric == design.metric
        effect = design.effect if decides else TYPICAL_EFFECT[metric]
        alpha = ALPHA / len(design.contenders) / (1 if decides else len(METRICS) - 1)
        found[metric] = compare(variant.samples[metric], control.samples[metric], mixture(effect, alpha), alpha)
    return found


def _verdict(
    design: Design, effects: Mapping[str, Mapping[Metric, Effect | None]], callers: int, most: int, p: float | None
) -> tuple[Verdict, str, Metric]:
    decides = design.metric
    if p is not None and p < DOUBTFUL:
        return "split", "", decides
    for variant, of_metrics in effects.items():
        for metric in (decides, *(one for one in METRICS if one != decides)):
            tolerated = 0.0 if metric == decides else TOLERATED[metric]
            effect = of_metrics[metric]
            if effect is not None and _gain(metric, effect)[1] < -tolerated:
                return "harm", variant, metric
    gains = {
        variant: _gain(decides, effect)
        for variant, of_metrics in effects.items()
        if (effect := of_metrics[decides]) is not None
    }
    better = [variant for variant, (worst, _) in gains.items() if worst > 0]
    if better:
        best = max(better, key=lambda variant: sum(gains[variant]))
        return "winner", best, decides
    if callers >= most:
        return "none", "", decides
    if len(gains) < len(effects):
        return "few", "", decides
    if all(-design.effect < worst and best < design.effect for worst, best in gains.values()):
        return "none", "", decides
    return "going", "", decides


def _gain(metric: Metric, effect: Effect) -> tuple[float, float]:
    """The interval of how much better it is."""
    return (effect.low, effect.high) if HIGHER_IS_BETTER[metric] else (-effect.high, -effect.low)
