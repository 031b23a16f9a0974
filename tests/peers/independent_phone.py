"""Twilio as the protocol describes it: signs and posts the webhook, runs the TwiML, opens the stream."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit
from xml.etree.ElementTree import Element

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake

from peers.media_line import MediaLine, Seen
from peers.signing import signature
from peers.twiml_reader import BadTwimlError, read

Behaviour = Callable[[MediaLine], Awaitable[None]]

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
MEDIA_FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
_MOST_DOCUMENTS = 10
"""Error 11215 comes after so many redirects."""


@dataclass
class CallReport:
    """What became of a call."""

    call_sid: str
    verbs: list[str] = field(default_factory=list)
    """Every verb that was run, in order."""
    handed_over: Element | None = None
    """The <Dial> or <Enqueue> that gave the caller to a person."""
    refused_upgrade: int | None = None
    """The status of a stream's handshake that failed."""
    seen: Seen = field(default_factory=Seen)
    story: str = ""


class IndependentPhone:
    """Calls one service. `public_url` is what the service believes to be called by, `local_url` where it really is."""

    def __init__(self, local_url: str, public_url: str, token: str) -> None:
        self._local, self._public, self._token = urlsplit(local_url), urlsplit(public_url), token
        self.voice_url = f"{public_url}/twilio/voice"

    @property
    def public_url(self) -> str:
        """What the service believes to be called by."""
        return self._public.geturl()

    @property
    def stream_base(self) -> str:
        """The public URL's WebSocket form."""
        return f"wss://{self._public.netloc}"

    async def call(self, behave: Behaviour, call_sid: str = "") -> CallReport:
        """One call until it is handed over, ends, or the caller hangs up. Raises AssertionError."""
        report = CallReport(call_sid or new_sid("CA"))
        url = self.voice_url
        verbs = read(*await self.post(url, webhook_parameters(report.call_sid)))
        for _ in range(_MOST_DOCUMENTS):
            following = await self._run(verbs, url, report, behave)
            if following is None:
                return report
            url, parameters = following
            verbs = read(*await self.post(url, parameters))
        raise BadTwimlError("11215: too many redirects")

    async def _run(
        self, verbs: list[Element], url: str, report: CallReport, behave: Behaviour
    ) -> tuple[str, dict[str, str]] | None:
        """Runs one document. The next one's URL and parameters, or None where the call is over."""
        parameters = webhook_parameters(report.call_sid, "in-progress")
        for verb in verbs:
            report.verbs.append(verb.tag)
            match verb.tag:
                case "Connect":
                    if await self._stream(verb, report, behave):
                        return None
                    if verb.get("action"):
                        return urljoin(url, verb.get("action")), parameters
                case "Redirect":
                    return urljoin(url, (verb.text or "").strip()), parameters
                case "Dial" | "Enqueue":
                    report.handed_over = verb
                    return None
                case "Hangup" | "Reject":
                    return None
        return None

    async def _stream(self, connect_verb: Element, report: CallReport, behave: Behaviour) -> bool:
        """Holds the stream. Whether the caller hung up."""
        stream = connect_verb.find("Stream")
        if stream is None:
            raise BadTwimlError("a <Connect> without a <Stream>")
        try:
            socket = await self.open_stream(stream.get("url", ""))
        except InvalidHandshake as error:
            report.refused_upgrade = refusal(error)
            return False
        line = MediaLine(socket, new_sid("MZ"), report.call_sid, ACCOUNT_SID)
        report.seen = line.seen
        parameters = {p.get("name", ""): p.get("value", "") for p in stream}
        try:
            await line.run(start_body(line.stream_sid, report.call_sid, parameters), behave)
        finally:
            report.story = line.story()
        return line.hung_up

    async def post(
        self, url: str, parameters: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        """A signed form POST: status, content type and body. `headers` replace the signature."""
        if headers is None:
            headers = {"X-Twilio-Signature": signature(self._token, url, parameters.items())}
        local = url.replace(f"{self._public.scheme}://{self._public.netloc}", self._local.geturl(), 1)
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", "Host": self._public.netloc}
        async with httpx.AsyncClient(trust_env=False, timeout=15) as client:
            reply = await client.post(local, content=urlencode(parameters), headers={**form, **headers})
        return reply.status_code, reply.headers.get("content-type", ""), reply.text

    async def open_stream(
        self, url: str, signed_url: str | None = None, headers: Mapping[str, str] | None = None
    ) -> ClientConnection:
        """The WebSocket, signed for `signed_url`, else for `url`. Raises InvalidHandshake."""
        if headers is None:
            headers = {"x-twilio-signature": signature(self._token, signed_url or url)}
        target = url.replace("wss://", "ws://", 1)
        host, port = self._local.hostname, self._local.port
        return await connect(
            target,
            host=host,
            port=port,
            additional_headers=headers,
            proxy=None,
            compression=None,
            ping_interval=None,
            max_queue=None,
        )


def start_body(stream_sid: str, call_sid: str, parameters: Mapping[str, str]) -> dict[str, object]:
    """The inner object of `start`."""
    return {
        "accountSid": ACCOUNT_SID,
        "streamSid": stream_sid,
        "callSid": call_sid,
        "tracks": ["inbound"],
        "mediaFormat": MEDIA_FORMAT,
        "customParameters": dict(parameters),
    }


def refusal(error: InvalidHandshake) -> int:
    """The HTTP status of a handshake that failed; 0 where there was none."""
    response = getattr(error, "response", None)
    return int(response.status_code) if response is not None else 0


def new_sid(prefix: str) -> str:
    """A fresh identifier in Twilio's form."""
    return prefix + secrets.token_hex(16)


def webhook_parameters(call_sid: str, status: str = "ringing") -> dict[str, str]:
    """What really comes with a call, with values that are easy to sign wrongly; each call has a number of its own."""
    number = f"+8210{int(call_sid[2:], 16) % 10**8:08d}"
    return {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "CallSid": call_sid,
        "CallStatus": status,
        "CallToken": "%7B%22parentCallInfoToken%22%3A%22eyJhbGciOiJFUzI1NiJ9.e30+/=%22%7D",
        "Called": "+8225550100",
        "CalledCity": "",
        "CalledCountry": "KR",
        "Caller": number,
        "CallerCity": "SEOUL & 서울",
        "CallerName": "  홍 길동 ",
        "CallerState": "",
        "Direction": "inbound",
        "From": number,
        "FromCountry": "KR",
        "StirVerstat": "TN-Validation-Passed-A",
        "To": "+8225550100",
        "ToCountry": "KR",
        "a-new-parameter": "ünknown",
    }
