"""Text from anywhere becomes plain text, and spans find their way back."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicebot.nlu.normalise import LIMIT, normalise, normalise_with_spans


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("네 맞아요", "네 맞아요"),
        ("  두   개\n주세요\t", "두 개 주세요"),
        ("０１０－１２３４", "010-1234"),
        ("[22] 일에", "22 일에"),
        ("저는 <UNK> 환불", "저는 환불"),
        ("[unk] yes", "yes"),
        ("좋아요😀👍🏽", "좋아요"),
        ("1️⃣ 번", "1 번"),
        ("a\x00b\x07c", "abc"),
        ("٣", "3"),
        ("½", "1/2"),
        ("“네” … 아니요", '"네" 아니요'),
        ("\ud800네", "네"),
        ("2~3일", "2~3일"),
        ("２〜３日", "2~3日"),
        ("￦5,000", "₩5,000"),
        ("", ""),
    ],
)
def test_text_is_made_plain(given_text: str, wanted: str) -> None:
    assert normalise(given_text) == wanted


@given(st.text("가각힣한글 뷁쌍읽abc123", max_size=50))
def test_decomposed_hangul_is_composed(text: str) -> None:
    assert normalise(unicodedata.normalize("NFD", text)) == normalise(text)


@given(st.text())
def test_normalising_twice_changes_nothing_and_spans_lie_in_the_text(text: str) -> None:
    once = normalise_with_spans(text)
    assert normalise(once.text) == once.text
    assert len(once.text) == len(once.starts) == len(once.ends)
    for at in range(len(once.text)):
        start, end = once.given_span(at, at + 1)
        assert 0 <= start < end <= len(text)


def test_long_text_is_cut() -> None:
    assert len(normalise("가 나 " * 5000)) <= LIMIT
    assert len(normalise("😀가" * 10000)) <= LIMIT
