"""API tokens: what programs log in with."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select, update

from voicebot.store.accounts.accounts import AccountError, User
from voicebot.store.accounts.permissions import PERMISSIONS, Permission
from voicebot.store.accounts.tables import api_tokens
from voicebot.store.history.database import Database

PREFIX = "vb_"
"""By which scanners of source code find a token that got there."""
_USE_TOLD_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class ApiToken:
    """What is known of a token; not the token itself."""

    id: int
    user_id: int
    name: str
    scopes: frozenset[Permission]
    created: datetime
    expires: datetime | None
    last_used: datetime | None


class ApiTokens:
    """The tokens of one installation. Blocking; callable from any thread."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now

    def make(self, user: User, name: str, scopes: Sequence[str], days: int | None) -> str:
        """A new token, told this once. Raises AccountError for scopes that there aren't, or that the user lacks."""
        for scope in scopes:
            if scope not in PERMISSIONS:
                raise AccountError(
                    "bad_token", f"there is no scope {scope[:40]!r}; scopes are: {', '.join(PERMISSIONS)}."
                )
            if not user.may(scope):
                raise AccountError(
                    "bad_token", f"{user.name} has no permission {scope}; give a role that has it, or leave it out."
                )
        if not scopes or not name.strip():
            raise AccountError("bad_token", "a token needs a name and at least one scope; add them.")
        token = PREFIX + secrets.token_urlsafe(32)
        now = self._now()
        with self._database.writing() as connection:
            connection.execute(
                api_tokens.insert().values(
                    user_id=user.id,
                    name=name.strip()[:80],
                    hash=_hash(token),
                    scopes=sorted(set(scopes)),
                    created=now,
                    expires=now + timedelta(days=days) if days else None,
                )
            )
        return token

    def find(self, token: str) -> ApiToken | None:
        """What the token stands for; None where it is unknown or too old."""
        if not token.startswith(PREFIX) or len(token) > 100:
            return None
        now = self._now()
        with self._database.reading() as connection:
            row = connection.execute(select(api_tokens).where(api_tokens.c.hash == _hash(token))).first()
        if row is None or (row.expires is not None and row.expires <= now):
            return None
        if row.last_used is None or now - row.last_used >= _USE_TOLD_EVERY:
            with self._database.writing() as connection:
                connection.execute(update(api_tokens).where(api_tokens.c.id == row.id).values(last_used=now))
        return ApiToken(row.id, row.user_id, row.name, frozenset(row.scopes), row.created, row.expires, row.last_used)

    def of(self, user: User) -> tuple[ApiToken, ...]:
        """The user's tokens, the newest first."""
        with self._database.reading() as connection:
            rows = connection.execute(
                select(api_tokens).where(api_tokens.c.user_id == user.id).order_by(api_tokens.c.id.desc())
            )
            return tuple(
                ApiToken(r.id, r.user_id, r.name, frozenset(r.scopes), r.created, r.expires, r.last_used) for r in rows
            )

    def revoke(self, user: User, token_id: int) -> bool:
        """Whether there was such a token of the user's; it is void from now on."""
        with self._database.writing() as connection:
            gone = connection.execute(
                delete(api_tokens).where(api_tokens.c.id == token_id, api_tokens.c.user_id == user.id)
            )
            return bool(gone.rowcount)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
