"""What a caller's number is known by: a keyed hash, so that who has the database alone can't try all numbers."""

from __future__ import annotations

import hmac
import re

from voicebot.nlu.entities.phones import phone_number

_WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""What stands for a number where there is none: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE on a phone's
keys, after Twilio's documentation of caller ids."""


class NumberHash:
    """HMAC-SHA256 with a key that stands outside the database. With the key the numbers can be tried out: it is to be
    kept as the numbers themselves would be."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, number: str) -> bytes | None:
        """32 bytes; None for a withheld number and for what is none. E.164, or as dialled in Korea."""
        dialled = re.sub(r"[\s().-]", "", number)
        full = phone_number(dialled) if re.fullmatch(r"\+?\d{3,20}", dialled, re.ASCII) else None
        if full is None or full in _WITHHELD:
            return None
        return hmac.digest(self._key, full.encode(), "sha256")

    def pseudonym(self, number: str) -> str:
        """What the history knows a number by: another hash than the profiles', so that the two can't be joined.

        Empty where `of` knows none.
        """
        caller = self.of(number)
        return "" if caller is None else hmac.digest(self._key, b"history" + caller, "sha256").hex()[:32]
