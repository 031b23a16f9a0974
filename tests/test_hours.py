"""Opening hours: when people answer, and how it is said."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from voicebot.hours import Hours, OpeningHours
from voicebot.hours_said import next_said, week_said

SEOUL = ZoneInfo("Asia/Seoul")
OFFICE = {"mon-fri": "09:00-12:00, 13:00-18:30", "sat": "09:00-13:00"}


def at(text: str, zone: ZoneInfo = SEOUL) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def opening(open_at: dict[str, object] | None = None, **others: object) -> OpeningHours:
    return OpeningHours(Hours(open=open_at or OFFICE, **others))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-23T09:00", True),
        ("2026-11-23T08:59", False),
        ("2026-11-23T12:00", False),
        ("2026-11-23T13:00", True),
        ("2026-11-23T18:29", True),
        ("2026-11-23T18:30", False),
        ("2026-11-28T10:00", True),
        ("2026-11-29T10:00", False),
    ],
)
def test_people_answer_in_their_hours(moment: str, is_open: bool) -> None:
    assert opening().is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    "holiday",
    [
        "2026-02-16",  # 설날 연휴 (lunar)
        "2026-02-17",
        "2026-05-25",  # substitute for Buddha's birthday, a Sunday
        "2026-09-24",  # 추석 연휴 (lunar)
        "2026-10-05",  # substitute for National Foundation Day, a Saturday
        "2027-02-09",  # substitute for 설날, a Sunday
        "2028-10-03",  # 추석 and National Foundation Day together
        "2028-10-05",  # the substitute for that
    ],
)
def test_korean_holidays_are_known_years_ahead(holiday: str) -> None:
    moment = at(f"{holiday}T10:00")
    assert opening().is_holiday(moment)
    assert not opening().is_open(moment)
    assert opening(holidays="").is_open(moment)


def test_single_days_are_closed_or_open_besides() -> None:
    hours = opening(closed=[date(2026, 11, 24)], also_open=[date(2026, 9, 24)])
    assert not hours.is_open(at("2026-11-24T10:00"))
    assert hours.is_open(at("2026-09-24T10:00"))


def test_hours_go_past_midnight_and_belong_to_the_day_on_which_they_begin() -> None:
    hours = opening({"fri": "22:00-06:00"})
    assert hours.is_open(at("2026-11-28T05:59")), "Saturday morning"
    assert not hours.is_open(at("2026-11-27T05:59"))
    assert "다음 날 오전 여섯 시까지" in week_said(hours, "ko")


def test_another_time_zone_asks_for_the_time_there() -> None:
    hours = opening({"mon-fri": "09:00-17:00"}, time_zone="America/New_York", holidays="US")
    assert hours.is_open(at("2026-11-24T00:00")), "10 in the morning of Monday in New York"
    assert not hours.is_open(at("2026-11-26T12:00", ZoneInfo("America/New_York"))), "Thanksgiving"


def test_summer_time_changes_nothing_written() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    hours = opening({"mon-sun": "09:00-17:00"}, time_zone="Europe/Berlin", holidays="")
    for day in ("2026-03-28", "2026-03-29", "2026-10-25"):
        assert hours.next_opening(at(f"{day}T01:00", berlin)) == at(f"{day}T09:00", berlin)


@pytest.mark.parametrize(
    ("moment", "korean", "english"),
    [
        ("2026-11-23T07:00", "오늘 오전 아홉 시", "today at nine A M"),
        ("2026-11-23T12:30", "오늘 오후 한 시", "today at one P M"),
        ("2026-11-22T12:00", "내일 오전 아홉 시", "tomorrow at nine A M"),
        ("2026-09-23T20:00", "월요일 오전 아홉 시", "on Monday at nine A M"),
        ("2026-11-23T10:00", "", ""),
    ],
)
def test_the_next_opening_is_said_as_people_say_it(moment: str, korean: str, english: str) -> None:
    assert next_said(opening(), at(moment), "ko") == korean
    assert next_said(opening(), at(moment), "en") == english


def test_a_day_further_away_is_said_by_its_date() -> None:
    hours = opening({"mon": "10:30-12:00"}, closed=[date(2026, 11, 30)])
    assert next_said(hours, at("2026-11-24T10:00"), "ko") == "십이월 칠일 월요일 오전 열 시 반"
    assert next_said(hours, at("2026-11-24T10:00"), "en").startswith("on Monday, December seventh, at ten thirty A M")


def test_the_week_is_said_in_groups_without_digits() -> None:
    assert week_said(opening(), "ko") == (
        "평일 오전 아홉 시부터 낮 열두 시까지, 오후 한 시부터 오후 여섯 시 반까지, "
        "토요일 오전 아홉 시부터 오후 한 시까지"
    )
    assert week_said(opening({"mon-sun": "00:00-24:00"}), "ko") == "매일 이십사 시간"
    assert week_said(opening({"mon-fri": "09:00-18:00"}), "en") == "Monday to Friday from nine A M to six P M"
    assert week_said(OpeningHours(None), "ko") == ""


def test_without_hours_people_always_answer() -> None:
    always = OpeningHours(None)
    assert always.is_open(at("2026-01-01T03:00"))
    assert next_said(always, at("2026-01-01T03:00"), "ko") == ""


def test_hours_that_never_come_say_nothing_of_the_next() -> None:
    never = opening({"mon": "09:00-10:00"}, closed=[date(2026, 11, 23) + timedelta(weeks=n) for n in range(12)])
    assert never.next_opening(at("2026-11-22T00:00")) is None
    assert next_said(never, at("2026-11-22T00:00"), "ko") == ""


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"open": {"mon": "9-18"}}, "09:00-18:00"),
        ({"open": {"mon": "09:00-25:00"}}, "24:00"),
        ({"open": {"mon": "09:60-10:00"}}, "24:00"),
        ({"open": {"monday": "09:00-18:00"}}, "mon-fri"),
        ({"open": "always"}, "mon-fri"),
        ({"open": OFFICE, "time_zone": "Seoul"}, "Asia/Seoul"),
        ({"open": OFFICE, "holidays": "XX"}, "KR"),
        ({"open": OFFICE, "outside": "music"}, "voicemail"),
    ],
)
def test_what_is_written_wrong_is_told_with_what_would_be_right(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Hours(**wrong)  # type: ignore[arg-type]


@given(st.datetimes(datetime(2026, 1, 1), datetime(2029, 12, 31)))
def test_the_next_opening_is_open_and_nothing_before_it_is(moment: datetime) -> None:
    hours, local = opening(), moment.replace(tzinfo=SEOUL)
    following = hours.next_opening(local)
    assert following is not None
    assert following >= local
    assert hours.is_open(following)
    if following > local:
        assert not hours.is_open(local)
        assert not hours.is_open(following - timedelta(seconds=1))
