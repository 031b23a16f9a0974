"""Whether a request or a WebSocket upgrade really comes from Twilio.

Source: Twilio, "Security: validating signatures". `twilio.request_validator` computes the signatures; which URLs may
have been signed and the comparison are decided here, because its own `validate` raises without a header, adds port 80
to wss, cuts IPv6 hosts and does not compare in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from twilio.request_validator import RequestValidator

SIGNATURE = "x-twilio-signature"

_DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
_FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")


@dataclass(frozen=True)
class Arrival:
    """What a server sees of a request before it believes anything of it."""

    scheme: str
    """`http`, `https`, `ws` or `wss`, of the connection itself."""
    target: str
    """Path and query as sent."""
    peer: str
    """Address of the other end; empty where there is none."""
    headers: Mapping[str, str]
    """Names in lower case."""


class Signatures:
    """Decides which arrivals are served.

    | Auth Token | public URL | served |
    |---|---|---|
    | no | | loopback peers that name a loopback host and came through no proxy |
    | yes | no | loopback peers, signed for the URL of the request |
    | yes | yes | whoever signed for the public URL |
    """

    def __init__(self, auth_token: str, public_url: str = "") -> None:
        self._auth_token = auth_token
        self._public_url = public_url.rstrip("/")

    def admits(self, arrival: Arrival, parameters: Any = None) -> bool:
        """Whether to serve it. `parameters`: the whole form (a MultiDict or a dict), or the text of a JSON body."""
        if not self._auth_token:
            return _is_local(arrival)
        if self._public_url:
            base = self._public_url
        elif is_loopback(arrival.peer):
            base = f"{arrival.scheme}://{arrival.headers.get('host', '')}"
        else:
            return False
        url = base + arrival.target
        signature = arrival.headers.get(SIGNATURE)
        if arrival.scheme in ("ws", "wss"):
            return is_upgrade_signed(self._auth_token, url, signature)
        return is_signed(self._auth_token, url, parameters, signature)


def is_signed(auth_token: str, url: str, parameters: Any, signature: str | None) -> bool:
    """Whether `signature` is Twilio's for a request to `url` with these parameters (see `Signatures.admits`)."""
    if isinstance(parameters, str):
        claimed = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
        if not hmac.compare_digest(
            hashlib.sha256(parameters.encode("utf-8", "surrogatepass")).hexdigest().encode(), claimed.lower().encode()
        ):
            return False
        parameters = {}
    return _any_signed(auth_token, _port_variants(url), parameters or {}, signature)


def is_upgrade_signed(auth_token: str, url: str, signature: str | None) -> bool:
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
    return _any_signed(auth_token, urls, {}, signature)


def _any_signed(auth_token: str, urls: Iterator[str], parameters: Any, signature: str | None) -> bool:
    if not signature or not auth_token:
        return False
    validator = RequestValidator(auth_token)
    given = signature.encode("utf-8", "surrogatepass")
    found = False
    for url in urls:
        try:
            expected = validator.compute_signature(url, parameters).encode()
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


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def _is_local(arrival: Arrival) -> bool:
    """Whether a request was made on this machine for this machine.

    A proxy or a tunnel makes the whole world look like loopback, and a web page can make a local browser ask: so
    the host asked for must be loopback too, no proxy may have passed it on, and no foreign page may be its origin.
    """
    headers = arrival.headers
    if not is_loopback(arrival.peer) or any(name in headers for name in _FORWARDING):
        return False
    origin = headers.get("origin")
    return _is_loopback_host(headers.get("host", "")) and (
        origin is None or _is_loopback_host(origin.partition("://")[2])
    )


def _is_loopback_host(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name == "localhost" or is_loopback(name)
