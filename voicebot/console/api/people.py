"""Operations on accounts, and the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from voicebot.console.access.guard import reader
from voicebot.console.api.operations import Api, ApiError, Asked, Listed
from voicebot.console.api.sent import Name, Paged
from voicebot.console.operators.scene import Scene
from voicebot.store.accounts.accounts import User
from voicebot.store.accounts.permissions import PERMITTED, Permission, Role
from voicebot.store.history.found import AuditFound

_Secret = Annotated[str, Field(min_length=12, max_length=200)]


class Account(BaseModel):
    """Somebody who may see something."""

    id: int
    name: str
    shown: str
    role: Role
    disabled: bool
    created: datetime
    last_seen: datetime | None


class Me(BaseModel):
    """Who is asking."""

    name: str
    role: Role
    permissions: list[Permission]
    """As far as the token has them."""


class NewAccount(Asked):
    """An account to be made."""

    name: Name = Field(min_length=1, max_length=64)
    role: Role
    shown: Name = ""
    password: _Secret
    """To be changed by the user on /account."""


class ChangedAccount(Asked):
    """What is to be changed; what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None
    password: _Secret | None = None
    end_sessions: bool = False


class AuditQuery(Paged):
    """Which lines."""

    who: Name = ""
    action: Name = ""
    call_id: Name = ""


class Accounts(BaseModel):
    """By name."""

    items: list[Account]


def add_people(api: Api, scene: Scene) -> None:
    """Under /me, /users and /audit."""
    accounts, put = api.access.accounts, api.access.put

    def known(user_id: int) -> User:
        user = accounts.by_id(user_id) if user_id < 2**53 else None
        if user is None:
            raise ApiError(404, "there is no such user; see /api/v1/users.")
        return user

    @api.operation("get", "/me", "signed in")
    def get_me() -> Me:
        """Who is asking, and what that permits"""
        who = reader()
        assert who is not None
        permitted = [permission for permission in sorted(PERMITTED[who.user.role]) if who.may(permission)]
        return Me(name=who.user.name, role=who.user.role, permissions=permitted)

    @api.operation("get", "/users", "users")
    def list_users() -> Accounts:
        """All accounts"""
        return Accounts(items=[_account(user) for user in accounts.all()])

    @api.operation("post", "/users", "users", status=201)
    def add_user(body: NewAccount) -> Account:
        """Make an account"""
        user = accounts.add(body.name, body.role, body.password, body.shown)
        put("add user", subject=user.name, details={"role": user.role})
        return _account(user)

    @api.operation("get", "/users/{user_id}", "users")
    def get_user(user_id: int) -> Account:
        """An account"""
        return _account(known(user_id))

    @api.operation("patch", "/users/{user_id}", "users")
    def change_user(user_id: int, body: ChangedAccount) -> Account:
        """Change an account's role or password, disable it, or end its sessions"""
        user = known(user_id)
        if body.role is not None:
            accounts.set_role(user, body.role)
        if body.disabled is not None:
            accounts.set_disabled(user, body.disabled)
        if body.password is not None:
            accounts.set_password(user, body.password)
        if body.end_sessions:
            accounts.end_sessions(user)
        changed = sorted(body.model_fields_set)
        put("change user", subject=user.name, details={"changed": changed, "role": body.role})
        return _account(known(user_id))

    @api.operation("get", "/audit", "audit")
    def list_audit_trail(query: AuditQuery) -> Listed[AuditFound]:
        """Who saw and did what, the newest first"""
        page = scene.history.audit_trail(**query.model_dump())
        return Listed[AuditFound](items=list(page.items), after=page.after)


def _account(user: User) -> Account:
    return Account.model_validate(user, from_attributes=True)
