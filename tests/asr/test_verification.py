from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from voicebot.asr.port import Verdict
from voicebot.asr.verification import FEATURES, Findings, Thresholds, Verifier, features, verdict_of

VERIFIER = Verifier()
scores = st.floats(-1e30, 1e4)


@given(scores, scores, scores, st.integers(0, 1000), st.floats(0, 50), st.floats(0, 1000))
def test_any_findings_give_a_probability(
    score: float, rival: float, loop: float, frames: int, silence: float, rate: float
) -> None:
    numbers = features(Findings(score, rival, loop, frames, silence, rate))
    assert set(numbers) == set(FEATURES)
    assert all(math.isfinite(value) for value in numbers.values())
    assert 0 <= VERIFIER.probability(numbers) <= 1


def test_a_clear_lead_is_believed_and_none_is_not() -> None:
    clear = features(Findings(score=280, rival=190, loop=310, frames=100, silence=0.1, phones_a_second=13))
    thin = features(Findings(score=140, rival=139, loop=310, frames=100, silence=0.5, phones_a_second=13))
    assert verdict_of(VERIFIER.probability(clear), Thresholds()) is Verdict.ACCEPT
    assert verdict_of(VERIFIER.probability(thin), Thresholds()) is Verdict.REJECT


def test_a_packs_own_thresholds_decide() -> None:
    assert verdict_of(0.5, Thresholds(accept=0.4, confirm=0.2)) is Verdict.ACCEPT
    assert verdict_of(0.3, Thresholds(accept=0.4, confirm=0.2)) is Verdict.CONFIRM
    assert verdict_of(0.1, Thresholds(accept=0.4, confirm=0.2)) is Verdict.REJECT
