"""Twilio's request signature, as Twilio makes it.

Written apart from the server's check on purpose: the phone is a second opinion on the protocol.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

HEADER = "X-Twilio-Signature"


def signed_url(url: str) -> str:
    """The form of `url` that is signed: no user, no fragment; over TLS no port either (over plain HTTP it stays)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is not None and parts.scheme not in ("https", "wss"):
        host = f"{host}:{parts.port}"
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def signature(auth_token: str, url: str, form: Iterable[tuple[str, str]] = ()) -> str:
    """HMAC-SHA1 over the URL and all form parameters, base64: the value of X-Twilio-Signature.

    `url` is taken as it is (see `signed_url`). Parameters are sorted by name byte by byte; of a repeated name the
    distinct values, sorted.
    """
    text = url + "".join(
        name + value for name, value in sorted(set(form), key=lambda p: (p[0].encode(), p[1].encode()))
    )
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()
