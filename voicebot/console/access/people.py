"""The administrators' page of accounts."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from voicebot.console.access.guard import Access, needs, reader
from voicebot.console.pages import error_page
from voicebot.store.accounts.accounts import AccountError, User
from voicebot.store.accounts.permissions import ROLES


def people_blueprint(access: Access) -> Blueprint:
    """The pages at /console/users."""
    blueprint = access.protect(Blueprint("people", __name__, url_prefix="/console/users"))

    def page(problem: str = "", password: str = "", name: str = "") -> str:
        return render_template(
            "access/people.html",
            users=access.accounts.all(),
            now=datetime.now(UTC),
            roles=ROLES,
            problem=problem,
            password=password,
            name=name,
        )

    def subject(user_id: int) -> User:
        user = access.accounts.by_id(user_id)
        if user is None:
            abort(404)
        return user

    @blueprint.get("")
    @needs("users")
    def everybody() -> str:
        return page()

    @blueprint.post("")
    @needs("users")
    def add() -> ResponseReturnValue:
        name, role, password = request.form.get("name", ""), request.form.get("role", ""), secrets.token_urlsafe(12)
        try:
            user = access.accounts.add(name, role, password, request.form.get("shown", ""))
        except AccountError as error:
            return page(problem=f"access.{error.kind}"), 400
        access.put("add user", subject=user.name, details={"role": role})
        return page(password=password, name=user.name)

    @blueprint.post("/<int:user_id>")
    @needs("users")
    def change(user_id: int) -> ResponseReturnValue:
        user = subject(user_id)
        what = request.form.get("what", "")
        password = ""
        try:
            match what:
                case "role":
                    access.accounts.set_role(user, request.form.get("role", ""))
                case "disable" | "enable":
                    access.accounts.set_disabled(user, what == "disable")
                case "password":
                    password = secrets.token_urlsafe(12)
                    access.accounts.set_password(user, password)
                case "sessions":
                    access.accounts.end_sessions(user)
                case _:
                    abort(400)
        except AccountError as error:
            return page(problem=f"access.{error.kind}"), 400
        access.put(f"change user: {what}", subject=user.name, details={"role": request.form.get("role")})
        who = reader()
        if who is not None and who.user.id == user.id and what in ("password", "sessions"):
            # One's own session ended with the others.
            changed = access.accounts.by_id(user.id)
            if changed is not None:
                access.log_in(changed)
        return page(password=password, name=user.name)

    blueprint.register_error_handler(Exception, error_page)
    return blueprint
