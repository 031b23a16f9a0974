"""Every page and endpoint says what it needs; what says nothing is refused.

A person comes with a session, a program with `Authorization: Bearer` and an API token. Sessions need a CSRF token for
whatever changes something; bearers don't, because no browser sends theirs by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar, cast

from flask import Blueprint, Flask, Request, abort, current_app, jsonify, redirect, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user
from flask_wtf.csrf import CSRFProtect
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from voicebot.store.accounts.accounts import Accounts, User
from voicebot.store.accounts.permissions import Permission
from voicebot.store.accounts.tokens import ApiTokens
from voicebot.store.audit import AuditTrail
from voicebot.store.history.database import Database

View = TypeVar("View", bound=Callable[..., Any])

_NEEDS = "_needs"
_PUBLIC = "public"
_SIGNED_IN = "signed in"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

_REDIS_OPTIONS = {"key_prefix": "voicebot:limits", "socket_timeout": 0.5, "socket_connect_timeout": 0.5}
SESSION_ENDS = timedelta(hours=10)
"""Without a request, a session ends after a working day."""


def needs(permission: Permission) -> Callable[[View], View]:
    """A page for those who have this permission."""
    return lambda view: _marked(view, permission)


def public(view: View) -> View:
    """A page for everybody."""
    return _marked(view, _PUBLIC)


def signed_in(view: View) -> View:
    """A page for everybody who has an account."""
    return _marked(view, _SIGNED_IN)


def need_of(view: Callable[..., Any]) -> str:
    """What a view needs: a permission, `public` or `signed in`; empty where it says nothing, so that nobody may."""
    return getattr(view, _NEEDS, "")


def _marked(view: View, need: str) -> View:
    setattr(view, _NEEDS, need)
    return view


@dataclass(frozen=True, eq=False)
class Reader(UserMixin):  # type: ignore[misc]
    """Who is asking: a user, or a program with some of a user's permissions."""

    user: User
    scopes: frozenset[Permission] | None = None
    """None for the user in person."""

    def get_id(self) -> str:
        """What the session keeps: the number, and what makes sessions end when it changes."""
        return f"{self.user.id}:{self.user.session}"

    def may(self, permission: Permission) -> bool:
        """Whether this reader has the permission."""
        return self.user.may(permission) and (self.scopes is None or permission in self.scopes)


def reader() -> Reader | None:
    """Who is asking; None for a stranger."""
    return cast(Reader, current_user._get_current_object()) if current_user.is_authenticated else None


class Access:
    """Accounts, tokens and the trail, tied to a Flask application."""

    def __init__(self, flask: Flask, database: Database, key: bytes, *, redis_url: str = "") -> None:
        """`key`: what sessions are signed with; the same in all processes. `redis_url`: where attempts to log in are
        counted for all hosts; by default in this process's memory, and there too while Redis is away."""
        self.accounts = Accounts(database)
        self.tokens = ApiTokens(database)
        self.trail = AuditTrail(database)
        self.flask = flask
        flask.secret_key = key
        flask.config.update(
            SESSION_COOKIE_NAME="voicebot_session",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Lax",
            PERMANENT_SESSION_LIFETIME=SESSION_ENDS,
            # Checked by the guard, where there is a session: Twilio's webhooks have none.
            WTF_CSRF_CHECK_DEFAULT=False,
            WTF_CSRF_TIME_LIMIT=None,
            RATELIMIT_HEADERS_ENABLED=False,
        )
        self._csrf = CSRFProtect(flask)
        self.limiter = Limiter(
            get_remote_address,
            app=flask,
            # The name that this package has for a Unix socket.
            storage_uri=redis_url.replace("unix://", "redis+unix://", 1) or "memory://",
            storage_options=_REDIS_OPTIONS if redis_url else {},  # type: ignore[arg-type]
            in_memory_fallback_enabled=bool(redis_url),
            strategy="moving-window",
        )
        manager = LoginManager(flask)
        manager.session_protection = None  # callers of an office may change addresses within a session
        manager.user_loader(self._of_session)
        manager.request_loader(self._of_bearer)

    def protect(self, blueprint: Blueprint) -> Blueprint:
        """Hold every view of the blueprint to what it says that it needs."""
        blueprint.before_request(self._check)
        return blueprint

    def log_in(self, user: User) -> None:
        """Begin the user's session in this browser."""
        from flask import session

        session.clear()
        session.permanent = True
        login_user(Reader(user))

    def log_out(self) -> None:
        """End the session of this browser."""
        logout_user()

    def reader_of(self, headers: list[tuple[str, str]]) -> Reader | None:
        """Who is asking in a request that Flask does not serve, by its headers. Touches the database."""
        with self.flask.test_request_context("/", headers=headers):
            return reader()

    def put(self, action: str, **about: Any) -> None:
        """A line of the trail about this request's reader; see `AuditTrail.put`."""
        who = reader()
        self.trail.put(who.user.name if who else "", action, address=request.remote_addr, **about)

    def _check(self) -> Response | None:
        need = need_of(current_app.view_functions[request.endpoint or ""])
        who = reader()
        if need == _PUBLIC:
            pass
        elif who is None:
            return _to_sign_in()
        elif need != _SIGNED_IN and (not need or not who.may(cast(Permission, need))):
            abort(403)
        if request.method not in _SAFE and not (who is not None and who.scopes is not None):
            self._csrf.protect()
        return None

    def _of_session(self, kept: str) -> Reader | None:
        number, _, session = kept.partition(":")
        user = self.accounts.by_id(int(number)) if number.isdecimal() else None
        return Reader(user) if user is not None and user.session == session and not user.disabled else None

    def _of_bearer(self, asking: Request) -> Reader | None:
        kind, _, token = asking.headers.get("Authorization", "").partition(" ")
        found = self.tokens.find(token.strip()) if kind.lower() == "bearer" else None
        user = self.accounts.by_id(found.user_id) if found is not None else None
        return Reader(user, found.scopes) if found is not None and user is not None and not user.disabled else None


def wants_json() -> bool:
    """Whether a program is asking."""
    return request.path.startswith("/api/") or "Authorization" in request.headers


def _to_sign_in() -> Response:
    if request.path.startswith("/api/"):
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
    if wants_json():
        response = jsonify(error="log in, or send an API token as Authorization: Bearer vb_...")
        response.status_code = 401
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    return redirect(url_for("access.sign_in", next=request.full_path.rstrip("?") if request.method == "GET" else None))
