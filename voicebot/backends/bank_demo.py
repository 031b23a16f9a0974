"""The bank's demonstration back end: customers, accounts and cards in SQLite, seeded with five customers.

Operations: `customer.verify(number, pin)`; and, for a customer's `id` from there, `account.find(customer, account)`,
`account.history(customer, account)`, `card.find(customer, card)`, `card.block(customer, card)`,
`card.reissue(customer, card)`, `loan.limit(customer, loan)`, `product.suggest(customer)`. `account` is one of
checking, savings, deposit, and `card` one of check, credit, both; None where the customer has one only.
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
CREATE TABLE customer (
    id TEXT PRIMARY KEY, number TEXT NOT NULL UNIQUE, pin TEXT NOT NULL, ko TEXT NOT NULL, en TEXT NOT NULL,
    age INTEGER NOT NULL, yearly_income INTEGER NOT NULL, salary_here INTEGER NOT NULL,
    wrong_tries INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE account (
    customer TEXT NOT NULL REFERENCES customer(id), kind TEXT NOT NULL, balance INTEGER NOT NULL,
    PRIMARY KEY (customer, kind)
);
CREATE TABLE movement (
    customer TEXT NOT NULL, kind TEXT NOT NULL, days_ago INTEGER NOT NULL, ko TEXT NOT NULL, en TEXT NOT NULL,
    amount INTEGER NOT NULL, FOREIGN KEY (customer, kind) REFERENCES account(customer, kind)
);
CREATE TABLE card (
    customer TEXT NOT NULL REFERENCES customer(id), kind TEXT NOT NULL, status TEXT NOT NULL,
    reference TEXT NOT NULL DEFAULT '', PRIMARY KEY (customer, kind)
);
"""

_CUSTOMERS = (
    ("c1", "12345678", "2580", "김민서", "Minseo Kim", 34, 52_000_000, 1),
    ("c2", "23456789", "1470", "이준호", "Junho Lee", 67, 18_000_000, 1),
    ("c3", "34567890", "3690", "박서연", "Seoyeon Park", 22, 9_000_000, 0),
    ("c4", "45678901", "9512", "대니얼 카터", "Daniel Carter", 41, 74_000_000, 0),
    ("c5", "56789012", "7531", "최영자", "Youngja Choi", 58, 26_000_000, 0),
)

_ACCOUNTS = (
    ("c1", "checking", 1_284_500),
    ("c1", "savings", 4_800_000),
    ("c2", "checking", 38_650_000),
    ("c3", "checking", 412_300),
    ("c4", "checking", 6_093_000),
    ("c4", "deposit", 20_000_000),
    ("c5", "checking", 875_000),
)

_MOVEMENTS = (
    ("c1", "checking", 1, "가온마트", "Gaon Mart", -23_400),
    ("c1", "checking", 2, "김하늘", "Haneul Kim", 50_000),
    ("c1", "checking", 4, "전기요금", "the electricity bill", -41_280),
    ("c1", "checking", 12, "급여", "salary", 3_450_000),
    ("c1", "savings", 7, "적금 납입", "the monthly deposit", 400_000),
    ("c2", "checking", 3, "국민연금", "the National Pension", 620_000),
    ("c2", "checking", 5, "가온약국", "Gaon Pharmacy", -12_700),
    ("c3", "checking", 1, "편의점", "a convenience store", -4_800),
    ("c4", "checking", 2, "월세", "rent", -850_000),
    ("c4", "checking", 2, "이자", "interest", 1_030),
)

_CARDS = (
    ("c1", "check", "active"),
    ("c1", "credit", "active"),
    ("c2", "check", "active"),
    ("c3", "check", "active"),
    ("c4", "credit", "blocked"),
)

_ACCOUNT_NAMES = {
    "checking": {"ko": "입출금 통장", "en": "checking account"},
    "savings": {"ko": "적금", "en": "savings plan"},
    "deposit": {"ko": "정기예금", "en": "time deposit"},
}
_CARD_NAMES = {
    "check": {"ko": "체크카드", "en": "debit card"},
    "credit": {"ko": "신용카드", "en": "credit card"},
    "both": {"ko": "체크카드와 신용카드", "en": "debit card and credit card"},
}

