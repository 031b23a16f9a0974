"""Times of day in replies."""

from __future__ import annotations

import pytest

from voicebot.dialogue.replies import ReplyTemplate


@pytest.mark.parametrize(
    ("value", "korean", "english"),
    [
        ("09:00", "오전 9시", "9 a.m."),
        ("12:00", "오후 12시", "12 p.m."),
        ("18:30", "오후 6시 30분", "6:30 p.m."),
        ("00:05", "오전 12시 5분", "12:05 a.m."),
        ("all day", "all day", "all day"),
    ],
)
def test_a_time_of_day_is_said_as_people_say_it(value: str, korean: str, english: str) -> None:
    template = ReplyTemplate("{office.opens:time}")
    assert template.render({"office": {"opens": value}}, "ko") == korean
    assert template.render({"office": {"opens": value}}, "en") == english
