"""The ASGI application: the media socket beside the Flask application with the webhooks, health and metrics."""

from __future__ import annotations

import asyncio
import hmac
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import structlog
from a2wsgi import WSGIMiddleware
from flask import Blueprint, Flask, Request, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from werkzeug.exceptions import HTTPException, NotFound

from telephony.arrival import arrival_of_request, is_local
from telephony.asgi import Application, Message, Receive, Scope, Send, refuse_upgrade, reply
from telephony.callback_webhooks import CallbackWebhooks
from telephony.exchange import Exchange
from telephony.keypad_service import KeyedAnswering, KeypadService
from telephony.keypad_sessions import KeypadSessions
from telephony.media_socket import MediaSocket
from telephony.metrics import all_workers
from telephony.people.desk import PeopleDesk
from telephony.signatures import SIGNATURE
from telephony.webhook import TwilioWebhooks
from voicebot.channel import Answering
from voicebot.config import Configuration
from voicebot.office import Office
from voicebot.store.live_steady import SteadyStore

_log = structlog.get_logger(__name__)

_MEDIA_PATH = "/twilio/media"
_WEBHOOKS = "/twilio/"
_SOUNDS = "/twilio/sound/"
"""What Twilio fetches to play, without signing: each under a name that nobody guesses."""

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
        trouble: Callable[[], str],
        office: Office,
        keyed: KeyedAnswering | None,
        keypad_sessions: KeypadSessions,
    ) -> None:
        self._ready = ready
        self._metrics_token = configuration.metrics_token.get_secret_value().encode()
        self._trouble = trouble
        self._lifespan = lifespan
        self.exchange = exchange
        """What the webhooks and the media sockets share."""
        self._draining = False
        self.start_error: BaseException | None = None
        """Why the lifespan could not be entered."""
        self._media = MediaSocket(exchange, answering)
        people = PeopleDesk(configuration, exchange, office)
        self._keypad: KeypadService | None = None
        if keyed is not None:
            self._keypad = KeypadService(
                configuration,
                exchange,
                keyed,
                keypad_sessions,
                on_trouble=lambda: people.take(language=configuration.language, phrase="trouble"),
            )
        webhooks = TwilioWebhooks(
            configuration,
            exchange,
            people,
            admits=self.admits,
            takes_calls=self.takes_calls,
            keypad=self._keypad,
        )
        self.flask = Flask("voicebot")
        """The Flask application; further blueprints may be registered before the first request."""
        if self._keypad is not None:
            for blueprint in self._keypad.blueprints():
                self.flask.register_blueprint(blueprint)
        self.flask.register_blueprint(webhooks.blueprint())
        self.flask.register_blueprint(people.blueprint())
        self.flask.register_blueprint(CallbackWebhooks(configuration, exchange, office, webhooks).blueprint())
        self.flask.register_blueprint(self._health(registry))
        for blueprint in blueprints:
            self.flask.register_blueprint(blueprint)
        self._wsgi = cast(Any, WSGIMiddleware(cast(Any, self.flask.wsgi_app), workers=exchange.limits.webhook_threads))
        self._ours = self.flask.url_map.bind("")
        self._pages: Any = None
        self._routes: dict[str, Application] = {}

    def add_pages(self, pages: Flask, routes: Mapping[str, Application]) -> None:
        """Serve `pages` for all that is not the telephone's, with threads of their own: a page that takes long keeps
        no webhook waiting. `routes`: ASGI applications by path, for what stays open. Before the first request."""
        self._pages = cast(Any, WSGIMiddleware(cast(Any, pages.wsgi_app), workers=self.exchange.limits.page_threads))
        self._routes |= routes

    @property
    def calls(self) -> int:
        """Calls that stream now, and those whose stream is about to come, in all workers. Blocking."""
        return self.exchange.places.taken

    def takes_calls(self) -> bool:
        """Whether the bot is ready and not about to stop."""
        return self._ready() and not self._draining

    def admits(self, call_sid: str) -> bool:
        """A place for a new call; whether there is one. Blocking."""
        return self.takes_calls() and self.exchange.places.take(call_sid)

    async def drain(self, within_s: float | None = None) -> int:
        """Take no new calls, and wait until the running ones are over; returns how many were still left.

        Those held by keys are waited for as well.

        Webhooks are still answered meanwhile. `within_s`: seconds to wait, by default without end; then callers are
        told that a person takes over.
        """
        self._draining = True
        if self._keypad is not None:
            self._keypad.drain()
        streams, limits = self.exchange.streams, self.exchange.limits
        had_calls = bool(len(streams) or self.exchange.places.ours)
        left = await self._drained(None, within_s)
        if had_calls and not left:
            await asyncio.sleep(limits.last_webhooks_within_s)
        if left:
            _log.warning("time for draining is up: callers go to people", calls=len(streams))
            streams.hand_over()
            if self._keypad is not None:
                self._keypad.hand_over()
            left = await self._drained(left, limits.handed_over_within_s)
        return left

    async def _drained(self, told: int | None, within_s: float | None) -> int:
        """Wait until nobody is left, but so long at most; returns how many are."""
        loop, streams = asyncio.get_running_loop(), self.exchange.streams
        until = None if within_s is None else loop.time() + within_s
        while True:
            # Another worker of this service may have announced a call that opens its stream here.
            left = max(await asyncio.to_thread(lambda: self.exchange.places.ours), len(streams))
            left += len(self._keypad) if self._keypad is not None else 0
            if left != told:
                _log.info("draining", calls=left)
                told = left
            # Callers whose stream is over are about to be told where to go.
            if not (left or streams.leaving) or (until is not None and loop.time() >= until):
                return left
            await asyncio.sleep(0.1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "websocket":
            if self._draining and await asyncio.to_thread(self.exchange.hosts.others_have_room):
                await refuse_upgrade(scope, receive, send)
            elif scope["path"].rstrip("/") == _MEDIA_PATH:
                await self._media(scope, receive, send)
            elif route := self._routes.get(scope["path"].rstrip("/")):
                await route(scope, receive, send)
            else:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
        elif not scope["query_string"].isascii():
            await reply(send, 400)
        elif scope["path"].startswith(_WEBHOOKS):
            await self._webhook(scope, receive, send)
        elif route := self._routes.get(scope["path"].rstrip("/")):
            await route(scope, receive, send)
        elif self._pages is not None and not self._is_ours(scope):
            await self._whole(self._pages, self.exchange.limits.page_bytes, scope, receive, send)
        else:
            await self._wsgi(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        """Whether the telephone's own Flask application has this path."""
        try:
            self._ours.match(scope["path"], method=scope["method"])
        except NotFound:
            return False
        except HTTPException:
            return True
        return True

    async def _webhook(self, scope: Scope, receive: Receive, send: Send) -> None:
        limits = self.exchange.limits
        if _announced(scope) > limits.webhook_bytes:
            await reply(send, 413)
            return
        unsigned = scope["path"].startswith(_SOUNDS)
        if self.exchange.signatures.wants_signature and not unsigned and not _has(scope, SIGNATURE):
            await self._refuse(scope, send)
            return
        await self._whole(self._wsgi, limits.webhook_bytes, scope, receive, send)

    async def _whole(self, wsgi: Application, most: int, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, of so many bytes at most, before a thread is given to the request: slow senders hold none."""
        if _announced(scope) > most:
            await reply(send, 413)
            return
        body = bytearray()
        try:
            async with asyncio.timeout(self.exchange.limits.webhook_body_within_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > most:
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
        await wsgi({**scope, "headers": headers}, whole, send)

    async def _refuse(self, scope: Scope, send: Send) -> None:
        """Nobody signed this. Twilio signs everything: no thread and no body for it, and beyond a few no log line."""
        client = scope.get("client")
        few = self.exchange.refusals.count(client[0] if client else "")
        if few:
            _log.warning("webhook refused: not signed", path=scope["path"][:100])
        self.exchange.metrics.webhooks.labels("unsigned", "403" if few else "429").inc()
        await reply(send, 403 if few else 429)

    async def _hold_places(self) -> None:
        """For ever: tell the other workers which calls are alive."""
        places, streams = self.exchange.places, self.exchange.streams

        def hold() -> None:
            for call_sid in streams.calls:
                places.renew(call_sid)
            self.exchange.hosts.tell(has_room=self.takes_calls() and places.taken < places.capacity)

        while True:
            await asyncio.to_thread(hold)
            await asyncio.sleep(self.exchange.limits.place_renewed_s)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        lifespan = self._lifespan()
        try:
            await lifespan.__aenter__()
        except Exception as error:
            self.start_error = error
            await send({"type": "lifespan.startup.failed", "message": type(error).__name__})
            return
        holding = asyncio.create_task(self._hold_places(), name="places")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        holding.cancel()
        await lifespan.__aexit__(None, None, None)
        for served in (self._wsgi, self._pages):
            if served is not None:
                served.executor.shutdown(wait=False)
        await send({"type": "lifespan.shutdown.complete"})

    def _may_measure(self, asking: Request) -> bool:
        """Figures tell how a business goes: they are for this machine, and for whoever knows the token."""
        kind, _, given = asking.headers.get("Authorization", "").partition(" ")
        knows = kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._metrics_token)
        return (bool(self._metrics_token) and knows) or is_local(arrival_of_request(asking))

    def _health(self, registry: CollectorRegistry) -> Blueprint:
        blueprint = Blueprint("health", __name__)

        @blueprint.get("/healthz")
        def healthz() -> Response:
            return jsonify(alive=True)

        @blueprint.get("/readyz")
        def readyz() -> tuple[Response, int]:
            ready, taken = self.takes_calls(), self.calls
            capacity = self.exchange.places.capacity
            reason = self._trouble() or ("draining" if self._draining else "" if ready else "loading")
            state = {
                "ready": ready,
                "reason": reason,
                "draining": self._draining,
                "calls": taken,
                "capacity": capacity,
                "room": max(capacity - taken, 0),
                "worker": {"pid": os.getpid(), "calls": len(self.exchange.streams)},
            }
            return jsonify(state), 200 if ready else 503

        @blueprint.get("/metrics")
        def metrics() -> Response:
            if not self._may_measure(request):
                return Response("send the metrics_token as Authorization: Bearer, or ask on this machine\n", 403)
            self.exchange.metrics.capacity.set(self.exchange.places.capacity)
            self.exchange.metrics.places.set(self.exchange.places.taken)
            live = self.exchange.live
            self.exchange.metrics.live_away.set(isinstance(live, SteadyStore) and live.away)
            return Response(generate_latest(all_workers(registry)), content_type=CONTENT_TYPE_LATEST)

        return blueprint


def _has(scope: Scope, header: str) -> bool:
    return any(name.lower() == header.encode() for name, _ in scope["headers"])


def _announced(scope: Scope) -> int:
    """The length of the body as its header tells, 0 where it doesn't."""
    length: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 20 else 0
