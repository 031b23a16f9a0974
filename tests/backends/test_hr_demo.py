"""The HR desk's demonstration back end."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from voicebot.backends.hr_demo import MOST_WRONG_TRIES, HrDemo
from voicebot.backends.port import BackendError

SUNDAY = date(2026, 11, 22)


@pytest.fixture
def desk() -> HrDemo:
    return HrDemo(today=lambda: SUNDAY)


def employee(desk: HrDemo, number: str = "120345", pin: str = "2580") -> Any:
    found = desk.call("employee.verify", {"number": number, "pin": pin})
    assert found is not None
    return found["id"]


def ask(desk: HrDemo, operation: str, who: Any, **more: Any) -> Any:
    found = desk.call(operation, {"employee": who, **more})
    assert found is not None
    return found


def test_number_and_pin_together_tell_who_calls(desk: HrDemo) -> None:
    found = desk.call("employee.verify", {"number": "120345", "pin": "2580"})
    assert found is not None
    assert (found["name"]["ko"], found["claims"]) == ("김도윤", 2)
    assert "2580" not in str(found)


@pytest.mark.parametrize(("number", "pin"), [("120345", "0000"), ("000000", "2580"), ("None", "None"), ("", "")])
def test_a_wrong_number_or_pin_tells_nothing(desk: HrDemo, number: str, pin: str) -> None:
    assert desk.call("employee.verify", {"number": number, "pin": pin}) is None


def test_a_number_is_locked_after_too_many_wrong_pins(desk: HrDemo) -> None:
    for _ in range(MOST_WRONG_TRIES):
        assert desk.call("employee.verify", {"number": "120345", "pin": "0000"}) is None
    assert desk.call("employee.verify", {"number": "120345", "pin": "2580"}) is None
    assert employee(desk, "230118", "1470")


def test_a_right_pin_forgives_the_wrong_ones_before_it(desk: HrDemo) -> None:
    for _ in range(MOST_WRONG_TRIES):
        assert desk.call("employee.verify", {"number": "120345", "pin": "0000"}) is None
        if _ < MOST_WRONG_TRIES - 1:
            assert employee(desk)


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("leave.balance", {}),
        ("leave.check", {"day": "2026-11-27", "kind": "full"}),
        ("leave.request", {"day": "2026-11-27", "kind": "full"}),
        ("expense.find", {"kind": None}),
        ("payslip.latest", {}),
        ("payslip.send", {}),
        ("attendance.find", {}),
        ("attendance.correct", {}),
        ("benefit.points", {}),
        ("benefit.checkup", {}),
        ("account.reset", {}),
        ("equipment.request", {"equipment": "laptop"}),
        ("repair.report", {"equipment": "laptop"}),
        ("vpn.check", {}),
        ("vpn.renew", {}),
    ],
)
def test_without_a_verified_employee_nothing_is_told_or_done(desk: HrDemo, operation: str, more: Any) -> None:
    assert desk.call(operation, {"employee": None, **more}) is None


def test_leave_is_told_in_days_and_half_days(desk: HrDemo) -> None:
    leave = ask(desk, "leave.balance", employee(desk))
    assert leave["left"] == {"ko": "11일 반", "en": "11 and a half days"}
    assert leave["until"] == "2026-12-31"
    assert ask(desk, "leave.balance", employee(desk, "190027", "3690"))["left"]["ko"] == "반나절"


@pytest.mark.parametrize(("day", "status"), [("2026-11-27", "free"), ("2026-11-28", "weekend"), ("2026-11-20", "past")])
def test_leave_is_had_on_working_days_to_come(desk: HrDemo, day: str, status: str) -> None:
    assert ask(desk, "leave.check", employee(desk), day=day, kind="full")["status"] == status


def test_leave_that_was_requested_is_taken(desk: HrDemo) -> None:
    who = employee(desk)
    requested = ask(desk, "leave.request", who, day="2026-11-27", kind="morning")
    assert requested["left"]["ko"] == "11일"
    assert ask(desk, "leave.check", who, day="2026-11-27", kind="full")["status"] == "taken"
    assert desk.call("leave.request", {"employee": who, "day": "2026-11-27", "kind": "full"}) is None
    assert ask(desk, "leave.balance", who)["half_days"] == 22


def test_half_a_day_left_is_too_short_for_a_day(desk: HrDemo) -> None:
    who = employee(desk, "190027", "3690")
    assert ask(desk, "leave.check", who, day="2026-11-27", kind="full")["status"] == "short"
    assert ask(desk, "leave.check", who, day="2026-11-27", kind="afternoon")["status"] == "free"


def test_a_day_that_is_none_is_not_found(desk: HrDemo) -> None:
    assert desk.call("leave.check", {"employee": employee(desk), "day": "soon", "kind": "full"}) is None


def test_the_latest_claim_or_the_one_of_a_kind(desk: HrDemo) -> None:
    who = employee(desk)
    claim = ask(desk, "expense.find", who, kind=None)
    assert (claim["status"], claim["name"]["ko"], claim["day"]) == ("approved", "출장비", "2026-12-10")
    assert ask(desk, "expense.find", who, kind="transport")["status"] == "paid"
    assert desk.call("expense.find", {"employee": who, "kind": "meal"}) is None


@pytest.mark.parametrize(
    ("today", "month", "day"),
    [
        (date(2026, 11, 22), "10월", "2026-10-23"),
        (date(2026, 11, 24), "10월", "2026-10-23"),
        (date(2026, 11, 25), "11월", "2026-11-25"),
        (date(2027, 1, 3), "12월", "2026-12-25"),
    ],
)
def test_the_latest_pay_is_that_of_the_last_pay_day(today: date, month: str, day: str) -> None:
    desk = HrDemo(today=lambda: today)
    slip = ask(desk, "payslip.latest", employee(desk))
    assert (slip["month"]["ko"], slip["day"]) == (month, day)
    assert slip["net"] == slip["gross"] - slip["deducted"] == 3_587_700


def test_a_new_employee_has_no_payslip(desk: HrDemo) -> None:
    assert desk.call("payslip.latest", {"employee": employee(desk, "260901", "9512")}) is None


def test_a_missing_clock_out_is_corrected_once(desk: HrDemo) -> None:
    who = employee(desk)
    shown = ask(desk, "attendance.find", who)
    assert (shown["day"], shown["missing"], shown["missing_day"]) == ("2026-11-20", True, "2026-11-17")
    assert ask(desk, "attendance.correct", who)
    assert desk.call("attendance.correct", {"employee": who}) is None
    assert ask(desk, "attendance.find", who)["missing"] is False


def test_points_and_health_check(desk: HrDemo) -> None:
    assert ask(desk, "benefit.points", employee(desk))["said"]["en"] == "320,000 points"
    booked = ask(desk, "benefit.checkup", employee(desk, "190027", "3690"))
    assert booked == {"status": "booked", "day": "2026-12-04"}


def test_equipment_comes_after_three_working_days_under_a_number(desk: HrDemo) -> None:
    who = employee(desk)
    first = ask(desk, "equipment.request", who, equipment="monitor")
    assert first == {"ticket": "11220001", "day": "2026-11-25"}
    assert ask(desk, "equipment.request", who, equipment="monitor") == first
    assert ask(desk, "repair.report", who, equipment="monitor")["ticket"] == "11220002"
    assert desk.call("equipment.request", {"employee": who, "equipment": "printer"}) is None


def test_a_renewed_vpn_is_active(desk: HrDemo) -> None:
    who = employee(desk)
    assert ask(desk, "vpn.check", who)["status"] == "expired"
    assert ask(desk, "vpn.renew", who)["until"] == "2027-05-21"
    assert ask(desk, "vpn.check", who)["status"] == "active"


def test_an_unknown_operation_or_a_missing_argument_is_an_error_without_values(desk: HrDemo) -> None:
    with pytest.raises(BackendError, match="no operation"):
        desk.call("employee.dismiss", {})
    with pytest.raises(BackendError, match="pin") as raised:
        desk.call("employee.verify", {"number": "120345"})
    assert "120345" not in str(raised.value)
