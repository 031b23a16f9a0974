"""Twilio's whole side of a call: streams, keys, sounds, agents' legs, the queue and voicemail; no second is waited out.

What a document takes in real time (ringing, pauses, time-outs of keys) passes at once; streams run in real time.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

import httpx
from websockets.exceptions import InvalidHandshake

from peers.independent_phone import (
    ACCOUNT_SID,
    Behaviour,
    CallReport,
    IndependentPhone,
    new_sid,
    refusal,
    start_body,
    webhook_parameters,
)
from peers.media_line import MediaLine
from peers.signing import signature
from peers.sounds import seconds_of
from peers.twiml_reader import BadTwimlError, read

_MOST_DOCUMENTS = 200
_LONGEST_PAUSE_S = 1.0
"""A key's time-out up to this is waited for: the service asks again for an answer that takes a moment."""


@dataclass(frozen=True)
class Agent:
    """What becomes of one dialled number."""

    status: str = "answered"
    """`answered`, `busy`, `no-answer` or `failed`."""
    keys: tuple[str, ...] = ("1",)
    """One for each time that a whisper asks; then silence, as a mailbox would."""


@dataclass(frozen=True)
class Wait:
    """A stay in the queue."""

    result: str = "bridged"
    rounds: int = 1
    """How often the waiting document is asked for before `result` comes."""
    keys: tuple[str, ...] = ()
    """One for each time that the waiting document asks."""


@dataclass(frozen=True)
class Caller:
    """What a caller does, in order; who has nothing more to do hangs up."""

    streams: tuple[Behaviour | None, ...] = ()
    """One for each stream; None where the handshake fails (31920)."""
    keys: tuple[str, ...] = ()
    """One for each <Gather>; empty for no key."""
    agents: tuple[Agent, ...] = ()
    waits: tuple[Wait, ...] = ()
    messages_s: tuple[int, ...] = ()
    """Length of each voicemail; 0 where nothing is said."""
    about: Mapping[str, str] = field(default_factory=dict)
    """Parameters of the webhooks that differ from the usual ones."""
    everything_twice: bool = False
    """Every request is sent once more with its I-Twilio-Idempotency-Token."""
    line: type[MediaLine] = MediaLine


@dataclass(repr=False)
class Journey(CallReport):
    """What a caller went through."""

    said: list[str] = field(default_factory=list)
    """Words of <Say>."""
    sounds_s: list[float] = field(default_factory=list)
    """Length of everything that was played."""
    whispered: list[str] = field(default_factory=list)
    """What agents heard, words only, and "sound" for what was played."""
    while_waiting: list[str] = field(default_factory=list)
    """What the queue said, in the same way."""
    dialled: list[str] = field(default_factory=list)
    queues: list[str] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    messages: int = 0
    ended_by: str = ""
    """`caller`, `service`, `agent` (a conversation with one came to its end) or `rejected`."""
    bridged: bool = False
    gathers: list[Element] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        told = (*self.stories, "said: ", *self.said, "while waiting: ", *self.while_waiting)
        return f"{self.call_sid} {self.verbs} ended by {self.ended_by}\n" + "\n".join(told)


class _HungUp(Exception):  # noqa: N818 - no error: the caller leaves
    """The caller left."""


class TwimlPhone(IndependentPhone):
    """As its base; `travel` is a whole call."""

    def __init__(self, local_url: str, public_url: str, token: str) -> None:
        super().__init__(local_url, public_url, token)
        self._running: dict[str, _Call] = {}

    async def travel(
        self, caller: Caller, call_sid: str = "", parameters: Mapping[str, str] | None = None, url: str = ""
    ) -> Journey:
        """One call from its webhook to its last status callback. Raises AssertionError."""
        call = _Call(self, caller, Journey(call_sid or new_sid("CA")))
        self._running[call.journey.call_sid] = call
        try:
            await call.run(url or self.voice_url, dict(parameters or {}))
        finally:
            del self._running[call.journey.call_sid]
        return call.journey

    async def move(self, call_sid: str, form: Mapping[str, str]) -> None:
        """The API updates a call: its stream ends, and the new document runs."""
        await self._running[call_sid].move(form)

    async def fetch(self, url: str) -> httpx.Response:
        """A GET as Twilio fetches media: the URL is signed, nothing is added."""
        headers = {"X-Twilio-Signature": signature(self._token, url), "Host": self._public.netloc}
        async with httpx.AsyncClient(trust_env=False, timeout=15) as client:
            return await client.get(self._local_form(url), headers=headers)

    async def hook(
        self, url: str, parameters: Mapping[str, str], again: bool = False
    ) -> tuple[tuple[int, str, str], tuple[int, str, str] | None]:
        """A signed POST with an idempotency token; the second reply where it is sent again."""
        headers = {
            "X-Twilio-Signature": signature(self._token, url, parameters.items()),
            "I-Twilio-Idempotency-Token": secrets.token_hex(18),
        }
        first = await self.post(url, parameters, headers)
        return first, await self.post(url, parameters, headers) if again else None

    def _local_form(self, url: str) -> str:
        return url.replace(f"{self._public.scheme}://{self._public.netloc}", self._local.geturl(), 1)


