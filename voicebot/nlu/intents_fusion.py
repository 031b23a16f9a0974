"""From the models' scores to one calibrated probability, and whether anything known is meant at all.

All of it is fitted on held-out scores (see `intents_ridge`), never on a sentence that its model was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit, logsumexp

from voicebot.nlu.intents_ridge import Labels, Matrix

Vector = NDArray[np.float64]

_USUAL_TOTAL = 20.0
_USUAL_ENCODER_SHARE = 0.6
_USUAL_KEPT_SHARE = 0.5
"""What the fit finds on all data sets measured, the total within a factor of two; a prior holds it near. The encoder
keeps this much of its share where a text looks misheard."""
_PRIOR_STRENGTH = 3.0
"""Of that prior, in examples."""
_MISHEARD_SHARE = 0.25
"""What misheard sentences count in the fit of the fusion, to one for the sentences as written."""
_UNKNOWN_MISHEARD = 0.6
"""What misheard sentences count among the unknown, to one among the known, in the fit of the scope."""


@dataclass(frozen=True)
class Seen:
    """What each model says of some texts."""

    scores: tuple[Matrix, ...]
    """One a model (lexical, then encoder), (texts, intents)."""
    nearest: tuple[Matrix, ...]
    """For each model the cosine of each text to its nearest example, (texts,)."""


@dataclass(frozen=True)
class Logistic:
    """A logistic function of some columns."""

    coefficients: tuple[float, ...]
    intercept: float

    def __call__(self, columns: Matrix) -> Vector:
        """The probability of each row of `columns`, (rows, len(coefficients))."""
        return np.asarray(expit(columns @ np.array(self.coefficients) + self.intercept), dtype=np.float64)


def fit_logistic(columns: Matrix, positive: NDArray[np.bool_], weight: Vector, usual: tuple[float, ...]) -> Logistic:
    """Fitted with coefficients of the sign of `usual` (or nought), held near `usual` as if by a few examples.

    The signs are known, and few examples must not be able to turn them: nearer is always likelier.
    """
    signs = np.sign(usual)

    def loss(parameters: Vector) -> float:
        logits = columns @ (signs * parameters[:-1]) + parameters[-1]
        misfit = float((weight * np.logaddexp(0, np.where(positive, -logits, logits))).sum())
        return misfit + 0.05 * _PRIOR_STRENGTH * float(((parameters[:-1] - np.abs(usual)) ** 2).sum())

    start = np.append(np.abs(usual), 0.0)
    bounds = [(0.0, 100.0)] * len(usual) + [(-200.0, 200.0)]
    fitted = minimize(loss, start, method="L-BFGS-B", bounds=bounds).x
    return Logistic(tuple(float(c) for c in signs * fitted[:-1]), float(fitted[-1]))


@dataclass(frozen=True)
class Fusion:
    """Log-linear: p(intent) ~ exp(total x sum of share x score), with shares that depend on how misheard a text looks.

    Encoders lose their footing on misheard text sooner than n-grams do.
    """

    total: float
    clean: tuple[float, ...]
    misheard: tuple[float, ...]
    """The shares of the models, which sum to 1, for a text that looks clean, and for one that looks misheard."""
    noise: Logistic
    """The probability that a text is misheard, from its nearest cosines."""

    def fused(self, seen: Seen) -> Matrix:
        """The scores averaged by share, (texts, intents): about 1 for what is surely meant."""
        doubt = self.noise(np.stack(seen.nearest, axis=1)).astype(np.float32)[:, None]
        average = np.zeros_like(seen.scores[0])
        for clean, misheard, score in zip(self.clean, self.misheard, seen.scores, strict=True):
            average += (np.float32(clean) + np.float32(misheard - clean) * doubt) * score
        return average

    def logits(self, seen: Seen) -> Matrix:
        """Normalised log-probabilities, (texts, intents)."""
        fused = np.float32(self.total) * self.fused(seen)
        found: Matrix = fused - logsumexp(fused, axis=1, keepdims=True).astype(np.float32)
        return found


def fit_fusion(clean: Seen, clean_labels: Labels, misheard: Seen, misheard_labels: Labels) -> Fusion:
    """The weights under which the intents of held-out sentences, as written and misheard, are the likeliest."""
    alone = len(clean.scores) == 1
    columns = np.concatenate([np.stack(clean.nearest, axis=1), np.stack(misheard.nearest, axis=1)])
    dirty = np.repeat([False, True], [len(clean_labels), len(misheard_labels)])
    each = np.where(dirty, _MISHEARD_SHARE / max(1, len(misheard_labels)), (1 - _MISHEARD_SHARE) / len(clean_labels))
    noise = fit_logistic(columns, dirty, each * len(dirty), usual=(-3.0,) * len(clean.nearest))
    kinds = (
        (clean, clean_labels, 1.0),
        (misheard, misheard_labels, _MISHEARD_SHARE * len(clean_labels) / max(1, len(misheard_labels))),
    )

    def fusion(parameters: Vector) -> Fusion:
        if alone:
            return Fusion(float(np.exp(parameters[0])), (1.0,), (1.0,), noise)
        share, kept = (float(value) for value in expit(parameters[1:]))
        return Fusion(float(np.exp(parameters[0])), (1 - share, share), (1 - share * kept, share * kept), noise)

    def loss(parameters: Vector) -> float:
        tried = fusion(parameters)
        misfit = sum(
            weight * -float(tried.logits(seen)[np.arange(len(labels)), labels].sum()) for seen, labels, weight in kinds
        )
        return misfit + _PRIOR_STRENGTH * float(((parameters - usual) ** 2).sum())

    usual = np.array([np.log(_USUAL_TOTAL), *(() if alone else logit([_USUAL_ENCODER_SHARE, _USUAL_KEPT_SHARE]))])
    bounds = [(1.0, 5.0), (-3.0, 3.0), (-3.0, 3.0)][: len(usual)]
    return fusion(minimize(loss, usual, method="L-BFGS-B", bounds=bounds, options={"eps": 1e-3}).x)


def scope_columns(seen: Seen, fusion: Fusion) -> Matrix:
    """What tells known from unknown: the best fused score, about 1 at an example, and what the n-grams say of the
    intent that the encoder finds: two readings err apart, but agree on what is only misheard."""
    found = seen.scores[-1].argmax(axis=1)
    return np.stack([fusion.fused(seen).max(axis=1), seen.scores[0][np.arange(len(found)), found]], axis=1)


def fit_scope(
    known: Matrix, misheard: Matrix, unknown: Matrix, unknown_misheard: Matrix, *, misheard_share: float
) -> Logistic:
    """From the columns of held-out sentences and of sentences whose intent was held out, as written and misheard.

    Known and unknown weigh the same, so that 0.5 is the middle between them. `misheard_share`: what the misheard among
    the known count; among the unknown a little less, for who talks of other things is mostly far from everything.
    """
    columns = np.concatenate([known, misheard, unknown, unknown_misheard])
    unknown_share = _UNKNOWN_MISHEARD * misheard_share
    shares = [
        (len(known), 1 - misheard_share),
        (len(misheard), misheard_share),
        (len(unknown), 1 - unknown_share),
        (len(unknown_misheard), unknown_share),
    ]
    weight = np.concatenate([np.full(count, share / max(1, count)) for count, share in shares]) * len(columns) / 2
    inside = np.repeat([True, False], [len(known) + len(misheard), len(unknown) + len(unknown_misheard)])
    return fit_logistic(columns, inside, weight, usual=(6.0, 2.0))
