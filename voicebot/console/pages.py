"""What all pages have in common: language, words, formats, navigation, security headers, error pages."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import structlog
from flask import Blueprint, Flask, Response, g, render_template, request
from werkzeug.exceptions import HTTPException

from voicebot.console.access.guard import reader
from voicebot.console.formats import Formats
from voicebot.console.interface_language import COOKIE, LANGUAGES, InterfaceLanguage, chosen, text
from voicebot.failure import place

_log = structlog.get_logger(__name__)

_YEAR_S = 365 * 24 * 3600

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""No page of ours uses anything from outside, nor scripts or styles inside the page."""

_EXPLAINED = frozenset({400, 403, 404, 429, 500, 503})


@dataclass(frozen=True)
class NavigationEntry:
    """One place that a reader may go to."""

    title: str
    url: str
    current: Literal["page", "true", ""]
    """Of `aria-current`: this page, a page below it, or neither."""


@dataclass(frozen=True)
class NavigationGroup:
    """Places that belong together; in the bar, the first of them stands for all."""

    title: str
    entries: tuple[NavigationEntry, ...]

    @property
    def current(self) -> Literal["page", "true", ""]:
        """Whether the reader is at one of them."""
        here: Literal["true", ""] = "true" if any(entry.current for entry in self.entries) else ""
        return self.entries[0].current if len(self.entries) == 1 else here


Navigation = Callable[[], Sequence[NavigationGroup]]
"""What this request's reader may go to."""


def prepare_pages(flask: Flask, *, default_language: str, zone: ZoneInfo, navigation: Navigation) -> None:
    """Make pages possible in `flask`: call once, before the blueprints with pages are registered.

    `default_language`: of the interface where a browser asks for neither. `zone`: whose time the pages show.
    """
    static = Blueprint(
        "console_static", __name__, static_folder="static", static_url_path="/assets", template_folder="templates"
    )
    flask.register_blueprint(static)

    @flask.before_request
    def choose_language() -> None:
        g.interface_language = chosen(request, default_language)

    @flask.context_processor
    def words() -> dict[str, object]:
        language: InterfaceLanguage = g.interface_language
        return {
            "interface_language": language,
            "t": partial(text, language),
            "formats": Formats(language, zone),
            "navigation": navigation,
            "reader": reader,
        }

    flask.after_request(_remember_language)
    flask.after_request(add_security_headers)


def _remember_language(response: Response) -> Response:
    if (asked := request.args.get("lang", "")) in LANGUAGES and response.status_code < 400:
        response.set_cookie(
            COOKIE, asked, max_age=_YEAR_S, samesite="Lax", secure=request.is_secure, httponly=True, path="/"
        )
    return response


def add_security_headers(response: Response) -> Response:
    """The headers that keep other sites, and mistakes of ours, from doing harm in a reader's browser."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    response.headers.setdefault("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_S}")
    if not request.path.startswith("/assets/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def error_page(error: Exception) -> tuple[str, int] | HTTPException:
    """A blueprint's handler of every Exception: one sentence for the reader, the place of the mistake for the log."""
    status = error.code or 500 if isinstance(error, HTTPException) else 500
    if isinstance(error, HTTPException) and (error.response is not None or status < 400):
        return error
    if status >= 500:
        _log.error(
            "page failed", path=request.path, error=type(error).__name__, place=place(error), id=secrets.token_hex(4)
        )
    return render_template("console/error.html", status=status if status in _EXPLAINED else 400), status
