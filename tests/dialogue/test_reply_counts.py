"""How counts are said in replies."""

from __future__ import annotations

import pytest

from voicebot.dialogue.replies import ReplyTemplate


@pytest.mark.parametrize(
    ("value", "said"), [(850, "850포인트"), (12400, "12,400포인트"), ("1234567", "1,234,567포인트")]
)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_count_has_its_thousands_apart(value: int | str, said: str, language: str) -> None:
    assert ReplyTemplate("{points:count}포인트").render({"points": value}, language) == said
