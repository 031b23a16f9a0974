"""`voicebot users`: who may see the console; the first administrator is made here."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.store.accounts.accounts import Accounts, User
    from voicebot.store.audit import AuditTrail

users = typer.Typer(no_args_is_help=True, help="Accounts of the console: list, add, password, role, disable, enable.")
app.add_typer(users, name="users")

Name = Annotated[str, typer.Argument(help="The user's name.")]
Generate = Annotated[bool, typer.Option("--generate", help="Make a password up and print it instead of asking.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@users.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List accounts and their roles."""
    accounts, _ = _accounts()
    found = accounts.all()
    if as_json:
        rows = [{"name": u.name, "shown": u.shown, "role": u.role, "disabled": u.disabled} for u in found]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
        return
    for user in found:
        sys.stdout.write(f"{user.name:<24} {user.role:<8} {'disabled' if user.disabled else ''}\n")
    if not found:
        sys.stdout.write("nobody yet; `voicebot users add NAME --role admin` makes the first administrator\n")


@users.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, agent, editor, analyst or admin.")] = "viewer",
    shown: Annotated[str, typer.Option(help="The name that others see.")] = "",
    generate: Generate = False,
) -> None:
    """Add an account; the password is asked for."""
    accounts, trail = _accounts()
    password = _new_password(generate)
    user = accounts.add(name, role, password, shown)
    trail.put("command line", "add user", subject=user.name, details={"role": role})
    sys.stdout.write(f"added {user.name} as {user.role}\n")


@users.command("password")
def password(name: Name, generate: Generate = False) -> None:
    """Set a new password; it ends the user's sessions and any lock."""
    accounts, trail = _accounts()
    user = _user(accounts, name)
    accounts.set_password(user, _new_password(generate))
    trail.put("command line", "change user: password", subject=user.name)


@users.command("role")
def role(name: Name, role: Annotated[str, typer.Argument(help="The new role.")]) -> None:
    """Give an account another role."""
    accounts, trail = _accounts()
    user = _user(accounts, name)
    accounts.set_role(user, role)
    trail.put("command line", "change user: role", subject=user.name, details={"role": role})


@users.command("disable")
def disable(name: Name) -> None:
    """Let an account log in no longer, and end its sessions."""
    _set_disabled(name, True)


@users.command("enable")
def enable(name: Name) -> None:
    """Let a disabled account log in again."""
    _set_disabled(name, False)


def _set_disabled(name: str, disabled: bool) -> None:
    accounts, trail = _accounts()
    user = _user(accounts, name)
    accounts.set_disabled(user, disabled)
    trail.put("command line", f"change user: {'disable' if disabled else 'enable'}", subject=user.name)


def _accounts() -> tuple[Accounts, AuditTrail]:
    from voicebot import config
    from voicebot.store.accounts.accounts import Accounts
    from voicebot.store.audit import AuditTrail
    from voicebot.store.history.database import open_database

    configuration = config.load()
    database = open_database(configuration.database_url.get_secret_value(), configuration.var)
    database.migrate()
    return Accounts(database), AuditTrail(database)


def _user(accounts: Accounts, name: str) -> User:
    from voicebot.store.accounts.accounts import AccountError

    user = accounts.find(name)
    if user is None:
        raise AccountError("unknown", f"there is no user {name[:64]}; `voicebot users list` shows who there is.")
    return user


def _new_password(generate: bool) -> str:
    import secrets

    if generate:
        made = secrets.token_urlsafe(12)
        sys.stdout.write(f"password: {made}\n")
        return made
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked
