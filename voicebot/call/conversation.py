"""What all calls of a service share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Protocol

from voicebot.asr.port import Domain, Recogniser
from voicebot.audio.turn_taking import TurnKnobs
from voicebot.backends.port import Backend
from voicebot.call.continuing import KeptCalls
from voicebot.call.keeping import Keeping
from voicebot.call.rating_share import RatingShare
from voicebot.call.recording import CallRecorder
from voicebot.dialogue.actions import Action
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import Heard
from voicebot.dialogue.state import State
from voicebot.store.call_log import CallLog
from voicebot.store.history.records import Keep
from voicebot.tts.port import Voice


class Domains(Protocol):
    """What is expected where: a Listen action's domain, made ready for a recogniser."""

    def domain(self, name: str, language: str) -> Domain: ...


@dataclass(frozen=True)
class Pools:
    """Where work runs off the loop; None runs it in the loop's default executor."""

    listening: Executor | None = None
    """Decoding: as many threads as cores."""
    thinking: Executor | None = None
    """Dialogue and the second listener."""
    asking: Executor | None = None
    """Back ends: mostly waiting. Those that hang stop nothing else."""
    speaking: Executor | None = None
    """Synthesis: mostly waiting for an engine."""
    keeping: Executor | None = None
    """Writing down where calls are: one thread does."""
    recording: Executor | None = None
    """Writing recordings: one thread, so that each is written in its order."""


Overheard = Callable[[str, State, Heard, Sequence[Action]], None]
"""Is told what the dialogue decided on words: the call's id, the state before, the words, and the decision. Called on
the event loop; returns at once."""


@dataclass(frozen=True)
class Conversation:
    """What all calls of a service share that run on one version of its content."""

    dialogue: Dialogue
    domains: Domains
    recogniser: Recogniser
    voice: Voice
    backend: Backend
    pools: Pools
    bridge: Callable[[str, str, int], str]
    """A few words that bridge a silence of the bot's own: by reply (`filler`, `backend_slow`), language, and how many
    were said before."""
    keeping: Keeping | None = None
    """What goes from one call to the next; None where nothing does."""
    kept: KeptCalls | None = None
    """Where running calls are kept, so that they go on after their connection or their process is lost."""
    history: Keep | None = None
    """Takes what is kept of calls for good; None where nothing is."""
    log: CallLog | None = None
    """Where every turn is stored; None where none is."""
    record: Callable[[str], CallRecorder] | None = None
    """Makes the recorder of a call, by its id; None where no call is recorded."""
    rating: RatingShare = field(default_factory=RatingShare)
    """Which calls are asked at their end how well the caller was helped."""
    on_version: Callable[[str], Conversation | None] = lambda _version: None
    """The conversation of another version, for a call that began on it; None where it is not to be had here."""
    overheard: Overheard | None = None
    """Who else is told of callers' words; None where nobody is."""
    knobs: TurnKnobs = field(default_factory=TurnKnobs)
    longest_s: int = 1800
