"""One call of a load test: the webhooks, the stream or what takes its place, and what was measured."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import urljoin

from telephony.phone import webhooks
from telephony.phone.load.beat import Beat
from telephony.phone.load.caller import Caller
from telephony.phone.load.measures import Wait, waits
from telephony.phone.load.script import Habits, Script
from telephony.phone.load.sounds import Voice
from telephony.phone.load.stream import LoadStream
from telephony.phone.load.websocket import connect
from telephony.phone.settings import CallSettings
from telephony.phone.transport import HandshakeRefusedError, Route, Transport, UnreachableError
from telephony.phone.turn_log import ServiceTurnLog, Turn
from telephony.phone.twiml import Element, TwimlError, read, stream_url
from telephony.phone.webhooks import WebhookError

Where = Literal["stream", "keypad", "queue", "hang_up", "failed"]
"""What became of a call: the bot, its keypad service, people (queue or dialled), nothing, or a mistake."""

_MOST_DOCUMENTS = 12
_KEYPAD_S = 4.0
"""Seconds that a caller listens to a menu before pressing its first key."""
_MENUS = 2
"""That a caller at the keypad service listens to before hanging up."""
_PRESSED = "1"


@dataclass(frozen=True)
class CallReport:
    """What happened in one call, as the phone saw it."""

    script: str
    where: Where = "failed"
    """Where it came at first."""
    after: Where | None = None
    """Where it went when its stream was over; None where the caller hung up."""
    began: float = 0.0
    """On the loop's clock, when the call was placed."""
    answered_s: float = 0.0
    """From the call to its first document."""
    first_sound_s: float | None = None
    """From the call to the bot's first sound."""
    seconds: float = 0.0
    """Of the stream."""
    talked: float = 0.0
    """Share of the stream in which the caller talked."""
    waits: tuple[Wait, ...] = ()
    frames: int = 0
    thrown_away: int = 0
    """Frames that the service did not read for ten seconds."""
    messages: int = 0
    """From the service."""
    late: tuple[float, ...] = ()
    """Seconds of each hole in the bot's voice: sound that came after what it belonged to had been played."""
    mistakes: tuple[str, ...] = ()
    turns: tuple[Turn, ...] | None = None
    """The service's own log of what it heard and decided; None where it does not offer it."""
    failure: str = ""
    reached: bool = False
    """Whether all of the errand was done, and the call ended as it says: handed over, or hung up by the caller."""
    hung_up_in_the_end: bool = False
    """Whether the caller did all that there was to do before hanging up."""


