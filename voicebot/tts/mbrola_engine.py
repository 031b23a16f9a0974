"""MBROLA's Korean voice hn1, where the operator has installed it, with this project's pronunciation and prosody.

The program is free software; the voice is free to use, but not in anything that is sold: it is never installed for you.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from voicebot.tts.command_engine import CommandEngine
from voicebot.tts.mbrola_prosody import phone_lines
from voicebot.tts.port import EngineError, Sound, Style
from voicebot.tts.worker_engine import printable

INSTALL = "sudo apt-get install -y mbrola mbrola-hn1 (Debian's contrib and non-free; not for anything that is sold)"
VOICE = Path("/usr/share/mbrola/hn1/hn1")


class MbrolaEngine:
    """MBROLA behind the engine port."""

    name = "mbrola"
    languages = frozenset({"ko"})

    def __init__(self, *, voice: Path = VOICE, workers: int = 2, command: Sequence[str] = ("mbrola",)) -> None:
        """At most `workers` processes of the program at once, one a text."""
        self.concurrency = workers
        self.fingerprint = "mbrola hn1, prosody 2"
        line = [*command, "-e", str(voice), "-", "{file}"]
        self._program = CommandEngine(line, name=self.name, languages=self.languages, workers=workers)

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        """Speak `text`. Raises EngineError where the program is missing, fails or is late."""
        if language not in self.languages:
            raise EngineError(f"mbrola has no voice for {language!r} here; choose one of ko.")
        return self._program.run("\n".join(phone_lines(printable(text), style)) + "\n", language, style)

    def warm_up(self) -> None:
        """Nothing to load: a process is started for every text."""

    def close(self) -> None:
        """Nothing is held between texts."""


def is_installed(voice: Path = VOICE) -> bool:
    """Whether program and voice are there."""
    return shutil.which("mbrola") is not None and voice.is_file()
