"""Keys to entries: a whole number, or a lone star or hash. No clock inside: the call's own is passed in."""

from __future__ import annotations


class Keypad:
    """Collects the keys of one call."""

    def __init__(self, inter_digit_ms: int) -> None:
        self._inter_digit_ms = inter_digit_ms
        self._digits = ""
        self._last_ms = 0
        self._full = False
        """Whether the last entry ended by its length: a hash that follows belongs to it."""

    @property
    def pending(self) -> bool:
        """Whether an entry has begun and is not complete."""
        return bool(self._digits)

    def is_superfluous(self, key: str, now_ms: int) -> bool:
        """Whether `key` is the hash that callers press behind an entry that was complete without it."""
        return key == "#" and self._full and not self._digits and now_ms - self._last_ms < self._inter_digit_ms

    def press(self, key: str, now_ms: int, longest: int) -> str:
        """Take a key; returns the entry that it completes, else an empty text.

        An entry is complete at `longest` digits, at a hash, or when `tick` finds that no key followed. A lone hash
        and a lone star are entries of their own. A star amid digits drops them, and counts as a hash: the question is
        heard again. The keys A to D, which telephones don't have, are dropped.
        """
        if self.is_superfluous(key, now_ms):
            self._full = False
            return ""
        self._full = False
        if key == "#":
            return self._take() or "#"
        if key == "*":
            return "#" if self._take() else "*"
        if not (len(key) == 1 and key in "0123456789"):
            return ""
        self._digits += key
        self._last_ms = now_ms
        if len(self._digits) < longest:
            return ""
        self._full = longest > 1
        return self._take()

    def tick(self, now_ms: int) -> str:
        """The entry that is complete because no key followed in time, else an empty text."""
        return self._take() if self._digits and now_ms - self._last_ms >= self._inter_digit_ms else ""

    def _take(self) -> str:
        digits, self._digits = self._digits, ""
        return digits
