"""Logging in through an identity provider (OpenID Connect), with Authlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Blueprint, Flask, abort, redirect, render_template, url_for
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response

from voicebot.config import Configuration
from voicebot.console.access.guard import Access, public
from voicebot.console.pages import error_page
from voicebot.store.accounts.accounts import AccountError, User
from voicebot.store.accounts.permissions import ROLES

_log = structlog.get_logger(__name__)


class IdentityProvider:
    """One provider, as the configuration names it."""

    def __init__(self, flask: Flask, configuration: Configuration) -> None:
        self.name = configuration.oidc_name
        """What the button to it says."""
        self._id = configuration.oidc_client_id
        self._claim = configuration.oidc_role_claim
        self._roles: Mapping[str, str] = configuration.oidc_roles
        self._client = OAuth(flask).register(
            "provider",
            client_id=configuration.oidc_client_id,
            client_secret=configuration.oidc_client_secret.get_secret_value(),
            server_metadata_url=f"{configuration.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256", "timeout": 10},
        )

    def blueprint(self, access: Access) -> Blueprint:
        """The pages at /login/provider: to the provider, and back."""
        blueprint = access.protect(Blueprint("provider", __name__, url_prefix="/login/provider"))

        @blueprint.get("")
        @public
        def leave() -> Response:
            answer: Response = self._client.authorize_redirect(url_for("provider.back", _external=True))
            return answer

        @blueprint.get("/back")
        @public
        def back() -> Response | tuple[str, int]:
            token = self._client.authorize_access_token(claims_options={"aud": {"essential": True, "value": self._id}})
            claims: Mapping[str, Any] = token.get("userinfo") or {}
            user = self._user(access, claims)
            if user is None:
                access.trail.put(str(claims.get("sub", ""))[:64], "log in refused: no role")
                abort(403)
            access.log_in(user)
            access.put("log in", details={"by": self.name})
            return redirect("/console")

        @blueprint.errorhandler(AuthlibBaseError)
        @blueprint.errorhandler(JoseError)
        @blueprint.errorhandler(RequestException)
        def failed(error: Exception) -> tuple[str, int]:
            _log.warning("the identity provider did not let somebody in", error=type(error).__name__)
            return render_template("access/sign_in.html", problem="access.provider_failed", name="", provider=self), 502

        blueprint.register_error_handler(Exception, error_page)
        return blueprint

    def _user(self, access: Access, claims: Mapping[str, Any]) -> User | None:
        """The provider's user, made at the first visit; the role follows the provider each time."""
        role = self._role(claims)
        subject, issuer = str(claims.get("sub", "")), str(claims.get("iss", ""))
        if role is None or not subject:
            return None
        identity = f"{issuer} {subject}"
        user = access.accounts.by_identity(identity)
        if user is None:
            wanted = str(claims.get("preferred_username") or claims.get("email") or subject)
            shown = str(claims.get("name") or wanted)
            name = "".join(wanted.split())[:64]
            if access.accounts.find(name) is not None:
                # Somebody of that name has an account here; whoever the provider means is not taken for them.
                name = f"{name[:50]}~{subject[:12]}"
            try:
                user = access.accounts.add(name, role, None, shown, identity)
            except AccountError:
                return None
        if user.disabled:
            return None
        if user.role != role:
            access.accounts.set_role(user, role)
            user = access.accounts.by_id(user.id)
        return user

    def _role(self, claims: Mapping[str, Any]) -> str | None:
        """The strongest role that the provider's groups have here; None where they have none."""
        groups = claims.get(self._claim, ())
        groups = groups if isinstance(groups, Sequence) and not isinstance(groups, str) else [groups]
        given = {self._roles[str(group)] for group in groups if str(group) in self._roles}
        return next((role for role in reversed(ROLES) if role in given), None)
