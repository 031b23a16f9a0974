"""How far to believe the first listener, fitted anew to the turns that people labelled.

A labelled turn tells whether the listener was right: whether what it heard is the sentence that was said. The features
are those that it left behind as the turn's evidence. The fit is held near the regression in use, as if that had been
seen on so many turns before, so that a few hundred turns move it a little and thousands decide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit
from sqlalchemy import select

from voicebot.asr.verification import FEATURES, shipped
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls, turns
from voicebot.store.labels.label import Label, sentence

LEAST_TURNS, LEAST_WRONG, LEAST_CALLERS = 300, 40, 30
"""So many labelled turns, so many of them heard wrong, and so many callers a fit needs at least."""
_PRIOR = 30.0
"""What the regression in use counts for, per weight, in turns."""
MOST_WRONG_ACCEPTED = 0.02
"""Share of the wrongly heard turns that may be accepted unasked; a little more than the shipped thresholds let pass."""
MOST_RIGHT_REJECTED = 0.02
_LEAST_ACCEPT, _MOST_ACCEPT = 0.45, 0.85
_LEAST_CONFIRM, _MOST_CONFIRM = 0.08, 0.3
"""Within these bounds thresholds are set: labelled turns were mostly chosen for being hard, and are not all turns."""


@dataclass(frozen=True)
class Judged:
    """A labelled turn that the first listener left evidence of."""

    features: tuple[float, ...]
    """In the order of `FEATURES`."""
    right: bool
    caller: str


def judged_turns(database: Database, labels: Iterable[Label]) -> list[Judged]:
    """The labelled turns with evidence. Raises DatabaseError."""
    by_turn = {(label.call, label.turn_part, label.turn_number): label for label in labels if label.intelligible}
    found: list[Judged] = []
    wanted = sorted({call for call, _, _ in by_turn})
    with database.reading() as connection:
        for start in range(0, len(wanted), _AT_ONCE):
            rows = connection.execute(
                select(calls.c.id, turns.c.part, turns.c.number, turns.c.evidence)
                .join_from(turns, calls)
                .where(calls.c.id.in_(wanted[start : start + _AT_ONCE]), turns.c.evidence.is_not(None))
                .order_by(calls.c.id, turns.c.part, turns.c.number)
            )
            for call, part, number, evidence in rows:
                label = by_turn.get((call, part, number))
                if label is not None and label.heard and all(name in evidence for name in FEATURES):
                    features = tuple(float(evidence[name]) for name in FEATURES)
                    right = sentence(label.heard) == label.sentence
                    found.append(Judged(features, right, label.caller or label.call))
    return found


_AT_ONCE = 500


def fit_verification(judged: Sequence[Judged], current: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The parameters for `Verifier`, with `thresholds` and what it was `fitted` to; those in use where data lacks.

    `current`: the parameters in use, by default the shipped ones.
    """
    current = current or shipped()
    wrong, callers = sum(not one.right for one in judged), len({one.caller for one in judged})
    seen = {"turns": len(judged), "wrong": wrong, "callers": callers}
    if len(judged) < LEAST_TURNS or wrong < LEAST_WRONG or callers < LEAST_CALLERS:
        return {**current, "fitted": {**seen, "kept": True}}
    columns = np.array([one.features for one in judged])
    right = np.array([one.right for one in judged])
    scale = np.maximum(columns.std(axis=0), 1e-6)
    before = np.array([*(float(current["weights"][name]) for name in FEATURES), float(current["bias"])])
    # One caller counts no more than a few turns.
    counts = {caller: sum(one.caller == caller for one in judged) for caller in {one.caller for one in judged}}
    weight = np.array([min(1.0, _MOST_OF_CALLER / counts[one.caller]) for one in judged])

    def loss(parameters: Any) -> float:
        logits = columns @ parameters[:-1] + parameters[-1]
        moved = np.append((parameters - before)[:-1] * scale, parameters[-1] - before[-1])
        return float((weight * np.logaddexp(0, np.where(right, -logits, logits))).sum() + _PRIOR * (moved**2).sum())

    fitted = minimize(loss, before, method="L-BFGS-B").x
    scores = expit(columns @ fitted[:-1] + fitted[-1])
    accept = float(np.clip(np.quantile(scores[~right], 1 - MOST_WRONG_ACCEPTED), _LEAST_ACCEPT, _MOST_ACCEPT))
    confirm = float(np.clip(np.quantile(scores[right], MOST_RIGHT_REJECTED), _LEAST_CONFIRM, _MOST_CONFIRM))
    return {
        "weights": {name: round(float(value), 6) for name, value in zip(FEATURES, fitted[:-1], strict=True)},
        "bias": round(float(fitted[-1]), 6),
        "thresholds": {"accept": round(accept, 4), "confirm": round(min(confirm, accept), 4)},
        "fitted": {
            **seen,
            "kept": False,
            "right_accepted": round(float((scores[right] >= accept).mean()), 4),
            "wrong_accepted": round(float((scores[~right] >= accept).mean()), 4),
        },
    }


_MOST_OF_CALLER = 10
"""Turns that one caller counts for at most."""
