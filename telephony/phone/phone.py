"""A simulated call: what Twilio does, and what the caller does.

async with InProcess(app) as transport:
    call = Call(transport, CallSettings(voice_url="https://bot.example.com/twilio/voice"))
    task = asyncio.create_task(call.run())
    await call.answered()
    call.say(pcm, "배송 언제 도착하나요")
    await call.press("1234#")
    call.hang_up()
    await task
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from telephony.phone import webhooks
from telephony.phone.line import Line, Utterance, spoken
from telephony.phone.settings import CallSettings
from telephony.phone.transport import Transport, UnreachableError
from telephony.phone.twiml import Element, TwimlError, read
from telephony.phone.webhooks import MOST_REDIRECTS, WebhookError
from voicebot.audio.format import Pcm

if TYPE_CHECKING:
    from telephony.phone.stream import MediaStream

KEY_FRAMES = 10
"""Frames from one key to the next: 200 ms."""

State = Literal["ringing", "twiml", "stream", "gather", "record", "dial", "bridged", "queue", "ended"]
"""Where a call is: `twiml` while Twilio itself speaks or fetches, `bridged` while the caller talks to a person."""


@dataclass(frozen=True)
class CallEvent:
    """Something that happened on the call, as Twilio sees it."""

    at_ms: float
    """On the line's clock, which starts with the answer."""
    kind: str
    """`answered`, `request`, `caller` (speaks), `keys`, `stream`, `stream_end`, `clear`, `say`, `dial`, `queue`,
    `whisper` (an agent hears), `bridged`, `warning`, `ended`."""
    detail: str = ""


@dataclass(frozen=True)
class Goto:
    """Go on with the document at `url`."""

    url: str
    method: str = "POST"
    parameters: Mapping[str, str] | None = None
    redirect: bool = False
    """Whether it came of a <Redirect>, of which only so many may follow one another."""


class CallerLeft(Exception):  # noqa: N818
    """The caller hung up."""


class Moved(Exception):  # noqa: N818
    """The call was given other TwiML through the API."""

    def __init__(self, goto: Goto) -> None:
        super().__init__(goto.url)
        self.goto = goto


class BotHungUp(Exception):  # noqa: N818
    """The call's TwiML has ended it."""

    def __init__(self, status: str = "completed") -> None:
        super().__init__(status)
        self.status = status