@dataclass
class LoadCall:
    """One call, once."""

    transport: Transport
    settings: CallSettings
    route: Route
    turn_log: ServiceTurnLog
    beat: Beat
    script: Script
    voice: Voice
    habits: Habits
    until: float
    """On the loop's clock: who still speaks then hangs up."""
    sid: str = field(default_factory=lambda: f"CA{secrets.token_hex(16)}")

    async def run(self) -> CallReport:
        """From the first webhook to the last."""
        loop = asyncio.get_running_loop()
        report = CallReport(self.script.name, began=loop.time())
        try:
            verbs, url = await self._fetch(self.settings.voice_url)
            report = replace(report, answered_s=loop.time() - report.began)
            report = await self._follow(verbs, url, report)
        except (WebhookError, TwimlError, UnreachableError, HandshakeRefusedError, TimeoutError) as error:
            report = replace(report, where="failed", failure=str(error) or type(error).__name__)
        await self._report_end()
        return report

    async def _follow(self, verbs: tuple[Element, ...], url: str, report: CallReport) -> CallReport:
        """Where the documents lead."""
        loop = asyncio.get_running_loop()
        streamed = False
        menus = 0
        for _ in range(_MOST_DOCUMENTS):
            goto = ""
            pressed: dict[str, str] = {}
            for verb in verbs:
                where = _where(verb)
                if where == "stream":
                    report = await self._stream(verb.children[0], url, replace(report, where="stream"))
                    streamed = True
                    if report.failure or report.after is None:
                        return report
                elif verb.name == "Redirect":
                    goto = urljoin(url, verb.text)
                    break
                elif where is not None:
                    report = replace(report, after=where) if streamed else replace(report, where=where)
                    if verb.name != "Gather" or menus == _MENUS or loop.time() >= self.until:
                        return report
                    menus += 1
                    await self._listen(verb, url)
                    goto, pressed = urljoin(url, verb.get("action")), {"Digits": _PRESSED}
                    break
                else:
                    await self._fetch_sounds(verb, url)
            else:
                return report
            verbs, url = await self._fetch(goto, pressed)
        return report

    async def _stream(self, noun: Element, url: str, report: CallReport) -> CallReport:
        loop = asyncio.get_running_loop()
        target = stream_url(noun, url)
        socket = await connect(self.route(target), webhooks.signed_headers(self.settings, target, []))
        over: asyncio.Future[None] = loop.create_future()

        def closed(_code: int) -> None:
            if not over.done():
                over.set_result(None)

        socket.on_close = closed
        stream = LoadStream(socket, f"MZ{secrets.token_hex(16)}", loop.time())
        account = self.settings.account_sid
        stream.start(self.sid, account, {child.get("name"): child.get("value") for child in noun.children})
        caller = Caller(stream, self.script, self.voice, self.habits)

        def tick(now: float) -> None:
            caller.tick(now)
            if (caller.left or now >= self.until) and not over.done():
                over.set_result(None)

        leave = self.beat.join(tick)
        try:
            await over
        finally:
            leave()
        ended = loop.time()
        by_bot = socket.closed is not None
        if not by_bot:
            stream.stop(self.sid, account)
            socket.close()
        turns = await self.turn_log.read(self.sid)
        bot = await asyncio.to_thread(stream.bot_side)
        heard = await asyncio.to_thread(waits, bot, caller.done)
        first = stream.first_voice
        return replace(
            report,
            after="hang_up" if by_bot else None,
            first_sound_s=None if first is None else first - report.began,
            seconds=ended - stream.began,
            talked=caller.talked / max(1, stream.frames),
            waits=heard,
            frames=stream.frames,
            thrown_away=stream.thrown_away,
            messages=stream.messages,
            late=tuple(stream.holes),
            mistakes=tuple(stream.mistakes),
            turns=turns,
            hung_up_in_the_end=caller.left,
            reached=len(caller.done) == len(self.script.acts) and by_bot != self.script.hangs_up,
        )

    async def _listen(self, gather: Element, url: str) -> None:
        """To a menu, as long as people do who have heard one before."""
        await self._fetch_sounds(gather, url)
        await asyncio.sleep(min(_KEYPAD_S, max(0.0, self.until - asyncio.get_running_loop().time())))

    async def _fetch_sounds(self, verb: Element, url: str) -> None:
        """What Twilio would fetch to play."""
        for noun in (verb, *verb.children):
            if noun.name == "Play" and noun.text:
                await self.transport.request("GET", self.route(urljoin(url, noun.text)), {})

    async def _fetch(self, url: str, extra: Mapping[str, str] | None = None) -> tuple[tuple[Element, ...], str]:
        parameters = {
            **webhooks.standard_parameters(self.settings, self.sid),
            "CallStatus": "in-progress",
            **(extra or {}),
        }
        answer = await webhooks.request(self.transport, self.settings, "POST", url, parameters)
        return read(answer.reply.body, answer.reply.content_type, document_url=answer.url), answer.url

    async def _report_end(self) -> None:
        parameters = {**webhooks.standard_parameters(self.settings, self.sid), "CallStatus": "completed"}
        try:
            await webhooks.request(self.transport, self.settings, "POST", self.settings.status_url, parameters)
        except (WebhookError, UnreachableError):
            return  # whatever ails the service shows in the calls themselves


def _where(verb: Element) -> Where | None:
    """What a verb makes of the call; None for one that only plays something."""
    match verb.name:
        case "Connect":
            return "stream"
        case "Gather":
            return "keypad"
        case "Enqueue" | "Dial" | "Record":
            return "queue"
        case "Hangup" | "Reject":
            return "hang_up"
        case _:
            return None
