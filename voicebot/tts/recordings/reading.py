"""An engine in the speaker's place: it reads a recording script once, so that sentences can be joined at any moment."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from voicebot.audio.format import SAMPLE_RATE
from voicebot.audio.wav import AudioFileError, read_wav, write_wav
from voicebot.tts.port import NORMAL, Engine, EngineError, Sound
from voicebot.tts.recordings.checking import RATE, check
from voicebot.tts.recordings.clip import RecordingError
from voicebot.tts.recordings.inventory import Recordings
from voicebot.tts.recordings.script import Line, Script

FOLDER = "readings"
"""In the configuration's var."""
_SILENCE_S = 0.5
"""Around what an engine reads, as speakers are asked to leave."""
_REFUSED = ".refused"
_FAILURES = 3
"""Lines running that an engine fails to read before it is taken for broken."""


class ReadingsError(RecordingError):
    """What was read can't be kept."""


@dataclass(frozen=True)
class Read:
    """What became of a script."""

    new: int
    """Lines that were read now."""
    there: int
    """Lines that are read, these and earlier ones."""
    lines: int
    """Lines to be read in all."""
    refused: tuple[str, ...]
    """A sentence for each line that was left out, and why."""


class Readings:
    """One engine's reading of one language of one pack: a folder of WAV files, each named after its line.

    A line's name depends on its words, so an edit costs what was edited. Another engine, or other settings of it, has
    another folder.
    """

    def __init__(self, var: Path, pack: str, engine: Engine, script: Script) -> None:
        """Whole sentences are left out: the cache of the voice has these."""
        self._engine, self._language = engine, script.language
        self._lines = tuple(line for line in script.lines if line.section != "phrase")
        self._parent = var / FOLDER / pack / script.language
        self.folder = self._parent / hashlib.sha256(engine.fingerprint.encode()).hexdigest()[:12]

    def there(self) -> tuple[Line, ...]:
        """The lines that were read."""
        names = self._names()
        return tuple(line for line in self._lines if f"{line.id}.wav" in names)

    def add_to(self, recordings: Recordings, lines: tuple[Line, ...] | None = None) -> None:
        """Have what was read, or some lines of it, joined to sentences from now on."""
        for line in self.there() if lines is None else lines:
            load = partial(_load, self.folder / f"{line.id}.wav")
            recordings.add_later(str(line.piece), self._language, load)

    def read(
        self,
        progress: Callable[[int, int], None] = lambda _done, _of: None,
        *,
        go_on: Callable[[], bool] = lambda: True,
        told: Callable[[Line], None] = lambda _line: None,
    ) -> Read:
        """Read what is missing, check it as a speaker's files are checked, and remove what the pack says no more.

        `go_on` is asked before each line and may wait; `told` gets each line that was read. What was read stays where
        it stops half-way. Raises EngineError where the engine can't read, and ReadingsError where the disk is full.
        """
        names = self._names()
        done = len(self.there())
        new, failures, refused = 0, 0, []
        progress(done, len(self._lines))
        for line in self._lines:
            if f"{line.id}.wav" in names:
                continue
            if (mark := f"{line.id}{_REFUSED}") in names:
                refused.append((self.folder / mark).read_text("utf-8", "replace").strip())
                continue
            if not go_on():
                return Read(new, done, len(self._lines), tuple(refused))
            try:
                self._read(line)
            except EngineError:
                failures += 1
                if failures == _FAILURES:
                    raise
                continue
            except ReadingsError:
                raise
            except (RecordingError, AudioFileError) as error:
                refused.append(str(error))
                self._write(line.id + _REFUSED, f"{error}\n".encode())
                continue
            failures, new, done = 0, new + 1, done + 1
            told(line)
            progress(done, len(self._lines))
        self._tidy()
        return Read(new, done, len(self._lines), tuple(refused))

    def _names(self) -> frozenset[str]:
        try:
            return frozenset(path.name for path in self.folder.iterdir())
        except OSError:
            return frozenset()

    def _read(self, line: Line) -> None:
        sound = self._engine.synthesise(line.piece.written, self._language, NORMAL)
        silence = np.zeros(int(_SILENCE_S * sound.rate), np.int16)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{line.id}.wav"
            write_wav(path, np.concatenate((silence, sound.pcm, silence)), sound.rate)
            checked = check(path, line.piece.words, self._language)
            write_wav(path, checked.pcm, RATE)
            self._write(path.name, path.read_bytes())

    def _write(self, name: str, content: bytes) -> None:
        """Whole or not at all."""
        temporary = self.folder / f".new-{name}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
            temporary.replace(self.folder / name)
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise ReadingsError(
                f"{self.folder}: what was read can't be kept ({error.strerror}); make room there, or let it be written."
            ) from None

    def _tidy(self) -> None:
        """Lines that the pack has no more, and what other engines and settings read."""
        wanted = {line.id for line in self._lines}
        with contextlib.suppress(OSError):
            for path in self.folder.iterdir():
                if path.name.partition(".")[0] not in wanted:
                    path.unlink()
            for other in self._parent.iterdir():
                if other != self.folder:
                    shutil.rmtree(other, ignore_errors=True)


def _load(path: Path) -> Sound:
    return Sound(read_wav(path), SAMPLE_RATE)
