"""What an entry on the keypad is as a slot's value, and how long entries may be."""

from __future__ import annotations

from datetime import date
from typing import Any

from voicebot.dialogue.content import Slot
from voicebot.nlu.entities.phones import phone_number

ONE_KEY = (1,)
_DATE = (4,)
"""Month and day, two digits each: nobody keys a year."""
_MOST_DIGITS = {"amount": 10, "number": 9, "phone": 11}
"""So long may numbers be that have no fixed length; a hash ends them."""


def entry_lengths(slot: Slot) -> tuple[int, ...]:
    """Lengths at which an entry for the slot may be complete; at the longest it is."""
    match slot.type:
        case "digits":
            return tuple(slot.lengths)
        case "date":
            return _DATE
        case "amount" | "number" | "phone":
            return tuple(range(1, _MOST_DIGITS[slot.type] + 1))
        case _:
            return ONE_KEY


def entry_value(slot: Slot, keys: str, today: str) -> Any:
    """The value that the digits `keys` stand for; None where they are none. `today` is an ISO date."""
    if not (keys.isascii() and keys.isdecimal()):
        return None
    match slot.type:
        case "digits":
            return keys if len(keys) in slot.lengths else None
        case "date":
            return _coming_day(keys, date.fromisoformat(today))
        case "amount":
            return {"amount": int(keys), "currency": "KRW"} if int(keys) else None
        case "number":
            return int(keys)
        case "phone":
            return phone_number(keys)
        case "yes_no":
            return {"1": True, "2": False}.get(keys)
        case _:
            return None


def _coming_day(keys: str, today: date) -> str | None:
    """`0305` is the next 5 March from today on, as an ISO date. 29 February may be years away."""
    if len(keys) != _DATE[0]:
        return None
    for year in range(today.year, today.year + 9):
        try:
            day = date(year, int(keys[:2]), int(keys[2:]))
        except ValueError:
            continue
        if day >= today:
            return day.isoformat()
    return None
