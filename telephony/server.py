"""One port for everything: builds the application, serves it, and drains it at the end."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import signal
import socket
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from types import FrameType
from typing import Any, cast

import structlog
import uvicorn
from flask import Blueprint
from prometheus_client import CollectorRegistry

from telephony.application import Lifespan, TelephonyApp
from telephony.bounded_http import allow_files, bounded_http
from telephony.call_states import CallStates
from telephony.exchange import Exchange
from telephony.hosts import Hosts
from telephony.keypad_service import KeyedAnswering
from telephony.keypad_sessions import LiveKeypadSessions
from telephony.lean_websocket import LeanWebSocket
from telephony.limits import Limits
from telephony.metrics import TwilioMetrics
from telephony.open_streams import OpenStreams
from telephony.people.moving import Moving
from telephony.places import Places
from telephony.refusals import Refusals
from telephony.signatures import Signatures
from telephony.stream_tokens import StreamTokens
from telephony.tls import check_tls
from voicebot.channel import Answering
from voicebot.config import Configuration
from voicebot.errors import VoicebotError
from voicebot.office import Office, local_office
from voicebot.store.live import LiveStore, MemoryStore

_log = structlog.get_logger(__name__)

_UNMEASURED = 40
"""Calls at once where nobody measured and nothing is configured: two cores hold them."""


_BEAT_S = 0.25
"""Seconds between two signs of life."""


class ServerError(VoicebotError):
    """The server can't listen."""


def create_app(
    configuration: Configuration,
    answering: Answering,
    *,
    ready: Callable[[], bool] = lambda: True,
    blueprints: Iterable[Blueprint] = (),
    lifespan: Lifespan = nullcontext,
    registry: CollectorRegistry | None = None,
    limits: Limits | None = None,
    live: LiveStore | None = None,
    capacity: Callable[[], int] | None = None,
    service_id: str = "",
    machine: str = "",
    trouble: Callable[[], str] = lambda: "",
    office: Office | None = None,
    moving: Moving | None = None,
    keyed: KeyedAnswering | None = None,
) -> TelephonyApp:
    """The ASGI application that answers Twilio.

    `ready`: whether the bot can take calls, for example once its models are loaded; until then callers go to people.
    `blueprints`: further pages on the same port. `lifespan`: entered before the port opens and left after it closes.
    `registry`: where /metrics reads, by default a new one. `live`: what workers share, by default in this process's
    memory. `capacity`: calls that may stream at once, by default as configured. `service_id`: the same for workers that
    stop together. `machine`: this host's name among those that share `live`; empty where it is alone.
    `trouble`: a sentence that says why the bot takes no calls; empty where it does, or is loading.
    `office`: the people behind the bot, by default always there, with what they are left in this process's memory.
    `moving`: hands callers over through Twilio's API; without it, TwiML after the stream does. `keyed`: holds the calls
    that can't have a stream, by keys; without it they go to people.
    """
    limits = limits or Limits()
    registry = registry or CollectorRegistry()
    live = live or MemoryStore()
    token = configuration.twilio_auth_token.get_secret_value()
    key = _stream_key(token, live)
    exchange = Exchange(
        signatures=Signatures(
            token,
            configuration.public_url,
            also=(configuration.twilio_auth_token_also.get_secret_value(),),
            shared_keys={name: key.get_secret_value() for name, key in configuration.twilio_shared_keys.items()},
        ),
        tokens=StreamTokens(key, live, lifetime_s=limits.token_s, kept_s=limits.call_remembered_s),
        places=Places(
            live,
            capacity or (lambda: configuration.most_calls or _UNMEASURED),
            service=service_id or secrets.token_hex(8),
            announced_s=limits.token_s,
            lease_s=limits.place_lease_s,
            machine=machine,
        ),
        hosts=Hosts(live, machine, lease_s=limits.place_lease_s),
        states=CallStates(live, kept_s=limits.call_remembered_s),
        streams=OpenStreams(),
        live=live,
        limits=limits,
        refusals=Refusals(per_source=limits.refused_per_source, overall=limits.refused_overall),
        metrics=TwilioMetrics(registry),
        moving=moving,
    )
    return TelephonyApp(
        configuration,
        answering,
        ready=ready,
        blueprints=blueprints,
        lifespan=lifespan,
        registry=registry,
        exchange=exchange,
        trouble=trouble,
        office=office or local_office(),
        keyed=keyed,
        keypad_sessions=LiveKeypadSessions(live, key, limits.call_remembered_s),
    )


