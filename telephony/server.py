"""One port: Twilio's media socket beside the Flask application with the webhooks, health and metrics."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from types import FrameType
from typing import Any, cast

import structlog
import uvicorn
from a2wsgi import WSGIMiddleware
from flask import Blueprint, Flask, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from telephony.call_states import CallStates, LocalCallStates
from telephony.limits import Limits
from telephony.media_socket import MediaSocket, Message, Receive, Scope, Send
from telephony.metrics import TwilioMetrics
from telephony.open_streams import OpenStreams
from telephony.signatures import Signatures
from telephony.stream_tokens import LocalStreamTokens, StreamTokens
from telephony.webhook import TwilioWebhooks
from voicebot.channel import Answering
from voicebot.config import Configuration
from voicebot.errors import VoicebotError

_log = structlog.get_logger(__name__)

_MEDIA_PATH = "/twilio/media"
_WEBHOOKS = "/twilio/"

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


class ServerError(VoicebotError):
    """The server can't listen."""


class TelephonyApp:
    """The ASGI application."""

    def __init__(
        self,
        configuration: Configuration,
        answering: Answering,
        *,
        ready: Callable[[], bool],
        blueprints: Iterable[Blueprint],
        lifespan: Lifespan,
        registry: CollectorRegistry,
        limits: Limits,
        tokens: StreamTokens,
        states: CallStates,
    ) -> None:
        self._ready = ready
        self._most_calls = configuration.most_calls
        self._lifespan = lifespan
        self._limits = limits
        self._tokens = tokens
        self._streams = OpenStreams()
        self._draining = False
        signatures = Signatures(configuration.twilio_auth_token.get_secret_value(), configuration.public_url)
        metrics = TwilioMetrics(registry)
        self._media = MediaSocket(
            answering,
            signatures=signatures,
            tokens=tokens,
            states=states,
            streams=self._streams,
            limits=limits,
            metrics=metrics,
        )
        webhooks = TwilioWebhooks(
            configuration,
            signatures=signatures,
            tokens=tokens,
            states=states,
            streams=self._streams,
            has_room=self.has_room,
            takes_calls=self.takes_calls,
            limits=limits,
            metrics=metrics,
        )
        self.flask = Flask("voicebot")
        """The Flask application; further blueprints may be registered before the first request."""
        self.flask.register_blueprint(webhooks.blueprint())
        self.flask.register_blueprint(self._health(registry))
        for blueprint in blueprints:
            self.flask.register_blueprint(blueprint)
        self._wsgi = cast(Any, WSGIMiddleware(cast(Any, self.flask.wsgi_app), workers=limits.webhook_threads))

    @property
    def calls(self) -> int:
        """Calls that are held now, and those whose stream is about to come."""
        return len(self._streams) + self._tokens.waiting()

    def takes_calls(self) -> bool:
        """Whether the bot is ready and not about to stop."""
        return self._ready() and not self._draining

    def has_room(self) -> bool:
        """Whether the bot can take one more call."""
        return self.takes_calls() and self.calls < self._most_calls

    async def drain(self, within_s: float | None = None) -> int:
        """Take no new calls, and wait until the running ones are over; returns how many were still left.

        Webhooks are still answered meanwhile. `within_s`: seconds to wait, by default `Limits.drain_s`.
        """
        self._draining = True
        loop = asyncio.get_running_loop()
        until = loop.time() + (self._limits.drain_s if within_s is None else within_s)
        left = self.calls
        _log.info("draining", calls=left)
        had_calls = left > 0
        while self.calls and loop.time() < until:
            await asyncio.sleep(0.1)
            if self.calls != left:
                left = self.calls
                _log.info("draining", calls=left)
        if had_calls and not self.calls:
            # Their callers are about to be told where to go.
            await asyncio.sleep(min(self._limits.after_stream_within_s, max(until - loop.time(), 0.0)))
        return self.calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            if scope["path"].rstrip("/") == _MEDIA_PATH:
                await self._media(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
        elif not scope["query_string"].isascii():
            await _reply(send, 400)
        elif scope["path"].startswith(_WEBHOOKS):
            await self._webhook(scope, receive, send)
        else:
            await self._wsgi(scope, receive, send)

    async def _webhook(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body before a thread is given to the request, so that slow senders hold none."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.webhook_body_within_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > self._limits.webhook_bytes:
                        await _reply(send, 413)
                        return
        except TimeoutError:
            await _reply(send, 408)
            return

        async def whole() -> Message:
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self._wsgi(scope, whole, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        lifespan = self._lifespan()
        try:
            await lifespan.__aenter__()
        except Exception as error:
            _log.error("start failed", error=type(error).__name__, exc_info=error)
            message = str(error) if isinstance(error, VoicebotError) else type(error).__name__
            await send({"type": "lifespan.startup.failed", "message": message})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await lifespan.__aexit__(None, None, None)
        self._wsgi.executor.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})

    def _health(self, registry: CollectorRegistry) -> Blueprint:
        blueprint = Blueprint("health", __name__)

        @blueprint.get("/healthz")
        def healthz() -> Response:
            return jsonify(alive=True)

        @blueprint.get("/readyz")
        def readyz() -> tuple[Response, int]:
            ready = self.takes_calls()
            return jsonify(ready=ready, draining=self._draining, calls=self.calls), 200 if ready else 503

        @blueprint.get("/metrics")
        def metrics() -> Response:
            return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

        return blueprint


def create_app(
    configuration: Configuration,
    answering: Answering,
    *,
    ready: Callable[[], bool] = lambda: True,
    blueprints: Iterable[Blueprint] = (),
    lifespan: Lifespan = nullcontext,
    registry: CollectorRegistry | None = None,
    limits: Limits | None = None,
    tokens: StreamTokens | None = None,
    states: CallStates | None = None,
) -> TelephonyApp:
    """The ASGI application that answers Twilio.

    `ready`: whether the bot can take calls, for example once its models are loaded; until then callers go to people.
    `blueprints`: further pages on the same port. `lifespan`: entered before the port opens and left after it closes.
    `registry`: where /metrics reads, by default a new one. `tokens`, `states`: by default in this process's memory.
    """
    limits = limits or Limits()
    return TelephonyApp(
        configuration,
        answering,
        ready=ready,
        blueprints=blueprints,
        lifespan=lifespan,
        registry=registry or CollectorRegistry(),
        limits=limits,
        tokens=tokens or LocalStreamTokens(lifetime_s=limits.token_s, most=limits.tokens),
        states=states or LocalCallStates(most=limits.calls_remembered, kept_s=limits.call_remembered_s),
    )


async def _reply(send: Send, status: int) -> None:
    """Answer with a bare status."""
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


class _DrainingServer(uvicorn.Server):
    """Drains on the first SIGTERM or SIGINT, and stops at once on the second."""

    def __init__(self, config: uvicorn.Config, app: TelephonyApp, listening: Callable[[int], None]) -> None:
        super().__init__(config)
        self._app = app
        self._listening = listening
        self._drain: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: Any = None) -> None:
        """Open the port, and tell which it is."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._listening(self.servers[0].sockets[0].getsockname()[1])

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
        left = await self._app.drain()
        if left:
            _log.warning("stopping with calls running", calls=left)
        self.should_exit = True


async def run_server(
    app: TelephonyApp,
    configuration: Configuration,
    *,
    listening: Callable[[int], None] = lambda _port: None,
    limits: Limits | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Raises ServerError where the port can't be opened.

    `listening` is called with the port once it is open, which matters for port 0.
    """
    limits = limits or Limits()
    config = uvicorn.Config(
        cast(Any, app),
        host=configuration.host,
        port=configuration.port,
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_max_size=limits.socket_message_bytes,
        # Messages are 300 bytes each: compressing them costs time and wins nothing.
        ws_per_message_deflate=False,
        proxy_headers=bool(configuration.trusted_proxy),
        forwarded_allow_ips=configuration.trusted_proxy or None,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    try:
        await _DrainingServer(config, app, listening).serve()
    except SystemExit:
        raise ServerError(
            f"the server can't start on {configuration.host}, port {configuration.port}; "
            "see the log line above, and stop what uses the port or set another one with VOICEBOT_PORT."
        ) from None


def serve(
    configuration: Configuration,
    answering: Answering,
    *,
    listening: Callable[[int], None] = lambda _port: None,
    limits: Limits | None = None,
    **options: Any,
) -> None:
    """`create_app` with these options, and `run_server`, until SIGTERM or SIGINT."""
    limits = limits or Limits()
    app = create_app(configuration, answering, limits=limits, **options)
    asyncio.run(run_server(app, configuration, listening=listening, limits=limits))
