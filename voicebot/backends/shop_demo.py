"""The shop's demonstration back end: orders, stock and returns in SQLite, seeded with ten orders.

Operations: `order.find(number)`, `order.cancel(number)`, `return.request(number)`, `stock.find(product)`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from voicebot.backends.port import BackendError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS product (
    name TEXT PRIMARY KEY, ko TEXT NOT NULL, en TEXT NOT NULL, price INTEGER NOT NULL, stock INTEGER NOT NULL,
    restock_in_days INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS orders (
    number TEXT PRIMARY KEY, product TEXT NOT NULL REFERENCES product(name), status TEXT NOT NULL,
    eta_in_days INTEGER NOT NULL
);
"""

_PRODUCTS = (
    ("shoes", "운동화", "running shoes", 79000, 12, 0),
    ("bag", "가방", "backpack", 45000, 3, 0),
    ("kettle", "전기 주전자", "electric kettle", 39000, 0, 5),
    ("earphones", "무선 이어폰", "wireless earphones", 129000, 27, 0),
    ("coat", "겨울 코트", "winter coat", 189000, 0, 12),
)

_ORDERS = (
    ("12345678", "shoes", "shipping", 1),
    ("12345690", "earphones", "shipping", 2),
    ("20261101", "bag", "delivered", -3),
    ("20261102", "kettle", "delivered", -20),
    ("20261103", "coat", "preparing", 4),
    ("20261104", "earphones", "preparing", 3),
    ("20261105", "shoes", "cancelled", 0),
    ("11112222", "bag", "shipping", 1),
    ("87654321", "kettle", "preparing", 6),
    ("55550000", "coat", "delivered", -1),
)

RETURN_DAYS = 7
"""Days after delivery within which an order may be returned."""


class ShopDemo:
    """Implements the Backend port. Days are counted from `today()`, so that the demonstration never grows old."""

    def __init__(self, path: Path | None = None, *, today: Callable[[], date] = date.today) -> None:
        """`path`: the database file, made and seeded where it is missing; None keeps everything in memory."""
        self._today = today
        self._lock = threading.Lock()
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._database.row_factory = sqlite3.Row
        with self._database:
            self._database.executescript(_SCHEMA)
            self._database.executemany("INSERT OR IGNORE INTO product VALUES (?, ?, ?, ?, ?, ?)", _PRODUCTS)
            self._database.executemany("INSERT OR IGNORE INTO orders VALUES (?, ?, ?, ?)", _ORDERS)
        self._operations: dict[str, Callable[[Mapping[str, Any]], Mapping[str, Any] | None]] = {
            "order.find": lambda arguments: self._order(str(arguments["number"])),
            "order.cancel": lambda arguments: self._cancel(str(arguments["number"])),
            "return.request": lambda arguments: self._return(str(arguments["number"])),
            "stock.find": lambda arguments: self._stock(str(arguments["product"])),
        }

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """See `Backend`."""
        if operation not in self._operations:
            raise BackendError(f"the shop has no operation {operation}")
        try:
            with self._lock:
                return self._operations[operation](arguments)
        except KeyError as error:
            raise BackendError(f"{operation} needs the argument {error}") from None
        except sqlite3.Error as error:
            raise BackendError(f"the shop's database failed: {error}") from None

    def _day(self, offset: int) -> str:
        return (self._today() + timedelta(days=offset)).isoformat()

    def _order(self, number: str) -> dict[str, Any] | None:
        row = self._database.execute(
            "SELECT * FROM orders JOIN product ON product.name = orders.product WHERE number = ?", (number,)
        ).fetchone()
        if row is None:
            return None
        days = row["eta_in_days"]
        return {
            "number": number,
            "status": row["status"],
            "product": {"ko": row["ko"], "en": row["en"]},
            "price": row["price"],
            "eta": self._day(days),
            "returnable": row["status"] == "delivered" and days >= -RETURN_DAYS,
        }

    def _cancel(self, number: str) -> dict[str, Any] | None:
        with self._database:
            changed = self._database.execute(
                "UPDATE orders SET status = 'cancelled' WHERE number = ? AND status = 'preparing'", (number,)
            )
        return {"number": number} if changed.rowcount else None

    def _return(self, number: str) -> dict[str, Any] | None:
        order = self._order(number)
        if order is None or not order["returnable"]:
            return None
        with self._database:
            self._database.execute("UPDATE orders SET status = 'returning' WHERE number = ?", (number,))
        return {"number": number, "day": self._day(1)}

    def _stock(self, product: str) -> dict[str, Any] | None:
        row = self._database.execute("SELECT * FROM product WHERE name = ?", (product,)).fetchone()
        if row is None:
            return None
        return {
            "name": {"ko": row["ko"], "en": row["en"]},
            "price": row["price"],
            "count": row["stock"],
            "available": row["stock"] > 0,
            "restock": self._day(row["restock_in_days"]),
        }
