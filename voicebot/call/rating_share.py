"""Which calls are asked at their end how well the caller was helped."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

PAUSE = timedelta(days=30)
"""So long a caller who was asked is not asked again."""


@dataclass(frozen=True)
class RatingShare:
    """A share of calls, chosen by their ids: the same call is always chosen, or never."""

    share: float = 0.0
    """0 to 1."""

    def asks(self, call_id: str, profile: Mapping[str, Any], today: str) -> bool:
        """Whether this call is to be asked. `profile`: what is known of the caller; `today`: ISO date."""
        drawn = int.from_bytes(hashlib.sha256(b"rating " + call_id.encode()).digest()[:8]) / 2**64
        last = str(profile.get("asked_rating", ""))
        return drawn < self.share and not (last and date.fromisoformat(today) - date.fromisoformat(last) < PAUSE)