_LOANS: Mapping[str, tuple[float, int, str]] = {
    "personal": (0.8, 50_000_000, "5.2"),
    "lease": (3.0, 200_000_000, "3.9"),
    "mortgage": (5.0, 400_000_000, "4.1"),
}
"""Loan -> multiple of the yearly income, most won, lowest yearly rate in percent."""

LEAST_INCOME = 12_000_000
"""Won a year from which the bank reckons a limit."""
MOST_WRONG_TRIES = 3
"""Wrong PINs after which a number is locked until a person has unlocked it."""
IDLE_BALANCE = 20_000_000
"""Won on a checking account from which a time deposit is suggested."""
REISSUE_DAYS = 3
"""Days until a new card arrives."""
MOVEMENTS_TOLD = 4
"""As many movements as are told on the telephone, two at a time."""


class BankDemo:
    """Implements the Backend port. Days are counted from `today()`; everything is kept in memory."""

    def __init__(self, *, today: Callable[[], date] = date.today) -> None:
        self._today = today
        self._lock = threading.Lock()
        self._database = sqlite3.connect(":memory:", check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        with self._database as database:
            database.executescript(_SCHEMA)
            columns = "id, number, pin, ko, en, age, yearly_income, salary_here"
            database.executemany(f"INSERT INTO customer ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _CUSTOMERS)
            database.executemany("INSERT INTO account VALUES (?, ?, ?)", _ACCOUNTS)
            database.executemany("INSERT INTO movement VALUES (?, ?, ?, ?, ?, ?)", _MOVEMENTS)
            database.executemany("INSERT INTO card (customer, kind, status) VALUES (?, ?, ?)", _CARDS)
        self._operations: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any] | None]] = {
            "customer.verify": lambda given: self._verify(str(given["number"]), str(given["pin"])),
            "account.find": lambda given: self._account(given["customer"], given["account"]),
            "account.history": lambda given: self._history(given["customer"], given["account"]),
            "card.find": lambda given: self._card(given["customer"], given["card"]),
            "card.block": lambda given: self._block(given["customer"], given["card"]),
            "card.reissue": lambda given: self._reissue(given["customer"], given["card"]),
            "loan.limit": lambda given: self._loan(given["customer"], given["loan"]),
            "product.suggest": lambda given: self._product(given["customer"]),
        }

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """See `Backend`."""
        if operation not in self._operations:
            raise BackendError(f"the bank has no operation {operation}")
        try:
            with self._lock, self._database:
                return self._operations[operation](arguments)
        except KeyError as error:
            raise BackendError(f"{operation} needs the argument {error}") from None
        except sqlite3.Error as error:
            raise BackendError(f"the bank's database failed: {error}") from None

    def _day(self, offset: int) -> str:
        return (self._today() + timedelta(days=offset)).isoformat()

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self._database.execute(query, values).fetchall()

    def _verify(self, number: str, pin: str) -> dict[str, Any] | None:
        """The customer where number and PIN agree. A locked number never agrees, so that guessing leads nowhere."""
        rows = self._rows("SELECT * FROM customer WHERE number = ?", number)
        if not rows or rows[0]["wrong_tries"] >= MOST_WRONG_TRIES:
            return None
        customer = rows[0]
        right = hmac.compare_digest(str(customer["pin"]).encode(), pin.encode())
        self._rows(
            "UPDATE customer SET wrong_tries = ? WHERE id = ?",
            0 if right else customer["wrong_tries"] + 1,
            customer["id"],
        )
        if not right:
            return None
        return {
            "id": customer["id"],
            "name": {"ko": customer["ko"], "en": customer["en"]},
            "accounts": len(self._rows("SELECT kind FROM account WHERE customer = ?", customer["id"])),
            "cards": len(self._rows("SELECT kind FROM card WHERE customer = ?", customer["id"])),
        }

    def _account(self, customer: Any, account: Any) -> dict[str, Any] | None:
        rows = self._rows(
            "SELECT * FROM account WHERE customer = ? AND kind = ?",
            customer,
            "checking" if account is None else account,
        )
        if not rows:
            return None
        return {"name": _ACCOUNT_NAMES[rows[0]["kind"]], "kind": rows[0]["kind"], "balance": rows[0]["balance"]}

    def _history(self, customer: Any, account: Any) -> dict[str, Any] | None:
        """The latest movements, newest first: `latest` and `before`, `earlier` and `earliest`, as far as there are."""
        found = self._account(customer, account)
        if found is None:
            return None
        rows = self._rows(
            "SELECT * FROM movement WHERE customer = ? AND kind = ? ORDER BY days_ago LIMIT ?",
            *(customer, found["kind"], MOVEMENTS_TOLD),
        )
        told = [
            {
                "day": self._day(-row["days_ago"]),
                "name": {"ko": row["ko"], "en": row["en"]},
                "amount": abs(row["amount"]),
                "way": {"ko": "입금", "en": "in"} if row["amount"] > 0 else {"ko": "출금", "en": "out"},
            }
            for row in rows
        ]
        names = ("latest", "before", "earlier", "earliest")
        return {"name": found["name"], "count": len(told), **dict(zip(names, told, strict=False))}

    def _cards(self, customer: Any, card: Any) -> list[sqlite3.Row]:
        """The cards meant: all of the customer's for `both` and for None."""
        wanted = "%" if card in (None, "both") else card
        return self._rows("SELECT * FROM card WHERE customer = ? AND kind LIKE ? ORDER BY kind", customer, wanted)

    def _card(self, customer: Any, card: Any) -> dict[str, Any] | None:
        cards = self._cards(customer, card)
        if not cards:
            return None
        active = any(one["status"] == "active" for one in cards)
        return {
            "name": _CARD_NAMES["both" if len(cards) > 1 else cards[0]["kind"]],
            "status": "active" if active else "blocked",
        }

    def _block(self, customer: Any, card: Any) -> dict[str, Any] | None:
        """Block what is not blocked yet, under one reference number; asked again, it answers the same number."""
        cards = self._cards(customer, card)
        if not cards:
            return None
        reference = next((one["reference"] for one in cards if one["reference"]), "")
        if not reference:
            made = self._rows("SELECT COUNT(DISTINCT reference) AS made FROM card WHERE reference != ''")[0]["made"]
            reference = f"{self._today():%m%d}{made + 1:04}"
        for one in cards:
            self._rows(
                "UPDATE card SET status = 'blocked', reference = ? WHERE customer = ? AND kind = ?",
                *(one["reference"] or reference, customer, one["kind"]),
            )
        return {"reference": reference}

    def _reissue(self, customer: Any, card: Any) -> dict[str, Any] | None:
        return {"day": self._day(REISSUE_DAYS)} if self._cards(customer, card) else None

    def _loan(self, customer: Any, loan: Any) -> dict[str, Any] | None:
        rows = self._rows("SELECT yearly_income FROM customer WHERE id = ?", customer)
        if not rows or loan not in _LOANS:
            return None
        multiple, most, rate = _LOANS[loan]
        income = rows[0]["yearly_income"]
        if income < LEAST_INCOME:
            return {"possible": False}
        limit = min(int(income * multiple), most) // 1_000_000 * 1_000_000
        return {"possible": True, "limit": limit, "rate": rate}

    def _product(self, customer: Any) -> dict[str, Any] | None:
        """What suits the customer's age, balance and habits, with the reason: the first that applies."""
        rows = self._rows("SELECT * FROM customer WHERE id = ?", customer)
        if not rows:
            return None
        balances = {
            row["kind"]: row["balance"] for row in self._rows("SELECT * FROM account WHERE customer = ?", customer)
        }
        if balances.get("checking", 0) >= IDLE_BALANCE:
            return {"reason": "idle_money", "name": {"ko": "가온 정기예금", "en": "Gaon Time Deposit"}, "rate": "3.1"}
        if rows[0]["age"] < 30:
            return {"reason": "young", "name": {"ko": "가온 청년적금", "en": "Gaon Youth Savings"}, "rate": "4.5"}
        if not rows[0]["salary_here"]:
            return {"reason": "salary", "name": {"ko": "가온 급여통장", "en": "Gaon Salary Account"}, "rate": "2.0"}
        return {"reason": "saving", "name": {"ko": "가온 자유적금", "en": "Gaon Flexible Savings"}, "rate": "3.6"}
