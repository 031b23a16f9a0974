"""What the shop's demonstration back end does for its callers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from voicebot.backends.port import BackendError
from voicebot.backends.shop_demo import ShopDemo, national

PREPARING, SHIPPING, DELIVERED, LONG_AGO = "20261103", "12345678", "20261101", "20261102"


@pytest.fixture
def shop() -> ShopDemo:
    return ShopDemo(today=lambda: date(2026, 11, 22))


def found(result: Mapping[str, Any] | None) -> Mapping[str, Any]:
    assert result is not None
    return result


def order(shop: ShopDemo, number: str) -> Mapping[str, Any]:
    return found(shop.call("order.find", {"number": number}))


def test_an_order_is_found_with_what_may_be_done(shop: ShopDemo) -> None:
    assert order(shop, SHIPPING)["eta"] == "2026-11-23"
    assert order(shop, DELIVERED)["returnable"]
    assert not order(shop, LONG_AGO)["returnable"]
    assert order(shop, "33334444")["late"]
    assert shop.call("order.find", {"number": "99999999"}) is None


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("order.cancel", {}),
        ("order.change_address", {"place": "work"}),
        ("order.address_link", {}),
        ("order.change_option", {"option": "black"}),
    ],
)
@pytest.mark.parametrize("number", [SHIPPING, DELIVERED])
def test_what_was_sent_is_not_changed(shop: ShopDemo, operation: str, more: dict[str, str], number: str) -> None:
    before = order(shop, number)
    assert shop.call(operation, {"number": number, **more}) is None
    assert order(shop, number) == before


def test_an_order_is_cancelled_once(shop: ShopDemo) -> None:
    assert found(shop.call("order.cancel", {"number": PREPARING}))["price"] == 189000
    assert order(shop, PREPARING)["status"] == "cancelled"
    assert shop.call("order.cancel", {"number": PREPARING}) is None


def test_an_address_must_be_in_the_address_book(shop: ShopDemo) -> None:
    assert found(shop.call("order.change_address", {"number": PREPARING, "place": "work"}))["known"]
    assert not found(shop.call("order.change_address", {"number": PREPARING, "place": "moon"}))["known"]


def test_only_options_of_the_product_are_taken(shop: ShopDemo) -> None:
    assert shop.call("order.change_option", {"number": PREPARING, "option": "large"})
    assert shop.call("order.change_option", {"number": PREPARING, "option": "s260"}) is None
    choice = found(shop.call("option.find", {"number": PREPARING, "option": "s260"}))
    assert not choice["available"]
    assert choice["choices"]["ko"] == "검은색, 스몰, 미디엄, 라지"


@pytest.mark.parametrize(("reason", "refund"), [("faulty", 45000), ("wrong", 45000), ("mind", 40000), (None, 40000)])
def test_a_return_costs_nothing_where_the_shop_is_to_blame(shop: ShopDemo, reason: str | None, refund: int) -> None:
    assert found(shop.call("return.quote", {"number": DELIVERED, "reason": reason}))["refund"] == refund
    pickup = found(shop.call("return.request", {"number": DELIVERED, "reason": reason}))
    assert (pickup["refund"], pickup["day"]) == (refund, "2026-11-23")
    assert order(shop, DELIVERED)["status"] == "returning"


@pytest.mark.parametrize("number", [PREPARING, SHIPPING, LONG_AGO])
def test_what_can_not_be_returned_is_not_exchanged_either(shop: ShopDemo, number: str) -> None:
    assert shop.call("return.request", {"number": number}) is None
    assert shop.call("exchange.request", {"number": number, "option": "same"}) is None


def test_an_exchange_for_the_same_thing_is_free(shop: ShopDemo) -> None:
    assert found(shop.call("exchange.request", {"number": DELIVERED, "option": "same"}))["fee"] == 0
    assert order(shop, DELIVERED)["status"] == "exchanging"
    assert found(shop.call("exchange.request", {"number": "55550000", "option": "small"}))["fee"] == 5000


def test_who_wants_to_know_when_it_is_back_leaves_a_number(shop: ShopDemo) -> None:
    assert shop.call("stock.notify", {"product": "coat", "phone": "01012345678"})
    assert shop.call("stock.notify", {"product": "coat", "caller": "+821012345678"})
    assert shop.call("stock.notify", {"product": "coat"}) is None
    assert shop.call("stock.notify", {"product": "moon", "phone": "01012345678"}) is None


@pytest.mark.parametrize("known_by", [{"caller": "+82 10-2345-6789"}, {"caller": "", "number": DELIVERED}])
def test_what_goes_with_earlier_purchases_is_recommended(shop: ShopDemo, known_by: dict[str, str]) -> None:
    pick = found(shop.call("recommend.for", known_by))
    assert pick["from_history"]
    assert pick["because"]["ko"] == "가방"
    assert pick["product"] not in ("bag", "earphones", "kettle", "socks")  # has them already


@pytest.mark.parametrize("unknown", [{}, {"caller": "01000000000"}, {"number": "99999999"}, {"caller": None}])
def test_strangers_are_recommended_what_sells_best(shop: ShopDemo, unknown: dict[str, str]) -> None:
    pick = found(shop.call("recommend.for", unknown))
    assert (pick["product"], pick["from_history"]) == ("earphones", False)


def test_points_are_found_by_membership_number(shop: ShopDemo) -> None:
    member = found(shop.call("points.find", {"number": "112233"}))
    assert (member["points"], member["expiring"], member["expires"]) == (12400, 1000, "2026-12-30")
    assert shop.call("points.find", {"number": "000000"}) is None


def test_ratings_are_kept(shop: ShopDemo) -> None:
    shop.call("review.store", {"rating": "5", "number": SHIPPING, "caller": "01012345678"})
    assert found(shop.call("review.store", {"rating": 2})) == {"rating": 2, "count": 2, "average": 3.5}
    for wrong in ("0", "6", "five"):
        with pytest.raises(BackendError, match="not 1 to 5"):
            shop.call("review.store", {"rating": wrong})


def test_what_is_asked_wrongly_is_an_error(shop: ShopDemo) -> None:
    with pytest.raises(BackendError, match="no operation"):
        shop.call("order.eat", {})
    with pytest.raises(BackendError, match="number"):
        shop.call("order.find", {})


@pytest.mark.parametrize("phone", ["+82 10-1234-5678", "821012345678", "010-1234-5678", "01012345678"])
def test_a_number_is_the_same_from_home_and_abroad(phone: str) -> None:
    assert national(phone) == "01012345678"