class Call:
    """One inbound call. `run` it in a task; the other methods are the caller's."""

    def __init__(self, transport: Transport, settings: CallSettings) -> None:
        self.transport, self.settings = transport, settings
        self.random = random.Random(settings.seed)
        self.sid = self.new_sid("CA")
        self.line = Line()
        self.state: State = "ringing"
        self.status = "ringing"
        """Twilio's CallStatus."""
        self.events: list[CallEvent] = []
        self.on_event: Callable[[CallEvent], None] | None = None
        self.on_key: Callable[[str], None] | None = None
        """Takes keys while something other than a stream waits for them."""
        self.stream: MediaStream | None = None
        """The open media stream."""
        self.dialled: list[str] = []
        """Whom the bot dialled: numbers, clients, SIP addresses, conferences and queues, in order."""
        self.dials = 0
        """<Dial>s so far."""
        self.queued: list[str] = []
        """The queues it put the caller into."""
        self.ended_by: Literal["", "caller", "bot", "failure"] = ""
        self.failure = ""
        """Why Twilio would have dropped the call: a sentence; empty for a good call."""
        self.unreachable: UnreachableError | None = None
        """Set where there was no service to call."""
        self._left = False
        self._moved: Goto | None = None
        self._begun = asyncio.Event()
        self._notices: set[asyncio.Task[None]] = set()

    # The caller's side

    async def answered(self) -> bool:
        """Wait until the line is open. False where the call ended before."""
        await self._begun.wait()
        return not self.line.ended

    def say(self, pcm: Pcm, label: str = "", text: str = "") -> Utterance:
        """Say 8 kHz samples, after what is being said; the utterance's `done` is set when it was said."""
        utterance = spoken(pcm, label or text, text)
        self.note("caller", utterance.label if text in ("", utterance.label) else f"{utterance.label}: {text}")
        self.line.speak(utterance)
        return utterance

    async def press(self, keys: str) -> Utterance:
        """Press keys (0-9, *, #, A-D), one after another; returns when the last was let go."""
        pressed = Utterance("keys", keys)
        self.note("keys", keys)
        for place, key in enumerate(keys, 1):
            if self.stream is not None:
                self.stream.dtmf(key)
            elif self.on_key is not None:
                self.on_key(key)
            if place == len(keys):
                self.line.keyed(pressed)
            last = self.line.frames + KEY_FRAMES
            await self.line.until(lambda last=last: self.line.frames >= last, 10)  # type: ignore[misc]
        return pressed

    def hang_up(self) -> None:
        """Hang up now."""
        self._left = True

    def move(self, url: str, method: str = "POST") -> None:
        """The service gives the call other TwiML through the API: what runs ends."""
        self._moved = Goto(url, method)

    @property
    def handed_over(self) -> bool:
        """Whether the bot gave the caller to people."""
        return bool(self.dialled or self.queued)

    # Twilio's side

    async def run(self) -> None:
        """Place the call and see it through to its end. Cancelling it cuts the line without a goodbye."""
        try:
            answered_by = {"AnsweredBy": self.settings.answered_by} if self.settings.answered_by else None
            await self._follow(Goto(self.settings.voice_url, parameters=answered_by))
        except CallerLeft:
            self._end("caller", "completed")
        except BotHungUp as end:
            self._end("bot", end.status)
        except UnreachableError as error:
            if self._begun.is_set():
                self._end("failure", "failed", str(error))
            else:
                self.unreachable, self.ended_by = error, "failure"
        except (TwimlError, WebhookError) as error:
            self._end("failure", "failed", f"{error} (Twilio's error {error.code})")
        finally:
            self.state = "ended"
            await self.line.end()
            self._begun.set()
            await self._report()

    def note(self, kind: str, detail: str = "") -> None:
        """Remember an event, and tell who wants to know."""
        event = CallEvent(self.line.now_ms, kind, detail)
        self.events.append(event)
        if self.on_event is not None:
            self.on_event(event)

    def new_sid(self, prefix: str) -> str:
        """An identifier such as Twilio's: two letters and 32 hexadecimal digits."""
        generator = self.random if self.settings.seed is not None else random.SystemRandom()
        return f"{prefix}{generator.getrandbits(128):032x}"

    async def wait(self, condition: Callable[[], bool], within_s: float = 86400.0) -> bool:
        """Wait for a condition on the line; False when the time is up. Raises CallerLeft and Moved."""
        met = await self.line.until(lambda: self._left or self._moved is not None or condition(), within_s)
        if self._left:
            raise CallerLeft
        if self._moved is not None:
            goto, self._moved = self._moved, None
            raise Moved(goto)
        return met

    async def sleep(self, seconds: float) -> None:
        """Let time pass on the line. Raises CallerLeft."""
        last = self.line.frames + round(seconds * 50)
        await self.wait(lambda: self.line.frames >= last)

    async def request(self, url: str, method: str = "POST", extra: Mapping[str, str] | None = None) -> webhooks.Answer:
        """A request with the call's parameters. Raises WebhookError, UnreachableError."""
        parameters = {
            **webhooks.standard_parameters(self.settings, self.sid),
            "CallStatus": self.status,
            **(extra or {}),
        }
        self.note("request", f"{method} {url}")
        return await webhooks.request(self.transport, self.settings, method, url, parameters)

    def notify(self, url: str, method: str, parameters: Mapping[str, str]) -> None:
        """A status callback: sent beside the call, its answer is not looked at."""

        async def send() -> None:
            try:
                await webhooks.request(self.transport, self.settings, method, url, parameters)
            except (WebhookError, UnreachableError) as error:
                self.note("warning", f"status callback: {error}")

        if url:
            task = asyncio.create_task(send(), name="status callback")
            self._notices.add(task)
            task.add_done_callback(self._notices.discard)

    def open_line(self, status: str = "in-progress") -> None:
        """The call is answered (or rings on, with `status` ringing): the clock starts."""
        if self.status != status and status == "in-progress":
            self.status = status
            self.note("answered")
        if not self._begun.is_set():
            self.line.start()
            self._begun.set()

    async def _follow(self, goto: Goto) -> None:
        from telephony.phone.verbs import perform

        redirects = 0
        while True:
            if self._left:
                raise CallerLeft
            redirects = redirects + 1 if goto.redirect else 0
            if redirects > MOST_REDIRECTS:
                raise TwimlError(f"{goto.url}: more than {MOST_REDIRECTS} redirects in a row.", 11215)
            verbs, url = await self._fetch(goto)
            self._answer(verbs)
            for verb in verbs:
                if self._left:
                    raise CallerLeft
                self.state = "twiml"
                try:
                    following = await perform(self, verb, url)
                except Moved as moved:
                    following = moved.goto
                if following is not None:
                    goto = following
                    break
                redirects = 0
            else:
                raise BotHungUp

    async def _fetch(self, goto: Goto) -> tuple[tuple[Element, ...], str]:
        answer = await self.request(goto.url, goto.method, goto.parameters)
        return read(answer.reply.body, answer.reply.content_type, document_url=answer.url), answer.url

    def _answer(self, verbs: tuple[Element, ...]) -> None:
        first = verbs[0] if verbs else Element("Hangup")
        if first.name == "Reject" and self.status == "ringing":
            return
        rings_on = first.name == "Dial" and first.get("answerOnBridge") == "true" and self.status == "ringing"
        self.open_line("ringing" if rings_on else "in-progress")

    def _end(self, by: Literal["caller", "bot", "failure"], status: str, failure: str = "") -> None:
        self.ended_by, self.status, self.failure = by, status, failure
        self.note("ended", failure or by)

    async def _report(self) -> None:
        if self.settings.status_url and self.unreachable is None and self.ended_by:
            self.notify(
                self.settings.status_url,
                "POST",
                {
                    **webhooks.standard_parameters(self.settings, self.sid),
                    "CallStatus": self.status,
                    "CallDuration": str(int(self.line.now_ms // 1000)),
                    "Timestamp": webhooks.rfc2822_now(),
                    "CallbackSource": "call-progress-events",
                    "SequenceNumber": "0",
                },
            )
        if self._notices:
            await asyncio.wait(self._notices, timeout=20)
