import pytest

from voicebot.dialogue.conditions import check, holds, names

VALUES = {"order": {"price": 60000, "paid": False, "parcel": {"weight": 2}}, "today": "2026-11-22", "count": 2}


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ("order.price > 50000", True),
        ("order.price > 50000 and not order.paid", True),
        ("order.parcel.weight == 2", True),
        ("count in [1, 2]", True),
        ("order.nothing == null", True),
        ("nobody.knows.this == null", True),
        ("nobody.knows.this > 3", False),
        ("today > 3", False),
        ("count", True),
    ],
)
def test_conditions_look_at_values(condition: str, answer: bool) -> None:
    check(condition)
    assert holds(condition, VALUES) is answer


@pytest.mark.parametrize(
    "condition",
    ["today.upper() == '2026-11-22'", "today.__class__ != null", "order.__dict__ != null", "order.keys != null"],
)
def test_pythons_own_attributes_are_out_of_reach(condition: str) -> None:
    assert holds(condition, VALUES) is False


@pytest.mark.parametrize("condition", ["price >", "(((", ""])
def test_what_is_no_condition_is_told(condition: str) -> None:
    with pytest.raises(ValueError, match="no condition"):
        check(condition)


def test_a_condition_knows_its_names() -> None:
    assert names("order.price > 5 and not member") == {"order", "member"}
