"""The desk as it changes: server-sent events for one agent, served beside Flask, whose threads they would hold."""

from __future__ import annotations

import asyncio
import contextlib
import json
from urllib.parse import parse_qs

from sqlalchemy.exc import SQLAlchemyError

from voicebot.console.access.guard import Reader
from voicebot.console.agents.picture import later, picture
from voicebot.console.agents.scene import DeskScene
from voicebot.console.asgi import AsgiReceive, AsgiScope, AsgiSend, answer_json, header_pairs, until_disconnected
from voicebot.live import topics
from voicebot.store.bus import Message
from voicebot.store.history.database import DatabaseError

_MOST_DESKS = 200
"""In one process."""
_LOOK_S = 10.0
"""Call-backs and messages come without the bus, and who is at a desk is seen to be so."""
_ASK_AGAIN_S = 60.0
"""Whoever may not any more sees nothing after so long."""


class DeskFeed:
    """The ASGI application of `GET /agent/feed`, for agents. While it is open, the agent is there."""

    def __init__(self, scene: DeskScene) -> None:
        self._scene = scene
        self._open = 0

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """One desk, until either side ends it."""
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["method"] != "GET":
            await answer_json(send, 405, {"error": "ask with GET"}, [(b"allow", b"GET")])
            return
        headers = header_pairs(scope)
        try:
            who = await asyncio.to_thread(self._scene.access.reader_of, headers)
        except DatabaseError:
            await answer_json(send, 503, {"error": "the database of accounts can't be reached"})
            return
        if who is None or not who.may("desk"):
            await answer_json(send, 401 if who is None else 403, {"error": "log in as an agent"})
            return
        if self._open >= _MOST_DESKS:
            await answer_json(send, 503, {"error": "too many desks are open"})
            return
        language = parse_qs(scope["query_string"].decode("latin-1")).get("lang", ["ko"])[0]
        self._open += 1
        try:
            await self._stream(who, language, headers, receive, send)
        finally:
            self._open -= 1

    async def _stream(
        self, who: Reader, language: str, headers: list[tuple[str, str]], receive: AsgiReceive, send: AsgiSend
    ) -> None:
        loop = asyncio.get_running_loop()
        changed = asyncio.Event()

        def tell(_message: Message) -> None:
            with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
                loop.call_soon_threadsafe(changed.set)

        stop = self._scene.bus.subscribe(topics.DESK, tell)
        gone = asyncio.create_task(until_disconnected(receive))
        head = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            (b"x-content-type-options", b"nosniff"),
        ]
        asked, last = loop.time(), ""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": head})
            while not gone.done():
                changed.clear()
                now = await asyncio.to_thread(self._now, who, language)
                event = f"event: desk\ndata: {now}\n\n" if now != last else ": \n\n"
                last = now
                await send({"type": "http.response.body", "body": event.encode(), "more_body": True})
                woken = asyncio.create_task(changed.wait())
                await asyncio.wait({woken, gone}, timeout=_LOOK_S, return_when=asyncio.FIRST_COMPLETED)
                woken.cancel()
                if loop.time() - asked >= _ASK_AGAIN_S:
                    asked = loop.time()
                    reader = await asyncio.to_thread(self._scene.access.reader_of, headers)
                    if reader is None or not reader.may("desk"):
                        break
            await send({"type": "http.response.body", "body": b""})
        except (OSError, DatabaseError):
            return
        finally:
            stop()
            gone.cancel()

    def _now(self, who: Reader, language: str) -> str:
        """Off the loop."""
        scene = self._scene
        scene.queue.present(who.user.name, who.user.shown)
        for one in scene.queue.waiting():
            if one.way == "twilio" and scene.is_over(one.call):
                scene.queue.leave(one.call)
        seen = picture(scene, who.user.name, language)
        try:
            seen["later"] = later(scene)
        except SQLAlchemyError:  # the line is what matters
            seen["later"] = None
        return json.dumps(seen, ensure_ascii=False)
