"""The closed form of held-out scores says what training without the group says."""

from __future__ import annotations

import numpy as np
import pytest

from voicebot.nlu.intents_ridge import KernelRidge


@pytest.mark.parametrize("seed", range(3))
def test_held_out_scores_are_those_of_a_model_trained_without_the_group(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(18, 5)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    others = points + 0.1
    labels, groups = np.repeat(np.arange(3), 6), np.tile(np.arange(6), 3)

    def trained(rows: np.ndarray) -> KernelRidge:
        return KernelRidge(points[rows] @ points[rows].T, labels[rows], 3, sharpness=2.0, ridge=0.2)

    model = trained(np.arange(18))
    held_out = model.held_out(groups)
    held_out_texts = model.held_out_texts(others @ points.T, groups, groups)
    for group in range(6):
        rest, out = np.flatnonzero(groups != group), np.flatnonzero(groups == group)
        # Every class loses one example, so that their weights against each other stay.
        without = trained(rest)
        assert without.solution.scores(points[out] @ points[rest].T) == pytest.approx(held_out[out], abs=1e-4)
        assert without.solution.scores(others[out] @ points[rest].T) == pytest.approx(held_out_texts[out], abs=1e-4)
