"""The HR desk's demonstration back end: employees and what the company keeps of them in SQLite, seeded with four.

Operations: `employee.verify(number, pin)`; and, for an employee's `id` from there, `leave.balance(employee)`,
`leave.check(employee, day, kind)`, `leave.request(employee, day, kind)`, `expense.find(employee, kind)`,
`payslip.latest(employee)`, `payslip.send(employee)`, `attendance.find(employee)`, `attendance.correct(employee)`,
`benefit.points(employee)`, `benefit.checkup(employee)`, `account.reset(employee)`, `equipment.request(employee,
equipment)`, `repair.report(employee, equipment)`, `vpn.check(employee)`, `vpn.renew(employee)`.
"""

from __future__ import annotations

import hmac
import sqlite3
import threading
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from voicebot.backends.port import BackendError

_SCHEMA = """
CREATE TABLE employee (
    id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, pin TEXT NOT NULL, ko TEXT NOT NULL, en TEXT NOT NULL,
    leave_total INTEGER NOT NULL, leave_used INTEGER NOT NULL, gross INTEGER NOT NULL, deducted INTEGER NOT NULL,
    late INTEGER NOT NULL, missing INTEGER NOT NULL, points INTEGER NOT NULL, checkup TEXT NOT NULL,
    vpn TEXT NOT NULL, phone TEXT NOT NULL, wrong_tries INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE absence (
    employee TEXT NOT NULL REFERENCES employee(id), day TEXT NOT NULL, kind TEXT NOT NULL,
    PRIMARY KEY (employee, day)
);
CREATE TABLE claim (
    employee TEXT NOT NULL REFERENCES employee(id), kind TEXT NOT NULL, amount INTEGER NOT NULL,
    status TEXT NOT NULL, days_from_now INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (employee, kind)
);
CREATE TABLE ticket (number TEXT PRIMARY KEY, employee TEXT NOT NULL, kind TEXT NOT NULL, equipment TEXT NOT NULL);
"""

_EMPLOYEES = (
    ("e1", "120345", "2580", "김도윤", "Doyun Kim", 30, 7, 4_200_000, 612_300),
    ("e2", "230118", "1470", "이서현", "Seohyun Lee", 30, 22, 3_650_000, 498_740),
    ("e3", "190027", "3690", "박준영", "Junyoung Park", 34, 33, 5_100_000, 801_260),
    ("e4", "260901", "9512", "에마 윌슨", "Emma Wilson", 4, 0, 0, 0),
)
"""Leave in half days; pay in won a month, 0 where none was paid yet."""

_RECORDS = (
    ("e1", 1, 1, 320_000, "due", "expired", "4821"),
    ("e2", 2, 0, 150_000, "done", "active", "0937"),
    ("e3", 0, 0, 0, "booked", "none", "2264"),
    ("e4", 0, 0, 100_000, "due", "active", "5518"),
)
"""Late days this month, whether a clock-out is missing, benefit points, health check, VPN, end of the mobile number."""

_CLAIMS = (
    ("e1", "trip", 248_000, "approved", 18, ""),
    ("e1", "transport", 32_400, "paid", -12, ""),
    ("e2", "meal", 45_000, "waiting", 0, ""),
    ("e4", "supplies", 27_500, "returned", 0, "receipt"),
)

_CLAIM_NAMES = {
    "transport": {"ko": "교통비", "en": "transport"},
    "meal": {"ko": "식대", "en": "meal"},
    "trip": {"ko": "출장비", "en": "business trip"},
    "card": {"ko": "법인카드", "en": "company card"},
    "supplies": {"ko": "도서비", "en": "books and supplies"},
}
_REASONS = {"receipt": {"ko": "영수증이 첨부되지 않아서", "en": "the receipt is missing"}, "": {"ko": "", "en": ""}}
_APPROVER = {"ko": "정하윤 팀장님", "en": "Hayun Jung"}

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_HALF_DAYS = {"full": 2, "morning": 1, "afternoon": 1}
"""Kind of leave -> half days that it takes."""
_REQUESTABLE = frozenset({"laptop", "monitor", "keyboard", "mouse", "headset"})
"""Equipment that every employee gets on request."""

MOST_WRONG_TRIES = 3
"""Wrong PINs after which a number is locked until a person has unlocked it."""
PAY_DAY = 25
"""Day of the month on which pay is due; where that is a weekend, the Friday before."""
EQUIPMENT_WORKING_DAYS = 3
"""Working days until equipment lies on the desk."""
CHECKUP_BOOKED_DAYS = 12
"""Days until a booked health check."""
VPN_DAYS = 180
"""Days that access to the VPN lasts."""


