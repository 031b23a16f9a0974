"""The ASGI application: the media socket beside the Flask application with the webhooks, health and metrics."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import structlog
from a2wsgi import WSGIMiddleware
from flask import Blueprint, Flask, Response, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from telephony.asgi import Message, Receive, Scope, Send, reply
from telephony.exchange import Exchange
from telephony.media_socket import MediaSocket
from telephony.people.desk import PeopleDesk
from telephony.webhook import TwilioWebhooks
from voicebot.channel import Answering
from voicebot.config import Configuration
from voicebot.office import Office

_log = structlog.get_logger(__name__)

_MEDIA_PATH = "/twilio/media"
_WEBHOOKS = "/twilio/"

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


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
        exchange: Exchange,
        office: Office,
    ) -> None:
        self._ready = ready
        self._most_calls = configuration.most_calls
        self._lifespan = lifespan
        self._exchange = exchange
        self._draining = False
        self.start_error: BaseException | None = None
        """Why the lifespan could not be entered."""
        self._media = MediaSocket(exchange, answering)
        people = PeopleDesk(configuration, exchange, office)
        webhooks = TwilioWebhooks(configuration, exchange, people, has_room=self.has_room, takes_calls=self.takes_calls)
        self.flask = Flask("voicebot")
        """The Flask application; further blueprints may be registered before the first request."""
        self.flask.register_blueprint(webhooks.blueprint())
        self.flask.register_blueprint(people.blueprint())
        self.flask.register_blueprint(self._health(registry))
        for blueprint in blueprints:
            self.flask.register_blueprint(blueprint)
        self._wsgi = cast(Any, WSGIMiddleware(cast(Any, self.flask.wsgi_app), workers=exchange.limits.webhook_threads))

    @property
    def calls(self) -> int:
        """Calls that are held now, and those whose stream is about to come."""
        return len(self._exchange.streams) + self._exchange.tokens.waiting()

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
        until = loop.time() + (self._exchange.limits.drain_s if within_s is None else within_s)
        left = self.calls
        _log.info("draining", calls=left)
        # Callers whose stream is over are about to be told where to go.
        while (self.calls or self._exchange.streams.leaving) and loop.time() < until:
            await asyncio.sleep(0.1)
            if self.calls != left:
                left = self.calls
                _log.info("draining", calls=left)
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
            await reply(send, 400)
        elif scope["path"].startswith(_WEBHOOKS):
            await self._webhook(scope, receive, send)
        else:
            await self._wsgi(scope, receive, send)

    async def _webhook(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body before a thread is given to the request, so that slow senders hold none."""
        if _announced(scope) > self._exchange.limits.webhook_bytes:
            await reply(send, 413)
            return
        body = bytearray()
        try:
            async with asyncio.timeout(self._exchange.limits.webhook_body_within_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > self._exchange.limits.webhook_bytes:
                        await reply(send, 413)
                        return
        except TimeoutError:
            await reply(send, 408)
            return

        async def whole() -> Message:
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        # WSGI reads no body whose length it isn't told, and a chunked one comes without.
        headers = [(name, value) for name, value in scope["headers"] if name.lower() != b"content-length"]
        headers.append((b"content-length", b"%d" % len(body)))
        await self._wsgi({**scope, "headers": headers}, whole, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        lifespan = self._lifespan()
        try:
            await lifespan.__aenter__()
        except Exception as error:
            self.start_error = error
            await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
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


def _announced(scope: Scope) -> int:
    """The length of the body as its header tells, 0 where it doesn't."""
    length: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 20 else 0