def _stream_key(auth_token: str, live: LiveStore) -> bytes:
    """What stream tokens are made with: the same in every worker, without being told."""
    if auth_token:
        return hmac.new(auth_token.encode(), b"voicebot stream tokens", hashlib.sha256).digest()
    made = secrets.token_hex(32)
    return (live.change("keys", "streams", lambda known: known or made, 86_400.0 * 365) or made).encode()


class _DrainingServer(uvicorn.Server):
    """Drains on the first SIGTERM or SIGINT, and stops at once on the second."""

    def __init__(
        self, config: uvicorn.Config, app: TelephonyApp, listening: Callable[[int], None], drain_s: float
    ) -> None:
        super().__init__(config)
        self._app = app
        self._drain_s = drain_s
        self._listening = listening
        self._drain: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Open the port, and tell which it is."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started and sockets:
            self._listening(sockets[0].getsockname()[1])

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Called as the signal handler."""
        if self._drain is not None or self._loop is None or not self.started:
            self.should_exit = True
            self.force_exit = sig == signal.SIGINT and self._drain is not None
        else:
            self._loop.call_soon_threadsafe(self._begin_to_drain)

    def _begin_to_drain(self) -> None:
        if self._drain is None:
            self._drain = asyncio.ensure_future(self._drain_and_exit())

    async def _drain_and_exit(self) -> None:
        left = await self._app.drain(self._drain_s)
        if left:
            _log.warning("stopping with calls running", calls=left)
        self.should_exit = True


async def run_server(
    app: TelephonyApp,
    configuration: Configuration,
    *,
    listening: Callable[[int], None] = lambda _port: None,
    limits: Limits | None = None,
    listener: socket.socket | None = None,
    alive: Callable[[bool], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain.

    `listening` is called with the port once it is open, which matters for port 0. `listener`: a socket that is open
    already. `alive` is called four times a second while the loop runs, with whether calls are held. Raises ServerError
    where the port can't be opened, TlsError where its certificate can't be used, and what the lifespan raised.
    """
    limits = limits or Limits()
    speaks_tls = check_tls(configuration)
    listener = listener or listen(configuration.host, configuration.port)
    allow_files(limits.files)
    config = uvicorn.Config(
        cast(Any, app),
        log_config=None,
        http=bounded_http(limits),
        h11_max_incomplete_event_size=limits.head_bytes,
        access_log=False,
        ws=LeanWebSocket,
        ws_max_size=limits.socket_message_bytes,
        ws_ping_interval=limits.ping_every_s,
        # Messages are 300 bytes each: compressing them costs time and wins nothing.
        ws_per_message_deflate=False,
        # Off by default, because it believes every proxy on this machine.
        proxy_headers=bool(configuration.trusted_proxy),
        forwarded_allow_ips=configuration.trusted_proxy or None,
        server_header=False,
        ssl_certfile=configuration.tls_cert if speaks_tls else None,
        ssl_keyfile=configuration.tls_key if speaks_tls else None,
        timeout_graceful_shutdown=2,
    )
    beating = asyncio.ensure_future(_beat(app, alive)) if alive is not None else None
    try:
        await _DrainingServer(config, app, listening, configuration.drain_s).serve(sockets=[listener])
    except SystemExit:
        raise app.start_error or ServerError("the server could not start; the log above tells why.") from None
    finally:
        if beating is not None:
            beating.cancel()
        listener.close()


async def _beat(app: TelephonyApp, alive: Callable[[bool], None]) -> None:
    while True:
        alive(len(app.exchange.streams) > 0)
        await asyncio.sleep(_BEAT_S)


def listen(host: str, port: int) -> socket.socket:
    """The port, open. Raises ServerError."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise ServerError(
            f"can't listen on {host}, port {port} ({error.strerror}); "
            "stop what uses it, or set another one with VOICEBOT_HOST and VOICEBOT_PORT."
        ) from None
    return listener


def serve(
    configuration: Configuration,
    answering: Answering,
    *,
    listening: Callable[[int], None] = lambda _port: None,
    limits: Limits | None = None,
    listener: socket.socket | None = None,
    alive: Callable[[bool], None] | None = None,
    extend: Callable[[TelephonyApp], None] = lambda _app: None,
    **options: Any,
) -> None:
    """`create_app` with these options, and `run_server`, until SIGTERM or SIGINT. `extend` may add pages to it."""
    limits = limits or Limits()
    app = create_app(configuration, answering, limits=limits, **options)
    extend(app)
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(run_server(app, configuration, listening=listening, limits=limits, listener=listener, alive=alive))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed: it moves a call's frames for less; else Python's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return cast(Callable[[], asyncio.AbstractEventLoop], uvloop.new_event_loop)
