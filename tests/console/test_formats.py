"""How values are written for readers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from voicebot.console.formats import Formats

KOREAN = Formats("ko", ZoneInfo("Asia/Seoul"))
ENGLISH = Formats("en", ZoneInfo("Asia/Seoul"))
EVENING = datetime(2026, 3, 2, 12, 5, tzinfo=UTC)


def test_moments_are_told_at_the_operators_place_in_the_readers_way() -> None:
    assert KOREAN.moment(EVENING) == "2026. 3. 2. 오후 9:05"
    assert ENGLISH.moment(EVENING) == "2 Mar 2026, 21:05"
    assert KOREAN.clock(EVENING) == "오후 9:05"
    assert KOREAN.day(date(2026, 3, 2)) == "2026. 3. 2."


def test_numbers_and_shares() -> None:
    assert KOREAN.number(1234567) == "1,234,567"
    assert ENGLISH.number(12.345, 1) == "12.3"
    assert KOREAN.share(0.8767) == "87.7%"
    assert KOREAN.share(1, 0) == "100%"


def test_lengths_of_time() -> None:
    assert KOREAN.duration(303) == "5:03"
    assert ENGLISH.duration(3729) == "1:02:09"
    assert KOREAN.milliseconds(320) == "320 ms"
    assert KOREAN.milliseconds(1440) == "1.4초"


def test_what_is_not_known_is_a_dash() -> None:
    for write in (KOREAN.moment, KOREAN.clock, KOREAN.day, KOREAN.number, KOREAN.share, KOREAN.duration):
        assert write(None) == "–"
