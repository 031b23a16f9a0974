"""What the shop's demonstration back end begins with."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE IF NOT EXISTS product (
    name TEXT PRIMARY KEY, ko TEXT NOT NULL, en TEXT NOT NULL, price INTEGER NOT NULL, stock INTEGER NOT NULL,
    restock_in_days INTEGER NOT NULL, sold INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS product_option (
    product TEXT NOT NULL REFERENCES product(name), option TEXT NOT NULL, ko TEXT NOT NULL, en TEXT NOT NULL,
    UNIQUE (product, option)
);
CREATE TABLE IF NOT EXISTS goes_with (
    product TEXT NOT NULL REFERENCES product(name), other TEXT NOT NULL REFERENCES product(name),
    UNIQUE (product, other)
);
CREATE TABLE IF NOT EXISTS address (customer TEXT NOT NULL, place TEXT NOT NULL, UNIQUE (customer, place));
CREATE TABLE IF NOT EXISTS member (
    number TEXT PRIMARY KEY, customer TEXT NOT NULL, points INTEGER NOT NULL, expiring INTEGER NOT NULL,
    expires_in_days INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS orders (
    number TEXT PRIMARY KEY, product TEXT NOT NULL REFERENCES product(name), status TEXT NOT NULL,
    eta_in_days INTEGER NOT NULL, customer TEXT NOT NULL, place TEXT NOT NULL, option TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS notice (product TEXT NOT NULL, phone TEXT NOT NULL, UNIQUE (product, phone));
CREATE TABLE IF NOT EXISTS review (rating INTEGER NOT NULL, number TEXT, caller TEXT, day TEXT NOT NULL);
"""
"""Customers are known by their telephone number."""

PRODUCTS = (
    ("shoes", "운동화", "running shoes", 79000, 12, 0, 310),
    ("bag", "가방", "backpack", 45000, 3, 0, 240),
    ("kettle", "전기 주전자", "electric kettle", 39000, 0, 5, 90),
    ("earphones", "무선 이어폰", "wireless earphones", 129000, 27, 0, 420),
    ("coat", "겨울 코트", "winter coat", 189000, 0, 12, 150),
    ("socks", "양말", "sports socks", 9000, 140, 0, 380),
    ("mug", "머그컵", "mug", 12000, 35, 0, 170),
)

_BLACK, _WHITE = ("black", "검은색", "black"), ("white", "흰색", "white")
_OPTIONS = {
    "shoes": (_BLACK, _WHITE, *((f"s{size}", f"{size} 사이즈", f"{size}") for size in (250, 260, 270))),
    "bag": (_BLACK, _WHITE),
    "kettle": (_BLACK, _WHITE),
    "earphones": (_BLACK, _WHITE),
    "coat": (_BLACK, ("small", "스몰", "small"), ("medium", "미디엄", "medium"), ("large", "라지", "large")),
    "socks": (_BLACK, _WHITE),
    "mug": (_BLACK, _WHITE),
}
OPTIONS = tuple((product, *option) for product, options in _OPTIONS.items() for option in options)

GOES_WITH = (
    ("shoes", "socks"),
    ("shoes", "bag"),
    ("bag", "earphones"),
    ("bag", "shoes"),
    ("kettle", "mug"),
    ("earphones", "bag"),
    ("coat", "shoes"),
    ("coat", "bag"),
    ("socks", "shoes"),
    ("mug", "kettle"),
)
"""What people buy who bought the other."""

_JIWOO, _MINHO, _SARAH = "01012345678", "01023456789", "01098765432"

ADDRESSES = (
    *((_JIWOO, "home"), (_JIWOO, "work"), (_JIWOO, "parents")),
    *((_MINHO, "home"), (_MINHO, "work")),
    *((_SARAH, "home"), (_SARAH, "work")),
)

MEMBERS = (
    ("112233", _JIWOO, 12400, 1000, 38),
    ("445566", _MINHO, 850, 0, 0),
    ("778899", _SARAH, 30500, 5500, 12),
)

ORDERS = (
    ("12345678", "shoes", "shipping", 1, _JIWOO, "home", "s260"),
    ("12345690", "earphones", "shipping", 2, _MINHO, "work", "black"),
    ("20261101", "bag", "delivered", -3, _MINHO, "home", "black"),
    ("20261102", "kettle", "delivered", -20, _JIWOO, "home", "white"),
    ("20261103", "coat", "preparing", 4, _JIWOO, "home", "medium"),
    ("20261104", "earphones", "preparing", 3, _SARAH, "home", "white"),
    ("20261105", "shoes", "cancelled", 0, _SARAH, "home", "s250"),
    ("11112222", "bag", "shipping", 1, _SARAH, "work", "white"),
    ("87654321", "kettle", "preparing", 6, _MINHO, "home", "white"),
    ("55550000", "coat", "delivered", -1, _SARAH, "home", "large"),
    ("33334444", "socks", "shipping", -2, _MINHO, "home", "white"),
)
