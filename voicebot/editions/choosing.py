"""Which callers are a share: by a keyed hash, so that a caller always gets the same version."""

from __future__ import annotations

import hashlib
import hmac


def is_in_share(key: str, who: str, share: float) -> bool:
    """Whether `who` (a number, or a call's id where the number is withheld) is among this share of callers, 0 to 1.

    Who is in a share is also in every larger one of the same key.
    """
    drawn = hmac.digest(key.encode(), who.encode(), hashlib.sha256)
    return int.from_bytes(drawn[:8]) / 2**64 < share
