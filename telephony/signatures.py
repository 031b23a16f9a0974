"""Whether a request or a WebSocket upgrade really comes from Twilio.

Source: Twilio, "Security: validating signatures". `twilio.request_validator` computes the signatures; which URLs may
have been signed and the comparison are decided here, because its own `validate` raises without a header, adds port 80
to wss, cuts IPv6 hosts and does not compare in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qs, urlsplit

from twilio.request_validator import RequestValidator

from telephony.arrival import Arrival, is_local, is_loopback

SIGNATURE = "x-twilio-signature"
SETTINGS = "x-twilio-webhooks-signature-settings"
"""Which shared key signed, where an account uses them instead of its Auth Token."""

Algorithm = Literal["HMAC_SHA1", "HMAC_SHA256"]

_LONGEST_SETTINGS = 500
_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Signatures:
    """Decides which arrivals are served.

    | Auth Token | public URL | served |
    |---|---|---|
    | no | | loopback peers that name a loopback host and came through no proxy |
    | yes | no | loopback peers, signed for the URL of the request |
    | yes | yes | whoever signed for the public URL |

    Shared keys stand beside the token. Which algorithm goes with a key is decided here and not by the request: tokens
    sign by SHA-1, shared keys by SHA-256.
    """

    def __init__(
        self,
        auth_token: str,
        public_url: str = "",
        *,
        also: Iterable[str] = (),
        shared_keys: Mapping[str, str] | None = None,
    ) -> None:
        """`also`: tokens that are accepted too, while they are rotated. `shared_keys`: by their name at Twilio."""
        self._tokens = tuple(token for token in (auth_token, *also) if token)
        self._shared_keys = {name: key for name, key in (shared_keys or {}).items() if key}
        self._public_url = public_url.rstrip("/")

    @property
    def wants_signature(self) -> bool:
        """Whether an arrival without a signature is never served."""
        return bool(self._tokens or self._shared_keys)

    def admits(self, arrival: Arrival, parameters: Any = None) -> bool:
        """Whether to serve it. `parameters`: the whole form (a MultiDict or a dict), or the text of a JSON body."""
        if not self.wants_signature:
            return is_local(arrival)
        if self._public_url:
            base = self._public_url
        elif is_loopback(arrival.peer):
            base = f"{arrival.scheme}://{arrival.headers.get('host', '')}"
        else:
            return False
        url = base + arrival.target
        signature = arrival.headers.get(SIGNATURE)
        secrets, algorithm = self._secrets(arrival.headers.get(SETTINGS))
        # All are tried: how long it takes tells nothing of which one fitted.
        if arrival.scheme in ("ws", "wss"):
            found = [is_upgrade_signed(secret, url, signature, algorithm) for secret in secrets]
        else:
            found = [is_signed(secret, url, parameters, signature, algorithm) for secret in secrets]
        return any(found)

    def _secrets(self, settings: str | None) -> tuple[tuple[str, ...], Algorithm]:
        """What may have signed, and how; nothing for a key or an algorithm that is not ours."""
        if settings is None:
            return self._tokens, "HMAC_SHA1"
        named = dict(part.strip().partition("=")[::2] for part in settings[:_LONGEST_SETTINGS].split(","))
        key = self._shared_keys.get(named.get("key", ""))
        if key is None or named.get("algorithm", "").upper() != "HMAC_SHA256":
            return (), "HMAC_SHA256"
        return (key,), "HMAC_SHA256"


def is_signed(
    auth_token: str, url: str, parameters: Any, signature: str | None, algorithm: Algorithm = "HMAC_SHA1"
) -> bool:
    """Whether `signature` is Twilio's for a request to `url` with these parameters (see `Signatures.admits`)."""
    if isinstance(parameters, str):
        claimed = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
        if not hmac.compare_digest(
            hashlib.sha256(parameters.encode("utf-8", "surrogatepass")).hexdigest().encode(), claimed.lower().encode()
        ):
            return False
        parameters = {}
    return _any_signed(auth_token, _port_variants(url), parameters or {}, signature, algorithm)


def is_upgrade_signed(auth_token: str, url: str, signature: str | None, algorithm: Algorithm = "HMAC_SHA1") -> bool:
    """Whether `signature` is Twilio's for opening a WebSocket at `url` (http, https, ws or wss).

    Twilio signs wss, without parameters, and sometimes with a slash at the end. Only where the URL is itself
    unencrypted (loopback, for development) is ws accepted too.
    """
    scheme, _, rest = url.partition("://")
    schemes = ("wss", "ws") if scheme in ("http", "ws") else ("wss",)
    address, mark, query = rest.partition("?")
    address = address.rstrip("/")
    urls = (
        variant
        for scheme in schemes
        for ending in ("", "/")
        for variant in _port_variants(f"{scheme}://{address}{ending}{mark}{query}")
    )
    return _any_signed(auth_token, urls, {}, signature, algorithm)


def _any_signed(
    auth_token: str, urls: Iterator[str], parameters: Any, signature: str | None, algorithm: Algorithm
) -> bool:
    if not signature or not auth_token:
        return False
    validator = RequestValidator(auth_token)
    given = signature.encode("utf-8", "surrogatepass")
    found = False
    for url in urls:
        try:
            expected = validator.compute_signature(url, parameters, algorithm).encode()
        except UnicodeEncodeError:
            return False
        found |= hmac.compare_digest(expected, given)
    return found


def _port_variants(url: str) -> Iterator[str]:
    """The URL without user and password, and with the port as it is, left out, and the scheme's own.

    Voice webhooks over HTTPS are signed without the port, plain HTTP with it, and Twilio is not consistent.
    """
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        return
    host = parts.netloc.rpartition("@")[2]
    if port is not None:
        host = host[: host.rindex(":")]
    rest = url.partition("://")[2]
    tail = rest[len(parts.netloc) :]
    hosts = {host, f"{host}:{port or _DEFAULT_PORTS.get(parts.scheme, 443)}"}
    for variant in sorted(hosts):
        yield f"{parts.scheme}://{variant}{tail}"
