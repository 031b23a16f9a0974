"""The first listener's verification, fitted to labelled turns."""

from __future__ import annotations

import random

from voicebot.asr.verification import FEATURES, Thresholds, Verifier, shipped
from voicebot.learning.training.verification import LEAST_TURNS, Judged, fit_verification


def turns(count: int, *, shift: float = 0.0, callers: int = 100) -> list[Judged]:
    """Turns whose truth follows the shipped regression, its bias moved by `shift`."""
    chance, verifier = random.Random(1), Verifier({**shipped(), "bias": shipped()["bias"] + shift})
    made = []
    for number in range(count):
        features = {
            "ratio": chance.gauss(0.1, 0.3),
            "gap": chance.uniform(0.1, 1.6),
            "lead": chance.gauss(0.3, 0.6),
            "silence": chance.uniform(0, 1),
            "haste": chance.uniform(0, 6),
        }
        right = chance.random() < verifier.probability(features)
        made.append(Judged(tuple(features[name] for name in FEATURES), right, f"caller{number % callers}"))
    return made


def test_few_turns_leave_everything_as_it_is() -> None:
    kept = fit_verification(turns(LEAST_TURNS - 1))
    assert kept["fitted"]["kept"]
    assert {name: kept[name] for name in shipped()} == shipped()
    assert fit_verification(turns(2000, callers=3))["fitted"]["kept"]
    assert fit_verification([])["fitted"]["turns"] == 0


def test_many_turns_move_the_regression_towards_what_they_say() -> None:
    usual, moved = fit_verification(turns(3000)), fit_verification(turns(3000, shift=-1.0))
    assert not moved["fitted"]["kept"]
    judged = turns(500, shift=-1.0)
    parameters = (shipped(), usual, moved)
    means = [sum(_probability(each, one) for one in judged) / len(judged) for each in parameters]
    truth = sum(one.right for one in judged) / len(judged)
    assert abs(means[2] - truth) < abs(means[0] - truth) / 2
    assert abs(means[1] - means[0]) < 0.03
    thresholds = Thresholds(**moved["thresholds"])
    assert 0.08 <= thresholds.confirm <= 0.3 <= 0.45 <= thresholds.accept <= 0.85


def test_one_caller_counts_a_few_times() -> None:
    normal = turns(600)
    flood = [Judged(one.features, not one.right, "flood") for one in turns(600)]
    before, after = fit_verification(normal), fit_verification([*normal, *flood])
    moved = max(abs(before["weights"][name] - after["weights"][name]) for name in FEATURES)
    assert moved < 0.2


def _probability(parameters: dict[str, object], one: Judged) -> float:
    return Verifier(parameters).probability(dict(zip(FEATURES, one.features, strict=True)))
