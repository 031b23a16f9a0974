"""A request as a server sees it, and whether it was made on this machine for this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from flask import Request

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


def arrival_of_request(request: Request) -> Arrival:
    """A request to Flask."""
    query = request.query_string.decode("latin-1")
    path = quote(request.path)
    return Arrival(
        scheme=request.scheme,
        target=f"{path}?{query}" if query else path,
        peer=request.remote_addr or "",
        headers={name.lower(): value for name, value in request.headers.items()},
    )


def is_loopback(address: str) -> bool:
    """Whether an IP address is this machine's own."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def is_local(arrival: Arrival) -> bool:
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
