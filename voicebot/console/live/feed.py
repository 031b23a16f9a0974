"""What happens in calls, as server-sent events: a picture of now, then each change.

Served beside Flask, whose threads it would hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import deque
from typing import Any
from urllib.parse import parse_qs

import structlog

from voicebot.console.access.guard import Access, Reader
from voicebot.console.asgi import AsgiReceive, AsgiScope, AsgiSend, answer_json, header_pairs, until_disconnected
from voicebot.live import topics
from voicebot.live.watching import WatchedCall, Watching
from voicebot.store.bus import Message
from voicebot.store.history.database import DatabaseError

_log = structlog.get_logger(__name__)

_MOST_WATCHERS = 300
"""In one process; each costs a socket and a little memory."""
_MOST_WAITING = 2_000
"""Events that wait for a watcher who doesn't read; then the watcher begins anew."""
_SIGN_OF_LIFE_S = 15.0
"""Proxies end connections on which nothing comes."""
_ASK_AGAIN_S = 60.0
"""Whoever may not watch any more sees nothing after so long."""


def card(call: WatchedCall) -> dict[str, Any]:
    """A call in the list: no more of its words than the last."""
    spoken = [entry for entry in call.entries if entry.get("text")]
    feelings = [entry["feeling"]["name"] for entry in call.entries if entry.get("feeling", {}).get("name")]
    last = spoken[-1] if spoken else {}
    return {
        "call": call.call,
        "pack": call.pack,
        "language": call.language,
        "channel": call.channel,
        "began": call.began,
        "turns": sum(entry.get("who") == "caller" for entry in call.entries),
        "last": {"who": last.get("who", ""), "text": str(last.get("text", ""))[:200]},
        "feeling": feelings[-1] if feelings else "",
    }


class _Watcher:
    """One open connection."""

    def __init__(self, call: str) -> None:
        self.call = call
        """The one call that is watched; empty for the list of all."""
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes] = deque()
        self._post = asyncio.Event()
        self.overrun = False

    def tell(self, event: str, content: object) -> None:
        """From any thread."""
        text = f"event: {event}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n".encode()
        with contextlib.suppress(RuntimeError):  # the loop closed meanwhile
            self._loop.call_soon_threadsafe(self._put, text)

    def _put(self, text: bytes) -> None:
        if len(self._waiting) >= _MOST_WAITING:
            self.overrun = True
        else:
            self._waiting.append(text)
        self._post.set()

    async def next(self, within_s: float) -> bytes:
        """What there is to send, or a sign of life."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._post.wait()
        self._post.clear()
        if not self._waiting:
            return b": \n\n"
        found = b"".join(self._waiting)
        self._waiting.clear()
        return found


class LiveFeed:
    """The ASGI application of `GET /console/live/feed[?call=ID]`, for those who may watch."""

    def __init__(self, access: Access, watching: Watching) -> None:
        self._access, self._watching = access, watching
        self._lock = threading.Lock()
        self._watchers: tuple[_Watcher, ...] = ()
        watching.watch(self._see)

    async def __call__(self, scope: AsgiScope, receive: AsgiReceive, send: AsgiSend) -> None:
        """One watcher, until either side ends it."""
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["method"] != "GET":
            await answer_json(send, 405, {"error": "ask with GET"}, [(b"allow", b"GET")])
            return
        query = parse_qs(scope["query_string"].decode("latin-1"))
        call = query.get("call", [""])[0][:64]
        headers = header_pairs(scope)
        client = scope.get("client")
        try:
            who = await asyncio.to_thread(self._admit, headers, call, client[0] if client else "")
        except DatabaseError:
            await answer_json(send, 503, {"error": "the database of accounts can't be reached"})
            return
        if who is None or not who.may("live"):
            await answer_json(send, 401 if who is None else 403, {"error": "log in as somebody who may watch calls"})
            return
        if len(self._watchers) >= _MOST_WATCHERS:
            await answer_json(send, 503, {"error": "too many people are watching"})
            return
        watcher = _Watcher(call)
        with self._lock:
            self._watchers = (*self._watchers, watcher)
        try:
            self._picture(watcher)
            await self._stream(watcher, headers, receive, send)
        finally:
            with self._lock:
                self._watchers = tuple(one for one in self._watchers if one is not watcher)

    def _admit(self, headers: list[tuple[str, str]], call: str, address: str) -> Reader | None:
        """Who is asking. Whoever opens a call's words is put down first."""
        who = self._access.reader_of(headers)
        if who is not None and who.may("live"):
            action = "watch live call" if call else "watch live calls"
            self._access.trail.put(who.user.name, action, call_id=call or None, address=address)
        return who

    async def _stream(
        self, watcher: _Watcher, headers: list[tuple[str, str]], receive: AsgiReceive, send: AsgiSend
    ) -> None:
        gone = asyncio.create_task(until_disconnected(receive))
        head = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
            (b"x-content-type-options", b"nosniff"),
        ]
        loop = asyncio.get_running_loop()
        asked = loop.time()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": head})
            while not gone.done() and not watcher.overrun:
                more = asyncio.create_task(watcher.next(_SIGN_OF_LIFE_S))
                await asyncio.wait({more, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not more.done():
                    more.cancel()
                    break
                await send({"type": "http.response.body", "body": more.result(), "more_body": True})
                if loop.time() - asked >= _ASK_AGAIN_S:
                    asked = loop.time()
                    who = await asyncio.to_thread(self._access.reader_of, headers)
                    if who is None or not who.may("live"):
                        break
            await send({"type": "http.response.body", "body": b""})
        except (OSError, DatabaseError):
            return
        finally:
            gone.cancel()

    def _picture(self, watcher: _Watcher) -> None:
        """What there is now. What happens meanwhile may be told twice: pages know entries by their number."""
        if not watcher.call:
            watcher.tell("calls", [card(call) for call in self._watching.calls()])
            return
        call = self._watching.call(watcher.call)
        if call is None:
            watcher.tell("ended", {"call": watcher.call})
        else:
            watcher.tell("call", {**card(call), "entries": call.entries})

    def _see(self, topic: str, message: Message) -> None:
        """On the bus's thread."""
        watchers = self._watchers
        if not watchers:
            return
        call_id = str(message["call"])
        call = self._watching.call(call_id)
        for watcher in watchers:
            if watcher.call and watcher.call != call_id:
                continue
            if topic == topics.ENDED:
                watcher.tell("ended", {"call": call_id, "outcome": message.get("outcome", {})})
            elif call is None:
                continue
            elif not watcher.call:
                watcher.tell("card", card(call))
            elif topic == topics.ENTRY:
                watcher.tell("entry", {"number": len(call.entries) - 1, "entry": message["entry"], **_about(call)})
            else:
                watcher.tell("call", {**card(call), "entries": call.entries})


def _about(call: WatchedCall) -> dict[str, Any]:
    return {"feeling": card(call)["feeling"]}
