"""The TwiML documents that we emit: all of them, and nothing else.

Each function returns XML text. URLs are paths on our own host, which Twilio resolves against the document's URL;
only the stream's is absolute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from twilio.twiml.voice_response import Connect, Dial, VoiceResponse

Phrase = Literal["to_people", "full", "trouble", "nobody", "again"]

TOKEN = "token"
"""Name of the <Parameter> that carries the stream token."""

_LONGEST_QUEUE_NAME = 64

PHRASES: Mapping[str, Mapping[Phrase, str]] = {
    "ko": {
        "to_people": "상담원에게 연결해 드리겠습니다. 잠시만 기다려 주세요.",
        "full": "지금은 통화가 많아 상담원에게 바로 연결해 드리겠습니다. 잠시만 기다려 주세요.",
        "trouble": "죄송합니다. 시스템에 문제가 생겨 상담원에게 연결해 드리겠습니다. 잠시만 기다려 주세요.",
        "nobody": "죄송합니다. 지금은 전화를 받을 수 있는 상담원이 없습니다. "
        "잠시 후 다시 전화해 주시기 바랍니다. 감사합니다.",
        "again": "죄송합니다. 연결이 잠시 끊어졌습니다. 다시 연결해 드리겠습니다.",
    },
    "en": {
        "to_people": "I'm connecting you to one of our agents. Please hold the line.",
        "full": "We have many callers at the moment, so I'm connecting you straight to an agent. Please hold the line.",
        "trouble": "I'm sorry, something went wrong on our side. I'm connecting you to an agent. Please hold the line.",
        "nobody": "I'm sorry, none of our agents can take your call right now. Please call again a little later. "
        "Thank you, and goodbye.",
        "again": "I'm sorry, we lost the connection for a moment. I'm connecting you again.",
    },
}
"""What callers hear outside the stream, by language."""

# A voice is named beside the language, because <Say> fails when the account's default voice can't speak it.
_SPEAKERS = {"ko": ("ko-KR", "Polly.Seoyeon"), "en": ("en-US", "Polly.Joanna")}


@dataclass(frozen=True)
class Paths:
    """Where our webhooks are, as Twilio reaches them."""

    prefix: str = ""
    """Path of the public URL: `/bot` for https://example.com/bot."""

    @classmethod
    def below(cls, public_url: str) -> Paths:
        """Those of a service whose public URL is this."""
        return cls(urlsplit(public_url).path.rstrip("/"))

    def after_stream(self, stream: int) -> str:
        """Asked when the call's stream of that number has ended."""
        return f"{self.prefix}/twilio/after-stream?stream={stream}"

    @property
    def after_dial(self) -> str:
        """Asked when the agent's leg has ended, or never came about."""
        return f"{self.prefix}/twilio/after-dial"

    @property
    def after_queue(self) -> str:
        """Asked when the caller has left the agents' queue."""
        return f"{self.prefix}/twilio/after-queue"


def stream_url(base_url: str) -> str:
    """The media stream's URL below a base URL: wss, and ws where the base itself is unencrypted (loopback)."""
    scheme, _, rest = base_url.rstrip("/").partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/twilio/media"


def connect_stream(url: str, token: str, after: str, *, language: str, phrase: Phrase | None = None) -> str:
    """Connect the caller to the bot; when the stream ends, however it does, ask `after`."""
    response = VoiceResponse()
    if phrase:
        _say(response, language, phrase)
    connect = Connect()
    connect.stream(url=url).parameter(name=TOKEN, value=token)
    response.append(connect)
    response.redirect(after, method="POST")
    return str(response)


def dial_agent(number: str, after: str, *, language: str, rings_s: int, phrase: Phrase = "to_people") -> str:
    """Ring an agent for so many seconds; then ask `after`."""
    response = VoiceResponse()
    _say(response, language, phrase)
    dial = Dial(action=after, method="POST", timeout=rings_s)
    dial.number(number)
    response.append(dial)
    return str(response)


def queue_caller(queue: str, after: str, *, language: str, phrase: Phrase = "to_people") -> str:
    """Let the caller wait for an agent; then ask `after`."""
    response = VoiceResponse()
    _say(response, language, phrase)
    response.enqueue(queue[:_LONGEST_QUEUE_NAME], action=after, method="POST")
    return str(response)


def apologise(*, language: str) -> str:
    """Nobody can take the call: say so and end it."""
    response = VoiceResponse()
    _say(response, language, "nobody")
    response.hangup()
    return str(response)


def hang_up() -> str:
    """End the call."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def _say(response: VoiceResponse, language: str, phrase: Phrase) -> None:
    language = language if language in PHRASES else "en"
    code, voice = _SPEAKERS[language]
    response.say(PHRASES[language][phrase], voice=voice, language=code)
