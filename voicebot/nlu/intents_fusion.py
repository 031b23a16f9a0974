"""From two models' scores to one calibrated probability, and whether anything known is meant at all.

Both are fitted on held-out scores (see `intents_ridge`), never on a sentence that its model was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression

from voicebot.nlu.intents_ridge import Labels, Matrix

_USUAL_WEIGHT = 12.0
"""What the weights are on all data sets measured, within a factor of two; a weak prior holds them near it."""

_PRIOR_STRENGTH = 3.0
"""Of that prior: worth so many examples."""


@dataclass(frozen=True)
class Fusion:
    """Log-linear: p(intent) ~ exp(sum of weight x score)."""

    weights: tuple[float, ...]
    """One a model: lexical, then encoder."""

    def logits(self, scores: tuple[Matrix, ...]) -> Matrix:
        """Normalised log-probabilities, (texts, intents)."""
        total = sum(np.float32(weight) * score for weight, score in zip(self.weights, scores, strict=True))
        found: Matrix = np.asarray(total - logsumexp(total, axis=1, keepdims=True), dtype=np.float32)
        return found


def fit_fusion(held_out: tuple[Matrix, ...], labels: Labels) -> Fusion:
    """The weights under which the held-out examples' intents are the likeliest."""
    rows = np.arange(len(labels))
    usual = np.log(_USUAL_WEIGHT / len(held_out))

    def loss(logs: NDArray[np.float64]) -> float:
        logits = Fusion(tuple(np.exp(logs))).logits(held_out)
        return float(-logits[rows, labels].sum() + _PRIOR_STRENGTH * ((logs - usual) ** 2).sum())

    fitted = minimize(loss, np.full(len(held_out), usual), method="Nelder-Mead", options={"xatol": 0.02, "fatol": 0.1})
    return Fusion(tuple(float(weight) for weight in np.exp(np.clip(fitted.x, -4, 5))))


@dataclass(frozen=True)
class Scope:
    """Whether a text is in scope: a logistic function of how close it is to anything known."""

    coefficients: tuple[float, ...]
    intercept: float

    def probability(self, features: Matrix) -> NDArray[np.float64]:
        """Of being in scope, one a row of `scope_features`."""
        logit = features @ np.array(self.coefficients) + self.intercept
        return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)


def scope_features(scores: tuple[Matrix, ...], nearest: tuple[Matrix, ...], fusion: Fusion) -> Matrix:
    """For each model its best score and the cosine to the nearest example; the best fused score and its margin.

    `nearest`: for each model the cosine of each text to its nearest example, (texts,).
    """
    fused = sum(np.float32(weight) * score for weight, score in zip(fusion.weights, scores, strict=True))
    fused = np.asarray(fused) / sum(fusion.weights)
    best = np.sort(fused, axis=1)[:, ::-1]
    second = best[:, 1] if best.shape[1] > 1 else np.zeros_like(best[:, 0])
    columns = [best[:, 0], best[:, 0] - second, *(score.max(axis=1) for score in scores), *nearest]
    return np.stack(columns, axis=1).astype(np.float32)


def fit_scope(known: Matrix, unknown: Matrix) -> Scope:
    """From the features of held-out sentences (`known`) and of sentences whose whole intent was held out (`unknown`).

    Both kinds weigh the same, so that 0.5 is the middle between them.
    """
    features = np.concatenate([known, unknown])
    inside = np.repeat([1, 0], [len(known), len(unknown)])
    # Columns have a like scale (cosines and regression targets); the penalty keeps few examples from overfitting.
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000).fit(features, inside)
    return Scope(tuple(float(c) for c in model.coef_[0]), float(model.intercept_[0]))
