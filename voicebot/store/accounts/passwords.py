"""Passwords: argon2id, with the library's parameters (RFC 9106, low memory)."""

from __future__ import annotations

import functools
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST_PASSWORD = 10
"""Characters; NIST SP 800-63B asks for 8 at least, and against rules on kinds of characters."""
LONGEST_PASSWORD = 256
"""Characters that are hashed: hashing megabytes would cost seconds."""

_hasher = PasswordHasher()


def hashed(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(_normal(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` is the one of which `stored` was kept. As slow for an account that there isn't."""
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _hasher.verify(stored or _nobodys(), _normal(password)) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _normal(password: str) -> str:
    """Hangul typed on one system arrives composed, on another taken apart."""
    return unicodedata.normalize("NFC", password)


@functools.cache
def _nobodys() -> str:
    return _hasher.hash("nobody's password")
