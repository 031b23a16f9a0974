"""X-Twilio-Signature, as the account's side computes it."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable


def signature(token: str, url: str, parameters: Iterable[tuple[str, str]] = ()) -> str:
    """HMAC-SHA1 over the URL and every parameter, sorted by the bytes of its name; equal ones once."""
    signed = url + "".join(name + value for name, value in sorted(set(parameters), key=_bytewise))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


def _bytewise(parameter: tuple[str, str]) -> tuple[bytes, bytes]:
    name, value = parameter
    return name.encode(), value.encode()