class _Call:
    """One call under way."""

    def __init__(self, phone: TwimlPhone, caller: Caller, journey: Journey) -> None:
        self._phone, self._caller, self.journey = phone, caller, journey
        self._streams, self._keys = list(caller.streams), list(caller.keys)
        self._agents, self._waits = list(caller.agents), list(caller.waits)
        self._messages = list(caller.messages_s)
        self._moved: Mapping[str, str] | None = None
        self._line: MediaLine | None = None

    async def move(self, form: Mapping[str, str]) -> None:
        """A document that the API put in place of the running one."""
        self._moved = form
        if self._line is not None:
            await self._line.end()

    async def run(self, url: str, first: dict[str, str]) -> None:
        parameters = self._parameters("ringing") | first
        duration = 3
        try:
            for _ in range(_MOST_DOCUMENTS):
                following = await self._document(await self._ask(url, parameters), url)
                while self._moved:
                    form, self._moved = self._moved, None
                    following = await self._replaced(form, url)
                if following is None:
                    break
                url, parameters = following
            else:
                raise BadTwimlError(f"{_MOST_DOCUMENTS} documents: {self.journey}")
        except _HungUp:
            self.journey.ended_by = "caller"
        if not self.journey.ended_by:
            self.journey.ended_by = "service"
        over = self._parameters("completed") | {"CallDuration": str(duration), "SequenceNumber": "0"}
        over |= {"CallbackSource": "call-progress-events", "Timestamp": "Sun, 22 Nov 2026 04:00:00 +0000"}
        (status, _, _), again = await self._phone.hook(
            f"{self._phone.public_url}/twilio/status", over, self._caller.everything_twice
        )
        assert status in (200, 204)
        assert again is None or again[0] == status

    async def _replaced(self, form: Mapping[str, str], url: str) -> tuple[str, dict[str, str]] | None:
        assert len({"Url", "Twiml", "Status"} & form.keys()) == 1, form
        if "Url" in form:
            return form["Url"], self._parameters()
        if "Twiml" in form:
            return await self._document(read(200, "text/xml", form["Twiml"]), url)
        return None

    def _parameters(self, status: str = "in-progress") -> dict[str, str]:
        return webhook_parameters(self.journey.call_sid, status) | dict(self._caller.about)

    async def _ask(self, url: str, parameters: Mapping[str, str], allowed: Sequence[str] = ()) -> list[Element]:
        reply, again = await self._phone.hook(url, parameters, self._caller.everything_twice)
        verbs = read(*reply)
        if again is not None:
            assert [verb.tag for verb in read(*again)] == [verb.tag for verb in verbs], (url, reply, again)
        forbidden = {verb.tag for verb in verbs} - set(allowed)
        if allowed and forbidden:
            raise BadTwimlError(f"{', '.join(forbidden)} can't stand in the document of {url}")
        return verbs

    async def _document(self, verbs: list[Element], url: str) -> tuple[str, dict[str, str]] | None:
        for place, verb in enumerate(verbs):
            self.journey.verbs.append(verb.tag)
            match verb.tag:
                case "Say" | "Play" | "Pause":
                    await self._hear([verb], url, self.journey.said)
                case "Gather":
                    following = await self._gather(verb, url)
                    if following:
                        return following
                case "Connect":
                    await self._stream(verb, url)
                    if self._moved:
                        return None
                    if verb.get("action"):
                        return urljoin(url, verb.get("action")), self._parameters()
                case "Redirect":
                    return urljoin(url, (verb.text or "").strip()), self._parameters()
                case "Dial":
                    following = await self._dial(verb, url)
                    if following:
                        return following
                case "Enqueue":
                    following = await self._enqueue(verb, url)
                    if following:
                        return following
                case "Record":
                    return await self._record(verb, url)
                case "Reject":
                    assert place == 0, "only the first verb rejects"
                    self.journey.ended_by = "rejected"
                    return None
                case "Hangup":
                    return None
        return None

    # What is heard

    async def _hear(self, verbs: Sequence[Element], url: str, into: list[str]) -> None:
        for verb in verbs:
            if verb.tag == "Say":
                words = "".join(verb.itertext()).strip()
                assert words, "a <Say> without words"
                assert not set(words) & set("{}<>"), f"what no voice should read: {words}"
                into.append(words)
            elif verb.tag == "Play" and not verb.get("digits"):
                reply = await self._phone.fetch(urljoin(url, (verb.text or "").strip()))
                assert reply.status_code == 200, f"{reply.status_code} for the sound {verb.text}"
                seconds = seconds_of(reply.headers.get("content-type", ""), reply.content)
                self.journey.sounds_s.append(seconds)
                into.append("sound")

    # Keys

    def _keyed(self, gather: Element, keys: str) -> tuple[str, str]:
        """Digits and the key that finished them."""
        digits, finish = "", gather.get("finishOnKey", "#")
        for key in keys:
            if key in finish:
                return digits, key
            digits += key
            if len(digits) == int(gather.get("numDigits", "1000")):
                break
        return digits, ""

    async def _gather(self, gather: Element, url: str) -> tuple[str, dict[str, str]] | None:
        self.journey.gathers.append(gather)
        await self._hear(list(gather), url, self.journey.said)
        timeout = float(gather.get("timeout", "5"))
        if timeout <= _LONGEST_PAUSE_S and not len(gather):
            await asyncio.sleep(timeout)
            return await self._keys_sent(gather, url, "")
        if not self._keys:
            raise _HungUp
        return await self._keys_sent(gather, url, self._keys.pop(0))

    async def _keys_sent(self, gather: Element, url: str, keys: str) -> tuple[str, dict[str, str]] | None:
        digits, finish = self._keyed(gather, keys)
        if not digits and gather.get("actionOnEmptyResult") != "true":
            return None
        return urljoin(url, gather.get("action", url)), self._parameters() | {
            "Digits": digits,
            "FinishedOnKey": finish,
            "msg": "Gather End",
        }

    # The stream

    async def _stream(self, connect: Element, url: str) -> None:
        stream = connect.find("Stream")
        assert stream is not None
        if not self._streams:
            raise _HungUp
        behave = self._streams.pop(0)
        if behave is None:
            return
        try:
            socket = await self._phone.open_stream(stream.get("url", ""))
        except InvalidHandshake as error:
            self.journey.refused_upgrade = refusal(error)
            return
        line = self._caller.line(socket, new_sid("MZ"), self.journey.call_sid, ACCOUNT_SID)
        self.journey.seen, self._line = line.seen, line
        await self._tell_stream(stream, line.stream_sid, "stream-started")
        parameters = {p.get("name", ""): p.get("value", "") for p in stream}
        try:
            await line.run(start_body(line.stream_sid, self.journey.call_sid, parameters), behave)
        finally:
            self._line = None
            self.journey.stories.append(line.story())
            self.journey.complaints += line.seen.complaints
        await self._tell_stream(stream, line.stream_sid, "stream-stopped")
        if line.hung_up:
            raise _HungUp

    async def _tell_stream(self, stream: Element, stream_sid: str, event: str) -> None:
        if not stream.get("statusCallback"):
            return
        parameters = {
            "AccountSid": ACCOUNT_SID,
            "CallSid": self.journey.call_sid,
            "StreamSid": stream_sid,
            "StreamName": stream.get("name", stream_sid),
            "StreamEvent": event,
            "Timestamp": "2026-11-22T04:00:00.123456789Z",
        }
        status, _, _ = await self._phone.post(stream.get("statusCallback", ""), parameters)
        assert status in (200, 204)

    # People

    async def _dial(self, dial: Element, url: str) -> tuple[str, dict[str, str]] | None:
        agent = self._agents.pop(0) if self._agents else Agent("no-answer")
        (number,) = dial
        self.journey.dialled.append((number.text or "").strip())
        self.journey.handed_over = dial
        bridged = agent.status == "answered" and await self._whisper(number, url, agent)
        self.journey.bridged |= bridged
        status = "completed" if agent.status == "answered" else agent.status
        result = {"DialCallStatus": status, "DialCallSid": new_sid("CA"), "DialBridged": str(bridged).lower()}
        if agent.status == "answered":
            result["DialCallDuration"] = "17"
        if bridged:
            self.journey.ended_by = "agent"
        if not dial.get("action"):
            return None
        return urljoin(url, dial.get("action")), self._parameters() | result

    async def _whisper(self, number: Element, url: str, agent: Agent) -> bool:
        """Runs the document on the agent's leg. Whether the two are connected at its end."""
        leg = {"CallSid": new_sid("CA"), "ParentCallSid": self.journey.call_sid, "Direction": "outbound-dial"}
        leg |= {"To": (number.text or "").strip(), "Called": (number.text or "").strip(), "AnsweredBy": ""}
        parameters, where, keys = self._parameters() | leg, number.get("url"), list(agent.keys)
        while where:
            where = urljoin(url, where)
            verbs = await self._ask(where, parameters, ("Say", "Play", "Gather", "Hangup", "Pause", "Redirect"))
            url, where = where, None
            for verb in verbs:
                await self._hear([verb, *verb], url, self.journey.whispered)
                if verb.tag == "Hangup":
                    return False
                if verb.tag == "Redirect":
                    where = (verb.text or "").strip()
                    break
                if verb.tag == "Gather":
                    digits, _ = self._keyed(verb, keys.pop(0) if keys else "")
                    if digits or verb.get("actionOnEmptyResult") == "true":
                        parameters |= {"Digits": digits}
                        where = verb.get("action", url)
                        break
        return True

    async def _enqueue(self, enqueue: Element, url: str) -> tuple[str, dict[str, str]] | None:
        wait = self._waits.pop(0) if self._waits else Wait("hangup")
        self.journey.handed_over = enqueue
        task = enqueue.find("Task")
        if enqueue.get("workflowSid"):
            assert task is not None
            assert not (enqueue.text or "").strip()
            self.journey.tasks.append(json.loads(task.text or ""))
        else:
            self.journey.queues.append((enqueue.text or "").strip())
            assert 0 < len(self.journey.queues[-1]) <= 64
        result = await self._waiting(enqueue, url, wait)
        if result == "hangup":
            raise _HungUp
        self.journey.bridged |= result == "bridged"
        if result == "bridged":
            self.journey.ended_by = "agent"
        if not enqueue.get("action"):
            return None
        about = {"QueueResult": result, "QueueSid": "QU" + "1" * 32, "QueueTime": "42"}
        return urljoin(url, enqueue.get("action")), self._parameters() | about

    async def _waiting(self, enqueue: Element, url: str, wait: Wait) -> str:
        keys = list(wait.keys)
        turn, following = 0, enqueue.get("waitUrl")
        while turn < wait.rounds:
            where: str | None = following
            turn, following = turn + 1, enqueue.get("waitUrl")
            place = max(1, wait.rounds - turn + 1)
            about = {"QueueSid": "QU" + "1" * 32, "QueuePosition": str(place), "QueueTime": str(25 * turn)}
            about |= {"AvgQueueTime": "180", "CurrentQueueSize": "5", "MaxQueueSize": "1000"}
            base = url
            while where:
                base = urljoin(base, where)
                allowed = ("Say", "Play", "Pause", "Hangup", "Redirect", "Leave", "Gather")
                verbs = await self._ask(base, self._parameters() | about, allowed)
                where = None
                for verb in verbs:
                    await self._hear([verb, *verb], base, self.journey.while_waiting)
                    if verb.tag == "Leave":
                        return "leave"
                    if verb.tag == "Hangup":
                        return "hangup"
                    if verb.tag == "Redirect":
                        # A document that goes on in another one is the next round.
                        following = urljoin(base, (verb.text or "").strip())
                        break
                    if verb.tag == "Gather":
                        digits, _ = self._keyed(verb, keys.pop(0) if keys else "")
                        if digits or verb.get("actionOnEmptyResult") == "true":
                            about |= {"Digits": digits}
                            where = verb.get("action", base)
                            break
        return wait.result

    async def _record(self, record: Element, url: str) -> tuple[str, dict[str, str]]:
        seconds = self._messages.pop(0) if self._messages else 0
        sid = "RE" + secrets.token_hex(16)
        recording = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{sid}"
        about = {"RecordingSid": sid, "RecordingUrl": recording, "RecordingDuration": str(seconds)}
        self.journey.messages += seconds > 0
        # The sound may be ready before the action is asked for.
        status = "completed" if seconds else "absent"
        if record.get("recordingStatusCallback") and status in record.get("recordingStatusCallbackEvent", "completed"):
            callback = urljoin(url, record.get("recordingStatusCallback"))
            told = {"AccountSid": ACCOUNT_SID, "CallSid": self.journey.call_sid, "RecordingChannels": "1"}
            told |= about | {"RecordingStatus": status, "RecordingSource": "RecordVerb"}
            answered, _, _ = await self._phone.post(callback, told)
            assert answered in (200, 204)
        return urljoin(url, record.get("action", url)), self._parameters() | about | {"Digits": "#" if seconds else ""}
