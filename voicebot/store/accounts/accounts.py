"""Accounts in the database. Blocking; callable from any thread."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, update

from voicebot.errors import VoicebotError
from voicebot.store.accounts import passwords
from voicebot.store.accounts.permissions import PERMITTED, ROLES, Permission, Role
from voicebot.store.accounts.tables import users
from voicebot.store.history.database import Database

_NAME = re.compile(r"[^\s\x00-\x1f]{1,64}")

FREE_FAILURES = 4
"""Wrong passwords before an account is locked: people mistype."""
FIRST_LOCK = timedelta(minutes=1)
"""How long the next one locks it; doubled by each further one."""
LONGEST_LOCK = timedelta(minutes=15)
"""No longer, so that nobody can lock others out for good by typing wrong passwords."""


class AccountError(VoicebotError):
    """An account that can't be made, changed or used."""

    def __init__(self, kind: str, message: str) -> None:
        """`kind`: by which pages find their own words for it."""
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class User:
    """An account."""

    id: int
    name: str
    shown: str
    role: Role
    session: str
    """Part of each of its sessions: those with another one are over."""
    disabled: bool
    has_password: bool
    created: datetime
    last_seen: datetime | None
    locked_until: datetime | None

    def may(self, permission: Permission) -> bool:
        """Whether the user's role permits it."""
        return not self.disabled and permission in PERMITTED[self.role]


class Accounts:
    """The accounts of one installation."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now

    def add(self, name: str, role: str, password: str | None, shown: str = "", identity: str | None = None) -> User:
        """A new account. Raises AccountError for a name that is taken, or what can't be one."""
        name = _usual(name)
        if not _NAME.fullmatch(name):
            raise AccountError(
                "bad_name", f"{name[:64]!r} can't be a user's name; write 1 to 64 characters without spaces."
            )
        values = {
            "name": name,
            "shown": shown.strip()[:80] or name,
            "role": _role(role),
            "password": None if password is None else passwords.hashed(_accepted(password)),
            "identity": identity,
            "session": secrets.token_urlsafe(12),
            "created": self._now(),
        }
        with self._database.writing() as connection:
            is_new = connection.execute(self._database.insert_new(users).values(**values)).rowcount
        added = self.find(name)
        if not is_new or added is None:
            raise AccountError("name_taken", f"there is a user called {name} already; choose another name.")
        return added

    def find(self, name: str) -> User | None:
        """The user of that name."""
        return self._one(users.c.name == _usual(name))

    def by_id(self, user_id: int) -> User | None:
        """The user of that number."""
        return self._one(users.c.id == user_id)

    def by_identity(self, identity: str) -> User | None:
        """The user whom the identity provider calls so."""
        return self._one(users.c.identity == identity)

    def all(self) -> tuple[User, ...]:
        """Everybody, by name."""
        with self._database.reading() as connection:
            return tuple(map(_user, connection.execute(select(users).order_by(users.c.name))))

    def log_in(self, name: str, password: str) -> User | None:
        """The user, where name and password are right and the account is neither locked nor disabled.

        Takes equally long for an account that there isn't. Raises AccountError for a locked account, whether the
        password was right or not: otherwise a lock would tell guessers when they are right.
        """
        now = self._now()
        with self._database.reading() as connection:
            row = connection.execute(select(users).where(users.c.name == _usual(name))).first()
        right = passwords.matches(row.password if row else None, password)
        if row is None or row.disabled:
            return None
        if row.locked_until is not None and row.locked_until > now:
            minutes = -(-(row.locked_until - now) // timedelta(minutes=1))
            raise AccountError("locked", f"this account is locked after too many wrong passwords; wait {minutes} min.")
        if not right:
            self._count_failure(row.id, now)
            return None
        changes: dict[str, Any] = {"failures": 0, "locked_until": None, "last_seen": now}
        if passwords.is_outdated(row.password):
            changes["password"] = passwords.hashed(password)
        self._change(row.id, **changes)
        return _user(row)

    def set_password(self, user: User, password: str) -> None:
        """A new password ends all sessions and any lock. Raises AccountError for one that is too short."""
        self._change(
            user.id,
            password=passwords.hashed(_accepted(password)),
            session=secrets.token_urlsafe(12),
            failures=0,
            locked_until=None,
        )

    def set_role(self, user: User, role: str) -> None:
        """Raises AccountError for a role that there isn't, and for taking away the last administrator."""
        if _role(role) != "admin":
            self._keep_an_admin(user)
        self._change(user.id, role=_role(role))

    def set_disabled(self, user: User, disabled: bool) -> None:
        """A disabled account can't log in, and its sessions end. Raises AccountError for the last administrator."""
        if disabled:
            self._keep_an_admin(user)
        self._change(user.id, disabled=disabled, session=secrets.token_urlsafe(12))

    def end_sessions(self, user: User) -> None:
        """Log the user out everywhere."""
        self._change(user.id, session=secrets.token_urlsafe(12))

    def seen(self, user: User) -> None:
        """The user is here."""
        self._change(user.id, last_seen=self._now())

    def _count_failure(self, user_id: int, now: datetime) -> None:
        with self._database.writing() as connection:
            connection.execute(update(users).where(users.c.id == user_id).values(failures=users.c.failures + 1))
            failures = connection.execute(select(users.c.failures).where(users.c.id == user_id)).scalar_one()
            if failures > FREE_FAILURES:
                lock = min(FIRST_LOCK * 2 ** min(failures - FREE_FAILURES - 1, 10), LONGEST_LOCK)
                connection.execute(update(users).where(users.c.id == user_id).values(locked_until=now + lock))

    def _keep_an_admin(self, user: User) -> None:
        with self._database.reading() as connection:
            others = connection.execute(
                select(func.count())
                .select_from(users)
                .where(users.c.role == "admin", ~users.c.disabled, users.c.id != user.id)
            ).scalar_one()
        if user.role == "admin" and not others:
            raise AccountError("last_admin", f"{user.name} is the last administrator; make somebody else one first.")

    def _change(self, user_id: int, **changes: object) -> None:
        with self._database.writing() as connection:
            connection.execute(update(users).where(users.c.id == user_id).values(**changes))

    def _one(self, condition: Any) -> User | None:
        with self._database.reading() as connection:
            row = connection.execute(select(users).where(condition)).first()
        return None if row is None else _user(row)


def _user(row: Row[Any]) -> User:
    return User(
        id=row.id,
        name=row.name,
        shown=row.shown,
        role=row.role,
        session=row.session,
        disabled=row.disabled,
        has_password=row.password is not None,
        created=row.created,
        last_seen=row.last_seen,
        locked_until=row.locked_until,
    )


def _usual(name: str) -> str:
    return name.strip().casefold()


def _role(role: str) -> Role:
    for known in ROLES:
        if role == known:
            return known
    raise AccountError("bad_role", f"there is no role {role[:40]!r}; roles are: {', '.join(ROLES)}.")


def _accepted(password: str) -> str:
    if not passwords.SHORTEST_PASSWORD <= len(password) <= passwords.LONGEST_PASSWORD:
        raise AccountError(
            "bad_password",
            f"a password has {passwords.SHORTEST_PASSWORD} to {passwords.LONGEST_PASSWORD} characters; choose another.",
        )
    return password
