"""Who gets which variant: decided by a keyed hash, so that a caller always gets the same, on every worker."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

_BITS = 64


def variant_of(salt: str, experiment: str, caller: str, weights: Mapping[str, int]) -> str:
    """The variant of a caller: their pseudonym, or for a withheld number the call's id.

    HMAC-like keyed BLAKE2b with the run's own `salt`, so that nobody can choose a variant by choosing a number, and
    experiments are independent of one another. A variant's share is its weight's, to 1 part in 2**64 of the hash.
    """
    digest = hashlib.blake2b(
        f"{experiment}\0{caller}".encode(), key=salt.encode()[: hashlib.blake2b.MAX_KEY_SIZE], digest_size=_BITS // 8
    ).digest()
    place = int.from_bytes(digest, "big") * sum(weights.values()) >> _BITS
    for variant, weight in sorted(weights.items()):  # whatever order a database gives them back in
        if place < weight:
            return variant
        place -= weight
    raise ValueError(f"the weights of {experiment} add up to nothing")
