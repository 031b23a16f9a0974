"""Any program that turns text into a WAV file, as an engine.

The command is one line, parted as a shell would but run without one. In its words `{text}`, `{file}`, `{language}` and
`{rate}` stand for the text, a file that the program has to write, the language (ISO 639-1) and the relative speed.
Without `{text}` the text comes on standard input; without `{file}` the sound is read from standard output.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from voicebot.audio.wav import AudioFileError, read_wav
from voicebot.tts.port import EngineBusyError, EngineError, Sound, Style
from voicebot.tts.worker_engine import printable

_RATE = 24_000
"""Hertz to which the program's sound is brought, whatever its own rate is."""
_MOST_BYTES = 64 * 1024 * 1024
_MOST_CHARACTERS = 20_000
"""Of one text: arguments have a bound in the system, and nothing is said that is longer."""


class CommandEngine:
    """A program of the operator's behind the engine port: one process a text, killed with all it started when late."""

    def __init__(
        self,
        command: str | Sequence[str],
        *,
        name: str = "command",
        languages: frozenset[str] = frozenset({"ko", "en"}),
        time_limit_s: float = 8.0,
        workers: int = 2,
    ) -> None:
        """At most `workers` processes, each given `time_limit_s`. Raises EngineError for a line that is none."""
        try:
            self._words = shlex.split(command) if isinstance(command, str) else list(command)
        except ValueError as error:
            raise EngineError(f"voice_command: {error} in {command!r}; quote it as for a shell.") from None
        if not self._words:
            raise EngineError("voice_command is empty; name a program that turns text into a WAV file.")
        self.name = name
        self.languages = languages
        self.concurrency = workers
        self.fingerprint = f"{name} {hashlib.sha256(repr(self._words).encode()).hexdigest()[:16]}"
        self._time_limit_s = time_limit_s
        self._places = threading.BoundedSemaphore(workers)

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        """Speak `text`. Raises EngineError where the program is missing, fails, is late, or writes no WAV."""
        if language not in self.languages:
            raise EngineError(f"the voice command does not speak {language!r}; set voices for that language.")
        return self.run(printable(text)[:_MOST_CHARACTERS], language, style)

    def run(self, text: str, language: str, style: Style) -> Sound:
        """What the program makes of `text` as it is. Raises EngineError as `synthesise` does."""
        if not self._places.acquire(timeout=self._time_limit_s):
            raise EngineBusyError(f"{self.name} has too much to say at once; give it more cores, or fewer calls.")
        try:
            with tempfile.TemporaryDirectory(prefix="voicebot-") as folder:
                return self._spoken(text, language, style, Path(folder) / "speech.wav")
        except OSError as error:
            raise EngineError(f"{self._words[0]}: can't be run ({error.strerror}); check that it is there.") from error
        finally:
            self._places.release()

    def warm_up(self) -> None:
        """Nothing to load: a process is started for every text."""

    def close(self) -> None:
        """Nothing is held between texts."""

    def _spoken(self, text: str, language: str, style: Style, file: Path) -> Sound:
        values = {"{text}": text, "{file}": str(file), "{language}": language, "{rate}": f"{style.rate:g}"}
        argv = [_filled(word, values) for word in self._words]
        by_argument = any("{text}" in word for word in self._words)
        with_file = any("{file}" in word for word in self._words)
        output = self._run(argv, b"" if by_argument else text.encode())
        if not with_file:
            file.write_bytes(output)
        if not file.is_file():
            raise EngineError(f"{argv[0]} wrote no file; check {{file}} in voice_command.")
        try:
            return Sound(read_wav(file, _RATE), _RATE)
        except AudioFileError:
            where = "into {file}" if with_file else "to standard output"
            raise EngineError(f"{argv[0]} wrote no PCM WAV {where}; check voice_command.") from None

    def _run(self, argv: list[str], text: bytes) -> bytes:
        """What the program writes. Raises EngineError; whatever it started is gone afterwards."""
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            output = _exchanged(process, text, time.monotonic() + self._time_limit_s)
            status = process.wait(timeout=1.0)
        except (TimeoutError, subprocess.TimeoutExpired):
            raise EngineError(f"{argv[0]} gave no sound within {self._time_limit_s:g} s and was stopped.") from None
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        if status:
            raise EngineError(f"{argv[0]} failed with status {status}; try it on the command line.")
        return output


def is_installed(command: str) -> bool:
    """Whether the program of a voice command is there."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    return bool(words) and shutil.which(words[0]) is not None


def _filled(word: str, values: dict[str, str]) -> str:
    """`word` with its places filled; what a text holds is not filled again."""
    for place, value in values.items():
        if place in word:
            before, _, after = word.partition(place)
            return _filled(before, values) + value + _filled(after, values)
    return word


def _exchanged(process: subprocess.Popen[bytes], text: bytes, until: float) -> bytes:
    """Write `text`, read to the end. Raises TimeoutError, and EngineError for output without end."""
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None
    os.set_blocking(stdin.fileno(), False)
    left = memoryview(text)
    output = bytearray()
    while True:
        if not left and not stdin.closed:
            stdin.close()
        remaining = until - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        readable, writable, _ = select.select([stdout], [] if stdin.closed else [stdin], [], remaining)
        if writable:
            try:
                left = left[os.write(stdin.fileno(), left) :]
            except BrokenPipeError:  # a program may take what it needs and close
                left = memoryview(b"")
        if readable:
            chunk = os.read(stdout.fileno(), 1 << 20)
            if not chunk:
                return bytes(output)
            output += chunk
            if len(output) > _MOST_BYTES:
                raise EngineError("the voice command's output has no end; check voice_command.")
