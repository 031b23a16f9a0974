"""The phone's way to a service over HTTP and WebSocket."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from telephony.phone.transport import HandshakeRefusedError, Reply, Route, Socket, SocketClosedError, UnreachableError

CONNECT_S = 5.0
"""Twilio's connect timeout."""
READ_S = 15.0
"""Twilio's read timeout, which is also its ceiling."""


def is_loopback(url: str) -> bool:
    """Whether `url` names this very machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Network:
    """A transport over sockets. `route` sends a public address to where the service listens."""

    def __init__(self, route: Route | None = None) -> None:
        self._route = route or (lambda url: url)
        timeout = httpx.Timeout(READ_S, connect=CONNECT_S)
        # A proxy set in the environment has no business between this machine and itself.
        self._here = httpx.AsyncClient(timeout=timeout, trust_env=False)
        self._elsewhere = httpx.AsyncClient(timeout=timeout)

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        target = self._route(url)
        client = self._here if is_loopback(target) else self._elsewhere
        for last in (False, True):
            try:
                response = await client.request(method, target, headers=dict(headers), content=body)
            except httpx.ConnectError as error:
                if last:  # Twilio tries once more, too.
                    raise _unreachable(target, str(error)) from None
            except (httpx.TimeoutException, TimeoutError):
                raise TimeoutError(f"no answer within {READ_S:.0f} s") from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise _unreachable(target, str(error)) from None
            else:
                return Reply(response.status_code, dict(response.headers.items()), response.content)
        raise AssertionError("unreachable")

    async def connect(self, url: str, headers: Mapping[str, str]) -> Socket:
        target = self._route(url)
        try:
            connection = await connect(
                target,
                additional_headers=dict(headers),
                user_agent_header="Twilio.TmeWs/1.0",
                compression=None,
                open_timeout=CONNECT_S,
                close_timeout=2,
                ping_interval=None,
                max_queue=None,
                proxy=None if is_loopback(target) else True,
            )
        except InvalidStatus as error:
            raise HandshakeRefusedError(error.response.status_code) from None
        except (InvalidHandshake, InvalidMessage):
            raise HandshakeRefusedError(0) from None
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            raise _unreachable(target, str(error)) from None
        return _NetworkSocket(connection)

    async def aclose(self) -> None:
        await self._here.aclose()
        await self._elsewhere.aclose()


class _NetworkSocket:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed as error:
            raise SocketClosedError(_code(error)) from None

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise SocketClosedError(_code(error)) from None

    async def close(self, code: int = 1000) -> None:
        await self._connection.close(code)


def _code(error: ConnectionClosed) -> int:
    return error.rcvd.code if error.rcvd is not None else 1006


def _unreachable(url: str, reason: str) -> UnreachableError:
    parts = urlsplit(url)
    return UnreachableError(
        f"no service answers at {parts.scheme}://{parts.netloc} ({reason or 'connection failed'}); "
        "start it with `voicebot serve`, or give its address with --url."
    )
