"""The bank's demonstration back end."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from voicebot.backends.bank_demo import MOST_WRONG_TRIES, BankDemo
from voicebot.backends.port import BackendError


@pytest.fixture
def bank() -> BankDemo:
    return BankDemo(today=lambda: date(2026, 11, 22))


def customer(bank: BankDemo, number: str = "12345678", pin: str = "2580") -> Any:
    found = bank.call("customer.verify", {"number": number, "pin": pin})
    assert found is not None
    return found["id"]


def test_number_and_pin_together_tell_who_calls(bank: BankDemo) -> None:
    found = bank.call("customer.verify", {"number": "12345678", "pin": "2580"})
    assert found is not None
    assert (found["name"]["ko"], found["accounts"], found["cards"]) == ("김민서", 2, 2)
    assert "12345678" not in str(found)
    assert "2580" not in str(found)


@pytest.mark.parametrize(("number", "pin"), [("12345678", "0000"), ("00000000", "2580"), ("None", "None"), ("", "")])
def test_a_wrong_number_or_pin_tells_nothing(bank: BankDemo, number: str, pin: str) -> None:
    assert bank.call("customer.verify", {"number": number, "pin": pin}) is None


def test_a_number_is_locked_after_too_many_wrong_pins(bank: BankDemo) -> None:
    for _ in range(MOST_WRONG_TRIES):
        assert bank.call("customer.verify", {"number": "12345678", "pin": "0000"}) is None
    assert bank.call("customer.verify", {"number": "12345678", "pin": "2580"}) is None
    assert customer(bank, "23456789", "1470")


def test_a_right_pin_forgives_the_wrong_ones_before_it(bank: BankDemo) -> None:
    for _ in range(MOST_WRONG_TRIES):
        assert bank.call("customer.verify", {"number": "12345678", "pin": "0000"}) is None
        if _ < MOST_WRONG_TRIES - 1:
            assert customer(bank)


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("account.find", {"account": None}),
        ("account.history", {"account": None}),
        ("card.find", {"card": None}),
        ("card.block", {"card": "both"}),
        ("card.reissue", {"card": "both"}),
        ("loan.limit", {"loan": "personal"}),
        ("product.suggest", {}),
    ],
)
def test_without_a_verified_customer_nothing_is_told_or_done(
    bank: BankDemo, operation: str, more: dict[str, Any]
) -> None:
    assert bank.call(operation, {"customer": None, **more}) is None


def test_the_only_account_needs_no_name(bank: BankDemo) -> None:
    account = bank.call("account.find", {"customer": customer(bank, "23456789", "1470"), "account": None})
    assert account is not None
    assert (account["name"]["ko"], account["balance"]) == ("입출금 통장", 38_650_000)


def test_an_account_that_the_customer_lacks_is_not_found(bank: BankDemo) -> None:
    assert bank.call("account.find", {"customer": customer(bank), "account": "deposit"}) is None


def test_movements_come_newest_first_and_not_more_than_are_told(bank: BankDemo) -> None:
    history = bank.call("account.history", {"customer": customer(bank), "account": "checking"})
    assert history is not None
    assert history["count"] == 4
    assert history["latest"]["day"] == "2026-11-21"
    assert (history["latest"]["amount"], history["latest"]["way"]["ko"]) == (23_400, "출금")
    assert history["earliest"]["name"]["en"] == "salary"


def test_an_account_without_movements_has_an_empty_history(bank: BankDemo) -> None:
    history = bank.call("account.history", {"customer": customer(bank, "56789012", "7531"), "account": None})
    assert history is not None
    assert history["count"] == 0


def test_a_blocked_card_stays_blocked_under_the_same_number(bank: BankDemo) -> None:
    who = customer(bank)
    first = bank.call("card.block", {"customer": who, "card": "credit"})
    assert first == {"reference": "11220001"}
    assert bank.call("card.block", {"customer": who, "card": "credit"}) == first
    card, other = (bank.call("card.find", {"customer": who, "card": kind}) for kind in ("credit", "check"))
    assert card is not None
    assert card["status"] == "blocked"
    assert other is not None
    assert other["status"] == "active"


def test_both_cards_are_blocked_at_once(bank: BankDemo) -> None:
    who = customer(bank)
    bank.call("card.block", {"customer": who, "card": "both"})
    card = bank.call("card.find", {"customer": who, "card": "both"})
    assert card is not None
    assert (card["name"]["ko"], card["status"]) == ("체크카드와 신용카드", "blocked")


def test_a_new_card_takes_three_days(bank: BankDemo) -> None:
    assert bank.call("card.reissue", {"customer": customer(bank), "card": "check"}) == {"day": "2026-11-25"}


def test_the_loan_limit_follows_the_income(bank: BankDemo) -> None:
    assert bank.call("loan.limit", {"customer": customer(bank), "loan": "personal"}) == {
        "possible": True,
        "limit": 41_000_000,
        "rate": "5.2",
    }
    student = customer(bank, "34567890", "3690")
    assert bank.call("loan.limit", {"customer": student, "loan": "personal"}) == {"possible": False}


@pytest.mark.parametrize(
    ("number", "pin", "reason"),
    [
        ("12345678", "2580", "saving"),
        ("23456789", "1470", "idle_money"),
        ("34567890", "3690", "young"),
        ("45678901", "9512", "salary"),
    ],
)
def test_a_product_is_suggested_for_a_reason(bank: BankDemo, number: str, pin: str, reason: str) -> None:
    product = bank.call("product.suggest", {"customer": customer(bank, number, pin)})
    assert product is not None
    assert product["reason"] == reason


def test_an_unknown_operation_or_a_missing_argument_is_an_error_without_values(bank: BankDemo) -> None:
    with pytest.raises(BackendError, match="no operation"):
        bank.call("account.empty", {})
    with pytest.raises(BackendError, match="pin") as raised:
        bank.call("customer.verify", {"number": "12345678"})
    assert "12345678" not in str(raised.value)
