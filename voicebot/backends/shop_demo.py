"""The shop's demonstration back end: orders, stock, returns and points in SQLite, seeded with a small shop.

Operations; arguments in brackets may be missing or None:

    order.find(number)                   the order, and what may still be done with it
    order.cancel(number)                 None once it was sent
    order.change_address(number, place)  to an address of the caller's address book; None once it was sent
    order.address_link(number)           texts a link to enter a new address; None once it was sent
    order.change_option(number, option)  None once it was sent
    option.find(number, option)          whether the ordered product comes in that colour or size
    delivery.trace(number)               asks the carrier where a parcel is
    return.quote(number, [reason])       what a return would cost; None where the order can't be returned
    return.request(number, [reason])     the same, and the day on which it is fetched
    exchange.request(number, option)     None where the order can't be exchanged
    stock.find(product)
    stock.notify(product, [phone], [caller])
    recommend.for([caller], [number])    from what was bought before; what sells best where nothing is known
    points.find(number)                  by membership number
    review.store(rating, [number], [caller])
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from voicebot.backends.port import BackendError
from voicebot.backends.shop_demo_seed import ADDRESSES, GOES_WITH, MEMBERS, OPTIONS, ORDERS, PRODUCTS, SCHEMA

RETURN_DAYS = 7
"""Days after delivery within which an order may be returned or exchanged."""
RETURN_FEE = 5000
"""What sending back costs in won, unless the shop is to blame."""
SHOPS_FAULT = ("faulty", "wrong")
"""Reasons to return that cost the caller nothing."""
SAME = "same"
"""Option of an exchange for the very same thing, since the first one is faulty."""

Arguments = Mapping[str, Any]
Result = dict[str, Any] | None


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
            self._database.executescript(SCHEMA)
            for table, rows in (
                ("product", PRODUCTS),
                ("product_option", OPTIONS),
                ("goes_with", GOES_WITH),
                ("address", ADDRESSES),
                ("member", MEMBERS),
                ("orders", ORDERS),
            ):
                places = ", ".join("?" * len(rows[0]))
                self._database.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({places})", rows)
        self._operations: dict[str, Callable[[Arguments], Result]] = {
            "order.find": lambda given: self._order(str(given["number"])),
            "order.cancel": lambda given: self._change_order(str(given["number"]), "status = 'cancelled'"),
            "order.change_address": self._change_address,
            "order.address_link": self._address_link,
            "order.change_option": self._change_option,
            "option.find": self._option,
            "delivery.trace": self._trace,
            "return.quote": self._quote,
            "return.request": self._return,
            "exchange.request": self._exchange,
            "stock.find": lambda given: self._stock(str(given["product"])),
            "stock.notify": self._notify,
            "recommend.for": self._recommend,
            "points.find": lambda given: self._points(str(given["number"])),
            "review.store": self._review,
        }

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """See `Backend`."""
        if operation not in self._operations:
            raise BackendError(f"the shop has no operation {operation}")
        try:
            with self._lock, self._database:
                return self._operations[operation](arguments)
        except KeyError as error:
            raise BackendError(f"{operation} needs the argument {error}") from None
        except sqlite3.Error as error:
            raise BackendError(f"the shop's database failed: {error}") from None

    def _day(self, offset: int) -> str:
        return (self._today() + timedelta(days=offset)).isoformat()

    def _one(self, statement: str, *values: Any) -> Any:
        return self._database.execute(statement, values).fetchone()

    # Orders

    def _order(self, number: str) -> Result:
        row = self._one("SELECT * FROM orders JOIN product ON product.name = orders.product WHERE number = ?", number)
        if row is None:
            return None
        status, days = row["status"], row["eta_in_days"]
        return {
            "number": number,
            "status": status,
            "product": {"ko": row["ko"], "en": row["en"]},
            "price": row["price"],
            "eta": self._day(days),
            "late": status == "shipping" and days < 0,
            "returnable": status == "delivered" and days >= -RETURN_DAYS,
        }

    def _choices(self, product: str) -> dict[str, str]:
        rows = self._database.execute(
            "SELECT ko, en FROM product_option WHERE product = ? ORDER BY rowid", (product,)
        ).fetchall()
        return {language: ", ".join(row[language] for row in rows) for language in ("ko", "en")}

    def _change_order(self, number: str, change: str, *values: Any) -> Result:
        """Change an order that was not sent yet."""
        changed = self._database.execute(
            f"UPDATE orders SET {change} WHERE number = ? AND status = 'preparing'", (*values, number)
        )
        return self._order(number) if changed.rowcount else None

    def _change_address(self, given: Arguments) -> Result:
        number, place = str(given["number"]), str(given["place"])
        row = self._one(
            "SELECT address.place FROM address JOIN orders USING (customer) WHERE number = ? AND address.place = ?",
            number,
            place,
        )
        order = self._order(number)
        if row is None and order is not None:
            return {**order, "known": False}
        changed = self._change_order(number, "place = ?", place)
        return None if changed is None else {**changed, "known": True}

    def _address_link(self, given: Arguments) -> Result:
        order = self._order(str(given["number"]))
        return order if order is not None and order["status"] == "preparing" else None

    def _change_option(self, given: Arguments) -> Result:
        option = self._option(given)
        if option is None or not option["available"]:
            return None
        return self._change_order(str(given["number"]), "option = ?", str(given["option"]))

    def _option(self, given: Arguments) -> Result:
        number, wanted = str(given["number"]), str(given["option"])
        order, row = self._order(number), self._one("SELECT product FROM orders WHERE number = ?", number)
        if order is None:
            return None
        offered = self._one("SELECT 1 FROM product_option WHERE product = ? AND option = ?", row["product"], wanted)
        return {
            **order,
            "available": wanted == SAME or offered is not None,
            "choices": self._choices(row["product"]),
            "fee": 0 if wanted == SAME else RETURN_FEE,
        }

    def _trace(self, given: Arguments) -> Result:
        order = self._order(str(given["number"]))
        return order and {"number": order["number"], "day": self._day(1)}

    # Returns and exchanges

    def _quote(self, given: Arguments) -> Result:
        order = self._order(str(given["number"]))
        if order is None or not order["returnable"]:
            return None
        fee = 0 if given.get("reason") in SHOPS_FAULT else RETURN_FEE
        return {**order, "fee": fee, "refund": order["price"] - fee}

    def _return(self, given: Arguments) -> Result:
        quote = self._quote(given)
        if quote is None:
            return None
        self._database.execute("UPDATE orders SET status = 'returning' WHERE number = ?", (quote["number"],))
        return {**quote, "day": self._day(1)}

    def _exchange(self, given: Arguments) -> Result:
        option, wanted = self._option(given), str(given["option"])
        if option is None or not (option["returnable"] and option["available"]):
            return None
        # The same thing again keeps the option that was ordered.
        change = "status = 'exchanging'" if wanted == SAME else "status = 'exchanging', option = :option"
        self._database.execute(
            f"UPDATE orders SET {change} WHERE number = :number", {"option": wanted, "number": option["number"]}
        )
        return {**option, "day": self._day(1)}

    # Products

    def _stock(self, product: str) -> Result:
        row = self._one("SELECT * FROM product WHERE name = ?", product)
        if row is None:
            return None
        return {
            "name": {"ko": row["ko"], "en": row["en"]},
            "price": row["price"],
            "count": row["stock"],
            "available": row["stock"] > 0,
            "restock": self._day(row["restock_in_days"]),
        }

    def _notify(self, given: Arguments) -> Result:
        product, phone = str(given["product"]), given.get("phone") or given.get("caller")
        if self._stock(product) is None or not phone:
            return None
        self._database.execute("INSERT OR IGNORE INTO notice VALUES (?, ?)", (product, str(phone)))
        return {"product": product}

    def _recommend(self, given: Arguments) -> Result:
        row = self._one("SELECT customer FROM orders WHERE number = ?", str(given.get("number") or ""))
        customer = row["customer"] if row else national(str(given.get("caller") or ""))
        best = self._one(
            "SELECT other.name, other.ko, other.en, other.price, bought.ko AS bought_ko, bought.en AS bought_en "
            "FROM orders JOIN goes_with ON goes_with.product = orders.product "
            "JOIN product AS other ON other.name = goes_with.other "
            "JOIN product AS bought ON bought.name = orders.product "
            "WHERE orders.customer = ? AND orders.status != 'cancelled' AND other.stock > 0 "
            "AND other.name NOT IN (SELECT product FROM orders WHERE customer = ? AND status != 'cancelled') "
            "GROUP BY other.name ORDER BY COUNT(*) DESC, other.sold DESC LIMIT 1",
            customer,
            customer,
        )
        if best is not None:
            because = {"ko": best["bought_ko"], "en": best["bought_en"]}
        else:
            best = self._one("SELECT name, ko, en, price FROM product WHERE stock > 0 ORDER BY sold DESC LIMIT 1")
            because = None
        return {
            "product": best["name"],
            "name": {"ko": best["ko"], "en": best["en"]},
            "price": best["price"],
            "from_history": because is not None,
            "because": because,
        }

    # Members

    def _points(self, number: str) -> Result:
        row = self._one("SELECT * FROM member WHERE number = ?", number)
        if row is None:
            return None
        return {
            "number": number,
            "points": row["points"],
            "expiring": row["expiring"],
            "expires": self._day(row["expires_in_days"]),
        }

    def _review(self, given: Arguments) -> Result:
        rating = str(given["rating"])
        if rating not in ("1", "2", "3", "4", "5"):
            raise BackendError(f"review.store: the rating {rating} is not 1 to 5")
        number, caller = given.get("number"), given.get("caller")
        self._database.execute("INSERT INTO review VALUES (?, ?, ?, ?)", (int(rating), number, caller, self._day(0)))
        rated = self._one("SELECT COUNT(*) AS count, AVG(rating) AS average FROM review")
        return {"rating": int(rating), "count": rated["count"], "average": round(rated["average"], 2)}


def national(phone: str) -> str:
    """A Korean number as it is dialled in Korea: +82 10-1234-5678 is 01012345678."""
    digits = "".join(char for char in phone if char.isdecimal())
    return f"0{digits[2:]}" if digits.startswith("82") else digits
