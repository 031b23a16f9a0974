"""Where a call comes from and goes to: a Twilio stream, the local microphone, a browser.

A channel owns the sound device or the socket, and paces. The call owns the conversation. Everything here is called on
the event loop and returns at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from voicebot.audio.format import Pcm

AGENT = "agent:"
"""Begins the queue of a hand-over that is for one agent: then follows the agent's name."""


@dataclass(frozen=True)
class Caller:
    """What a channel knows about a call when it begins."""

    call_id: str
    """Unique: Twilio's CallSid, or made up by the channel."""
    number: str = ""
    """E.164, empty where withheld."""
    language: str = ""
    """ISO 639-1 where the channel knows it, else empty: the pack's default."""
    channel: str = "text"
    """`twilio`, `browser`, `mic`, `keypad` or `text`."""


@dataclass(frozen=True)
class Outcome:
    """How a call left the bot."""

    kind: Literal["hand_over", "hang_up", "caller_left", "failed"]
    reason: str = ""
    """The dialogue's reason: `asked`, `goodbye`, `no_input`, ..."""
    queue: str = ""
    """For a hand-over, whom to."""
    summary: str = ""
    """For a hand-over, one or two sentences for the agent."""
    language: str = ""
    """The language that was spoken last; empty where nothing was."""


class Channel(Protocol):
    """The way out."""

    def play(self, pcm: Pcm, mark: str) -> None:
        """Queue 8 kHz samples behind what is already playing. Empty is allowed: the mark alone is queued.

        The channel answers with `LiveCall.played(mark)` once, when they were played or were cleared.
        """
        ...

    def clear(self) -> None:
        """Stop playing and forget what is queued. The outstanding marks come back through `played`."""
        ...


@runtime_checkable
class Screen(Protocol):
    """A channel that shows the caller what is being said."""

    def line(self, entry: Mapping[str, Any]) -> None:
        """A line of the conversation is complete (`voicebot.store.journal.Entry.to_json`).

        For the caller alone: it holds all that the caller said but what is secret.
        """
        ...


class LiveCall(Protocol):
    """The way in."""

    def audio(self, pcm: bytes) -> None:
        """Sound from the caller: 16-bit 8 kHz mono, as it arrives. It is also the call's clock: send silence too."""
        ...

    def key(self, digit: str) -> None:
        """A key was pressed: one of 0-9, *, #, A-D."""
        ...

    def typed(self, text: str) -> None:
        """The caller wrote this, in place of saying it."""
        ...

    def played(self, mark: str) -> None:
        """What was queued with this mark was played, or cleared."""
        ...

    def hung_up(self) -> None:
        """The caller or the connection is gone."""
        ...

    def hand_over(self) -> None:
        """The service is about to stop: say so, and give the caller to a person."""
        ...

    async def run(self) -> Outcome:
        """Hold the conversation; returns when the bot is done with the call and all it had to say was played.

        Cancelling it ends the call at once; nothing is left running either way.
        """
        ...


class Answering(Protocol):
    """Takes calls: the service as a channel sees it."""

    def answer(self, caller: Caller, channel: Channel) -> LiveCall:
        """A conversation, not yet running."""
        ...
