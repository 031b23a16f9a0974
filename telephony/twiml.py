"""The TwiML documents around the media stream; those of people stand in `telephony.people.documents`.

Each function returns XML text. URLs are paths on our own host, which Twilio resolves against the document's URL;
only the stream's is absolute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from twilio.twiml.voice_response import Connect, VoiceResponse

TOKEN = "token"
"""Name of the <Parameter> that carries the stream token."""

AGAIN: Mapping[str, str] = {
    "ko": "죄송합니다. 연결이 잠시 끊어졌습니다. 다시 연결해 드리겠습니다.",
    "en": "I'm sorry, we lost the connection for a moment. I'm connecting you again.",
}
"""What callers hear, by language, before a stream that takes a broken one's place."""

# A voice is named beside the language, because <Say> fails when the account's default voice can't speak it.
SPEAKERS: Mapping[str, tuple[str, str]] = {"ko": ("ko-KR", "Polly.Seoyeon"), "en": ("en-US", "Polly.Joanna")}
"""<Say>'s language and voice, by ISO 639-1."""


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


def stream_url(base_url: str) -> str:
    """The media stream's URL below a base URL: wss, and ws where the base itself is unencrypted (loopback)."""
    scheme, _, rest = base_url.rstrip("/").partition("://")
    return f"{'wss' if scheme == 'https' else 'ws'}://{rest}/twilio/media"


def connect_stream(url: str, token: str, after: str, *, language: str = "en", first: str = "") -> str:
    """Say `first` in that language, connect the caller to the bot, and when the stream ends, however, ask `after`."""
    response = VoiceResponse()
    if first:
        code, voice = SPEAKERS.get(language, SPEAKERS["en"])
        response.say(first, voice=voice, language=code)
    connect = Connect()
    connect.stream(url=url).parameter(name=TOKEN, value=token)
    response.append(connect)
    response.redirect(after, method="POST")
    return str(response)


def elsewhere(url: str) -> str:
    """Ask again, by the load balancer: another host takes the call."""
    response = VoiceResponse()
    response.redirect(url, method="POST")
    return str(response)


def hang_up() -> str:
    """End the call."""
    response = VoiceResponse()
    response.hangup()
    return str(response)
