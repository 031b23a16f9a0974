"""What the rest of the bot knows of speaking: text in, sound out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voicebot.audio.format import Pcm
from voicebot.errors import VoicebotError


class EngineError(VoicebotError):
    """An engine could not speak."""


class EngineBusyError(EngineError):
    """An engine has as much to say as it can; it is not ill."""


@dataclass(frozen=True)
class Style:
    """How something is said."""

    rate: float = 1.0
    """Relative speed; 0.8 is slower."""
    pitch: float = 1.0
    """Relative pitch."""


NORMAL = Style()


@dataclass(frozen=True)
class Sound:
    """Synthesised or recorded speech."""

    pcm: Pcm
    rate: int
    """Hertz."""


class Engine(Protocol):
    """A synthesiser. Blocking, and callable from any thread."""

    name: str
    fingerprint: str
    """Name, version and settings: engines with the same one make the same sound, so the cache keys by it."""
    languages: frozenset[str]
    """ISO 639-1."""
    concurrency: int
    """How many texts it speaks at once; a further one waits for a bounded time."""

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        """Speak `text`, which is already in words (see `speech_text`). Raises EngineError.

        It ends within the engine's own time limit, also where the synthesiser hangs.
        """
        ...

    def warm_up(self) -> None:
        """Begin to load what speaking needs, so that the first text waits less. Returns soon, never raises."""
        ...

    def close(self) -> None:
        """Give back what it holds. Nothing may be synthesised afterwards."""
        ...


class Voice(Protocol):
    """Speaks replies at telephone rate: recordings first, then the cache, then an engine. Callable from any thread."""

    def speak(self, text: str, language: str, style: Style = NORMAL, within_s: float = 0.0) -> Pcm:
        """`text` as written (digits and all) to 8 kHz samples. Never raises: at worst silence, and one log line.

        `within_s`: seconds until the sound is needed; what is needed sooner is made first.
        """
        ...

    def is_ready(self, text: str, language: str, style: Style = NORMAL) -> bool:
        """Whether `speak` would answer at once, from a recording or the cache."""
        ...
