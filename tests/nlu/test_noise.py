"""The noise model of misrecognition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from voicebot.nlu.noise import misrecognise

KOREAN = "주문하신 상품이 아직 도착하지 않았는데 배송이 언제쯤 되는지 알려 주시겠어요 값은 삼만 원이고 흙색입니다 " * 20
ENGLISH = "my parcel has not arrived yet could you tell me when it will be delivered please " * 20


@pytest.mark.parametrize("text", [KOREAN, ENGLISH])
@pytest.mark.parametrize("rate", [0.05, 0.2, 0.4])
def test_the_character_error_rate_is_about_the_one_asked_for(text: str, rate: float) -> None:
    said, heard = text.replace(" ", ""), misrecognise(text, rate, seed=1).replace(" ", "")
    assert Levenshtein.distance(said, heard) / len(said) == pytest.approx(rate, rel=0.2)


def test_the_same_seed_makes_the_same_mistakes() -> None:
    assert misrecognise(KOREAN, 0.3, seed=5) == misrecognise(KOREAN, 0.3, seed=5)
    assert misrecognise(KOREAN, 0.3, seed=5) != misrecognise(KOREAN, 0.3, seed=6)


def test_nothing_is_misheard_at_rate_zero() -> None:
    assert misrecognise("배송 언제 와요? OK 12", 0.0) == "배송 언제 와요? OK 12"


def test_a_rate_outside_zero_to_one_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        misrecognise("네", 1.5)


@given(st.text(max_size=60), st.floats(0, 1), st.integers(0, 9))
def test_any_text_can_be_misheard(text: str, rate: float, seed: int) -> None:
    heard = misrecognise(text, rate, seed)
    assert heard == " ".join(heard.split())
