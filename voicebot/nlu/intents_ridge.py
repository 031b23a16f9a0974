"""Kernel ridge regression to classes: what it would have said of a sentence it never saw comes exactly and for free.

Few sentences an intent leave none to spare for setting weights and thresholds. The scores of an example with its whole
group left out of training follow in closed form from the full solution (the leave-one-out formula of Rifkin and
Lippert, Notes on Regularized Least Squares, MIT 2007, for blocks):

    f_g = Y_g - (A_gg)^-1 (A Y)_g        with A = (K + ridge I)^-1

A group of one sentence and its misheard versions tells how sure to be; a group of all sentences of an intent tells what
the others make of something that is out of their scope.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Matrix = NDArray[np.float32]
Labels = NDArray[np.intp]


def kernel(similarity: Matrix, sharpness: float) -> Matrix:
    """The kernel value of cosines: exp(sharpness (cosine - 1)), the Gaussian kernel on the unit sphere."""
    value: Matrix = np.exp(np.float32(sharpness) * (similarity - np.float32(1)), dtype=np.float32)
    return value


@dataclass(frozen=True)
class Solution:
    """One score an intent: about 1 for what is surely meant, about 0 for the rest and far from all examples."""

    weights: Matrix
    """(examples, classes)"""
    sharpness: float

    def scores(self, similarity: Matrix) -> Matrix:
        """The scores of texts, (m, classes), from their cosines to the examples, (m, n)."""
        found: Matrix = kernel(similarity, self.sharpness) @ self.weights
        return found


class KernelRidge:
    """The fit of a solution, and what it would say of its examples had it not been fitted to them."""

    def __init__(self, similarity: Matrix, labels: Labels, classes: int, *, sharpness: float, ridge: float) -> None:
        """`similarity`: cosines between the examples, (n, n); `labels`: their classes, from 0 to `classes` - 1."""
        self._sharpness = sharpness
        examples = len(labels)
        target = np.zeros((examples, classes), np.float64)
        target[np.arange(examples), labels] = 1
        self._target = target
        # An intent with few examples weighs as much as one with many.
        count = np.bincount(labels, minlength=classes)[labels]
        penalty = ridge * np.clip(count / count.mean(), 0.25, 4)
        system = kernel(similarity, sharpness).astype(np.float64)
        system[np.diag_indices(examples)] += penalty
        factor = cho_factor(system, lower=True, overwrite_a=True)
        self._inverse: NDArray[np.float64] = cho_solve(factor, np.eye(examples), overwrite_b=True)
        self._solution: NDArray[np.float64] = self._inverse @ target
        self.solution = Solution(self._solution.astype(np.float32), sharpness)

    def held_out(self, groups: Labels) -> Matrix:
        """The scores of each example had its group not been trained on, (n, classes)."""
        found = np.empty_like(self._target)
        order = np.argsort(groups, kind="stable")
        for members in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
            block = self._inverse[np.ix_(members, members)]
            found[members] = self._target[members] - np.linalg.solve(block, self._solution[members])
        return found.astype(np.float32)

    def held_out_texts(self, similarity: Matrix, text_groups: Labels, groups: Labels) -> Matrix:
        """The scores of other texts had the examples of their own group not been trained on, (m, classes).

        `similarity`: cosines of the texts to the examples, (m, n); `text_groups`: the group of each text, (m,).
        """
        values = kernel(similarity, self._sharpness).astype(np.float64)
        found = values @ self._solution
        for group in np.unique(text_groups):
            texts, members = np.flatnonzero(text_groups == group), np.flatnonzero(groups == group)
            block = self._inverse[np.ix_(members, members)]
            found[texts] -= values[texts] @ self._inverse[:, members] @ np.linalg.solve(block, self._solution[members])
        return found.astype(np.float32)
