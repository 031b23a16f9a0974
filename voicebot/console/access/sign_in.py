"""Logging in and out, and one's own account."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_limiter.errors import RateLimitExceeded
from werkzeug.wrappers import Response

from voicebot.console.access.guard import Access, public, reader, signed_in
from voicebot.console.access.identity_provider import IdentityProvider
from voicebot.console.pages import error_page
from voicebot.store.accounts.accounts import AccountError
from voicebot.store.accounts.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from voicebot.store.accounts.permissions import PERMITTED

_ATTEMPTS = "10 per minute; 60 per hour"
"""Of logging in, from one address: a person with a bad memory, not a guesser."""


def sign_in_blueprint(access: Access, provider: IdentityProvider | None) -> Blueprint:
    """The pages at /login, /logout and /account."""
    blueprint = access.protect(Blueprint("access", __name__))

    def form(problem: str = "", status: int = 200) -> tuple[str, int]:
        page = render_template(
            "access/sign_in.html", problem=problem, name=request.form.get("name", ""), provider=provider
        )
        return page, status

    @blueprint.get("/login")
    @public
    def sign_in() -> tuple[str, int] | Response:
        return redirect(_next()) if reader() else form()

    @blueprint.post("/login")
    @public
    @access.limiter.limit(_ATTEMPTS)
    def check() -> tuple[str, int] | Response:
        name, password = request.form.get("name", "")[:200], request.form.get("password", "")
        try:
            user = access.accounts.log_in(name, password)
        except AccountError:
            access.trail.put(name[:64], "log in while locked", address=request.remote_addr)
            return form("access.locked", 403)
        if user is None:
            access.trail.put(name[:64], "log in failed", address=request.remote_addr)
            return form("access.wrong", 403)
        access.log_in(user)
        access.put("log in")
        return redirect(_next())

    @blueprint.post("/logout")
    @signed_in
    def sign_out() -> Response:
        access.put("log out")
        access.log_out()
        return redirect(url_for("access.sign_in"))

    @blueprint.get("/account")
    @signed_in
    def account() -> str:
        return own_account(done="access.password_changed" if request.args.get("done") == "password" else "")

    def own_account(problem: str = "", done: str = "", token: str = "") -> str:
        who = reader()
        assert who is not None
        return render_template(
            "access/account.html",
            user=who.user,
            tokens=access.tokens.of(who.user),
            scopes=sorted(PERMITTED[who.user.role]),
            shortest=SHORTEST_PASSWORD,
            longest=LONGEST_PASSWORD,
            problem=problem,
            done=done,
            token=token,
        )

    @blueprint.post("/account/password")
    @signed_in
    @access.limiter.limit(_ATTEMPTS)
    def change_password() -> str | Response:
        who = reader()
        assert who is not None
        if who.user.has_password:
            try:
                known = access.accounts.log_in(who.user.name, request.form.get("old", ""))
            except AccountError:
                return own_account(problem="access.locked")
            if known is None:
                return own_account(problem="access.old_wrong")
        if request.form.get("new", "") != request.form.get("again", ""):
            return own_account(problem="access.not_alike")
        try:
            access.accounts.set_password(who.user, request.form.get("new", ""))
        except AccountError as error:
            return own_account(problem=f"access.{error.kind}")
        access.put("change own password")
        changed = access.accounts.by_id(who.user.id)
        assert changed is not None
        access.log_in(changed)
        return redirect(url_for("access.account", done="password"))

    @blueprint.post("/account/sessions/end")
    @signed_in
    def end_sessions() -> Response:
        who = reader()
        assert who is not None
        access.accounts.end_sessions(who.user)
        access.put("log out everywhere")
        access.log_out()
        return redirect(url_for("access.sign_in"))

    @blueprint.post("/account/tokens")
    @signed_in
    def make_token() -> str:
        who = reader()
        if who is None or who.scopes is not None:
            abort(403)  # a token makes no tokens
        days = request.form.get("days", "90")
        try:
            token = access.tokens.make(
                who.user,
                request.form.get("name", ""),
                request.form.getlist("scope"),
                int(days) if days.isdecimal() and 0 < int(days) <= 3650 else 90,
            )
        except AccountError as error:
            return own_account(problem=f"access.{error.kind}")
        access.put("make API token", subject=request.form.get("name", "")[:80])
        return own_account(token=token)

    @blueprint.post("/account/tokens/<int:token_id>/revoke")
    @signed_in
    def revoke_token(token_id: int) -> Response:
        who = reader()
        assert who is not None
        if not access.tokens.revoke(who.user, token_id):
            abort(404)
        access.put("revoke API token", subject=str(token_id))
        return redirect(url_for("access.account"))

    @blueprint.errorhandler(RateLimitExceeded)
    def too_often(_error: RateLimitExceeded) -> tuple[str, int]:
        return form("access.too_often", 429)

    blueprint.register_error_handler(Exception, error_page)
    return blueprint


def _next() -> str:
    """Where the reader wanted to go; nowhere outside."""
    wanted = request.args.get("next", "")
    if wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and "\n" not in wanted and "\r" not in wanted:
        return wanted
    who = reader()
    return "/agent" if who and who.may("desk") and not who.may("numbers") else "/console"
