"""What a provider's media stream protocol has to be, for the rest of the telephone to stand on it.

Twilio's is `telephony.media_stream.MediaStream`. Another provider's is one more class like it: see
`docs/integrators-streams.md`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Protocol

from telephony.media_stream import Event, MediaStream, Reason


class StreamProtocol(Protocol):
    """One stream, from our end of the socket, sans-I/O. Sound is mu-law at 8 kHz on both sides."""

    @property
    def stream_sid(self) -> str:
        """The provider's name of the stream; empty before `Started`."""
        ...

    @property
    def refused(self) -> Counter[Reason]:
        """Messages that could not be used so far."""
        ...

    @property
    def lost_ms(self) -> int:
        """Milliseconds of sound that were lost on the way, as far as the messages tell."""
        ...

    def receive(self, message: str | bytes, at_ms: int) -> Event:
        """The event that a message means: one that says nothing is `Connected`, one that can't be used is `Refused`.

        Never raises. `at_ms`: when it came, in milliseconds on a steady clock.
        """
        ...

    def media(self, sound: bytes) -> str:
        """The message that plays whole frames, 160 bytes of mu-law each: at most `Limits.frames_at_once`."""
        ...

    def mark(self, name: str) -> str:
        """The message whose echo (`Marked`) tells that all before it was played.

        Without an echo the sound counts as played some seconds after its end; without such a message, send an empty one
        that the provider ignores.
        """
        ...

    def clear(self) -> str:
        """The message that stops playback."""
        ...


OpenProtocol = Callable[[int], StreamProtocol]
"""A new stream's protocol. Told how many characters a message may have to be parsed."""


def twilio(most_chars: int) -> StreamProtocol:
    """Twilio's media streams, and those of providers that write the same messages."""
    return MediaStream(most_chars=most_chars)
