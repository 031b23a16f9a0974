"""Where long sentences are begun."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from voicebot.tts.clauses import first_clause


@pytest.mark.parametrize(
    ("sentence", "language", "first"),
    [
        (
            "죄송하지만 지금은 상담원이 모두 통화 중이어서, 번호를 남겨 주시면 다시 연락드리겠습니다.",
            "ko",
            "죄송하지만 지금은 상담원이 모두 통화 중이어서,",
        ),
        (
            "환불은 영업일 기준 삼 일에서 오 일 정도 걸리지만 카드사에 따라 조금 더 늦어질 수도 있습니다.",
            "ko",
            "환불은 영업일 기준 삼 일에서 오 일 정도 걸리지만",
        ),
        (
            "Your parcel left our warehouse this morning, and it will arrive between nine and eleven tomorrow.",
            "en",
            "Your parcel left our warehouse this morning,",
        ),
        (
            "We could not find an order with this number because it was placed more than two years ago by telephone.",
            "en",
            "We could not find an order with this number",
        ),
    ],
)
def test_a_long_sentence_is_cut_where_a_speaker_would_breathe(sentence: str, language: str, first: str) -> None:
    assert first_clause(sentence, language) == (first, sentence.removeprefix(first).strip())


@pytest.mark.parametrize(
    ("sentence", "language"),
    [
        ("네, 알겠습니다.", "ko"),
        ("It costs 12,900 won, and that is all.", "en"),
        ("The number of your order is 1,234,567,890,123,456,789,012,345,678,901,234,567,890,123,456 altogether", "en"),
        (
            '<prosody rate="slow">주문번호를 천천히 말씀해 주시면, 바로 확인해 드리겠습니다.</prosody>',
            "ko",
        ),
    ],
)
def test_others_are_left_whole(sentence: str, language: str) -> None:
    assert first_clause(sentence, language) == (sentence, "")


@given(st.text(alphabet="가나다지만고 ,;:.1abc<>", max_size=200), st.sampled_from(["ko", "en", "de"]))
def test_no_word_is_lost(sentence: str, language: str) -> None:
    first, rest = first_clause(sentence, language)
    assert (first + rest).replace(" ", "") == sentence.replace(" ", "")