class HrDemo:
    """Implements the Backend port. Days are counted from `today()`; everything is kept in memory."""

    def __init__(self, *, today: Callable[[], date] = date.today) -> None:
        self._today = today
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        records = {record[0]: record[1:] for record in _RECORDS}
        with self._database as database:
            database.executescript(_SCHEMA)
            marks = ", ".join("?" * 15)
            rows = [(*employee, *records[employee[0]]) for employee in _EMPLOYEES]
            database.executemany(f"INSERT INTO employee VALUES ({marks}, 0)", rows)
            database.executemany("INSERT INTO claim VALUES (?, ?, ?, ?, ?, ?)", _CLAIMS)
        self._operations: dict[str, Callable[[sqlite3.Row, Mapping[str, Any]], Mapping[str, Any] | None]] = {
            "leave.balance": lambda who, _: self._leave(who),
            "leave.check": lambda who, given: self._check_leave(who, str(given["day"]), str(given["kind"])),
            "leave.request": lambda who, given: self._request_leave(who, str(given["day"]), str(given["kind"])),
            "expense.find": lambda who, given: self._claim(who, given["kind"]),
            "payslip.latest": lambda who, _: self._payslip(who),
            "payslip.send": lambda who, _: {"sent": True} if who["gross"] else None,
            "attendance.find": lambda who, _: self._attendance(who),
            "attendance.correct": lambda who, _: self._correct_attendance(who),
            "benefit.points": lambda who, _: self._points(who),
            "benefit.checkup": lambda who, _: self._checkup(who),
            "account.reset": lambda who, _: {"phone": who["phone"]},
            "equipment.request": lambda who, given: self._request_equipment(who, given["equipment"]),
            "repair.report": lambda who, given: self._report_repair(who, given["equipment"]),
            "vpn.check": lambda who, _: {"status": who["vpn"]},
            "vpn.renew": lambda who, _: self._renew_vpn(who),
        }

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """See `Backend`."""
        try:
            with self._lock, self._database:
                if operation == "employee.verify":
                    return self._verify(str(arguments["number"]), str(arguments["pin"]))
                if operation not in self._operations:
                    raise BackendError(f"the HR desk has no operation {operation}")
                rows = self._rows("SELECT * FROM employee WHERE id = ?", arguments["employee"])
                return self._operations[operation](rows[0], arguments) if rows else None
        except KeyError as error:
            raise BackendError(f"{operation} needs the argument {error}") from None
        except sqlite3.Error as error:
            raise BackendError(f"the HR desk's database failed: {error}") from None

    def _day(self, offset: int) -> str:
        return (self._today() + timedelta(days=offset)).isoformat()

    def _year_end(self) -> str:
        return self._today().replace(month=12, day=31).isoformat()

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self._database.execute(query, values).fetchall()

    def _verify(self, number: str, pin: str) -> dict[str, Any] | None:
        """The employee where number and PIN agree. A locked number never agrees, so that guessing leads nowhere."""
        rows = self._rows("SELECT * FROM employee WHERE number = ?", number)
        if not rows or rows[0]["wrong_tries"] >= MOST_WRONG_TRIES:
            return None
        who = rows[0]
        right = hmac.compare_digest(str(who["pin"]).encode(), pin.encode())
        self._rows(
            "UPDATE employee SET wrong_tries = ? WHERE id = ?", 0 if right else who["wrong_tries"] + 1, who["id"]
        )
        if not right:
            return None
        claims = self._rows("SELECT kind FROM claim WHERE employee = ? ORDER BY rowid", who["id"])
        return {"id": who["id"], "name": {"ko": who["ko"], "en": who["en"]}, "claims": len(claims)}

    def _leave(self, who: sqlite3.Row) -> dict[str, Any]:
        left = who["leave_total"] - who["leave_used"]
        return {
            "half_days": left,
            "left": _days(left),
            "used": _days(who["leave_used"]),
            "total": _days(who["leave_total"]),
            "until": self._year_end(),
        }

    def _check_leave(self, who: sqlite3.Row, day: str, kind: str) -> dict[str, Any] | None:
        """Whether leave may be had: `free`, `past`, `weekend`, `taken`, or `short` where too little is left."""
        try:
            wanted = date.fromisoformat(day)
        except ValueError:
            return None
        if kind not in _HALF_DAYS:
            return None
        left = who["leave_total"] - who["leave_used"]
        if wanted < self._today():
            status = "past"
        elif wanted.weekday() >= 5:
            status = "weekend"
        elif self._rows("SELECT 1 FROM absence WHERE employee = ? AND day = ?", who["id"], day):
            status = "taken"
        else:
            status = "free" if left >= _HALF_DAYS[kind] else "short"
        return {"status": status, "left": _days(left)}

    def _request_leave(self, who: sqlite3.Row, day: str, kind: str) -> dict[str, Any] | None:
        checked = self._check_leave(who, day, kind)
        if checked is None or checked["status"] != "free":
            return None
        used = who["leave_used"] + _HALF_DAYS[kind]
        self._rows("INSERT INTO absence VALUES (?, ?, ?)", who["id"], day, kind)
        self._rows("UPDATE employee SET leave_used = ? WHERE id = ?", used, who["id"])
        return {"left": _days(who["leave_total"] - used), "approver": _APPROVER}

    def _claim(self, who: sqlite3.Row, kind: Any) -> dict[str, Any] | None:
        """The latest claim, of this kind where one is named."""
        rows = self._rows(
            "SELECT * FROM claim WHERE employee = ? AND kind LIKE ? ORDER BY rowid", who["id"], kind or "%"
        )
        if not rows:
            return None
        claim = rows[0]
        return {
            "status": claim["status"],
            "name": _CLAIM_NAMES[claim["kind"]],
            "amount": claim["amount"],
            "day": self._day(claim["days_from_now"]),
            "reason": _REASONS[claim["reason"]],
            "approver": _APPROVER,
        }

    def _payslip(self, who: sqlite3.Row) -> dict[str, Any] | None:
        """The latest pay: that of this month from its pay day on."""
        if not who["gross"]:
            return None
        today = self._today()
        paid = _pay_day(today.replace(day=1))
        if paid > today:
            paid = _pay_day((today.replace(day=1) - timedelta(days=1)).replace(day=1))
        return {
            "month": {"ko": f"{paid.month}월", "en": _MONTHS[paid.month - 1]},
            "gross": who["gross"],
            "deducted": who["deducted"],
            "net": who["gross"] - who["deducted"],
            "day": paid.isoformat(),
        }

    def _attendance(self, who: sqlite3.Row) -> dict[str, Any]:
        """The last working day before today, and what this month shows; a missing clock-out lies three before it."""
        last = _working_day(self._today(), -1)
        return {
            "day": last.isoformat(),
            "came": "08:52",
            "left": "18:10",
            "late": who["late"],
            "missing": bool(who["missing"]),
            "missing_day": _working_day(last, -3).isoformat(),
            "end_of_work": "18:00",
        }

    def _correct_attendance(self, who: sqlite3.Row) -> dict[str, Any] | None:
        if not who["missing"]:
            return None
        self._rows("UPDATE employee SET missing = 0 WHERE id = ?", who["id"])
        return {"approver": _APPROVER}

    def _points(self, who: sqlite3.Row) -> dict[str, Any]:
        points = who["points"]
        return {
            "points": points,
            "said": {"ko": f"{points:,}점", "en": f"{points:,} points"},
            "until": self._year_end(),
        }

    def _checkup(self, who: sqlite3.Row) -> dict[str, Any]:
        day = self._day(CHECKUP_BOOKED_DAYS) if who["checkup"] == "booked" else self._year_end()
        return {"status": who["checkup"], "day": day}

    def _ticket(self, who: sqlite3.Row, kind: str, equipment: str) -> str:
        """The number of a new ticket, or of the one that was opened for the same before."""
        same = self._rows(
            "SELECT number FROM ticket WHERE employee = ? AND kind = ? AND equipment = ?", who["id"], kind, equipment
        )
        if same:
            return str(same[0]["number"])
        number = f"{self._today():%m%d}{self._rows('SELECT COUNT(*) AS made FROM ticket')[0]['made'] + 1:04}"
        self._rows("INSERT INTO ticket VALUES (?, ?, ?, ?)", number, who["id"], kind, equipment)
        return number

    def _request_equipment(self, who: sqlite3.Row, equipment: Any) -> dict[str, Any] | None:
        if equipment not in _REQUESTABLE:
            return None
        day = _working_day(self._today(), EQUIPMENT_WORKING_DAYS).isoformat()
        return {"ticket": self._ticket(who, "equipment", equipment), "day": day}

    def _report_repair(self, who: sqlite3.Row, equipment: Any) -> dict[str, Any] | None:
        if not equipment:
            return None
        day = _working_day(self._today(), 1).isoformat()
        return {"ticket": self._ticket(who, "repair", str(equipment)), "day": day}

    def _renew_vpn(self, who: sqlite3.Row) -> dict[str, Any]:
        self._rows("UPDATE employee SET vpn = 'active' WHERE id = ?", who["id"])
        return {"until": self._day(VPN_DAYS)}


def _days(halves: int) -> dict[str, str]:
    """Half days as they are said: 5 is "2일 반", "2 and a half days"."""
    whole, half = divmod(halves, 2)
    if whole == 0 and half:
        return {"ko": "반나절", "en": "half a day"}
    if half:
        return {"ko": f"{whole}일 반", "en": f"{whole} and a half days"}
    return {"ko": f"{whole}일", "en": f"{whole} day{'' if whole == 1 else 's'}"}


def _pay_day(first: date) -> date:
    """When the pay of the month that begins on `first` comes."""
    day = first.replace(day=PAY_DAY)
    return day - timedelta(days=max(0, day.weekday() - 4))


def _working_day(start: date, working_days: int) -> date:
    """So many working days after `start`, or before it. Public holidays are not known."""
    day, step = start, 1 if working_days > 0 else -1
    for _ in range(abs(working_days)):
        day += timedelta(days=step)
        while day.weekday() >= 5:
            day += timedelta(days=step)
    return day
