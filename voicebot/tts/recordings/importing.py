"""From a speaker's files to the recordings that the bot plays: nothing bad gets in, nothing good gets lost."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from rapidfuzz.distance import Levenshtein
from ruamel.yaml import YAML

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.resample import resample
from voicebot.audio.wav import AudioFileError, write_wav
from voicebot.errors import VoicebotError
from voicebot.tts.recordings.checking import RATE, Checked, check
from voicebot.tts.recordings.clip import RecordingError
from voicebot.tts.recordings.index import INDEX, read_index
from voicebot.tts.recordings.piece import normalise
from voicebot.tts.recordings.script import Line, Script
from voicebot.tts.speech_text import spoken

_SHORTEST_HEARD = 5
"""Letters: of fewer, without a sentence around them, a listener is right too seldom to accuse a speaker."""
_OTHER_WORDS = 0.5
"""Character error rate above which a listener has probably heard other words: the second listener's own is 0.12."""

_IMPORTED = re.compile(r"-[0-9a-f]{8}\.[0-9a-f]{8}\.wav$")
"""Names that `_store` gives. Other files in the folder are somebody's own."""

Listen = Callable[[Pcm], str]
"""From 8 kHz samples to the words that a recogniser hears."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Imported:
    """What became of a folder of recordings."""

    imported: tuple[Line, ...]
    refused: tuple[str, ...]
    """A sentence for each file that was left out, and why."""
    hints: tuple[str, ...]
    """A sentence for each file that was taken and could be better."""
    unknown: tuple[str, ...]
    """Names of files that no line of the script has."""


def import_recordings(
    source: Path,
    script: Script,
    target: Path,
    *,
    listen: Listen | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Imported:
    """Check the files of `source` that are named after lines of `script`, and put them into the folder `target`.

    The index changes in one step, after all files are written: until then, and where anything fails (RecordingError),
    the recordings that were there are as they were.
    """
    lines = {line.id: line for line in script.lines}
    found, unknown = _files(source, lines)
    refused: list[str] = []
    hints: list[str] = []
    ready: list[tuple[Line, Checked]] = []
    progress(0, len(found))
    for done, (line, path) in enumerate(found, start=1):
        try:
            checked = check(path, line.piece.words, script.language)
        except (RecordingError, AudioFileError) as error:
            refused.append(str(error).removeprefix(f"{path.parent}{os.sep}"))
        else:
            hints += checked.hints
            if listen and (hint := _misheard(line, path, checked, script.language, listen)):
                hints.append(hint)
            ready.append((line, checked))
        progress(done, len(found))
    if ready:
        _store(ready, target)
    return Imported(tuple(line for line, _ in ready), tuple(refused), tuple(hints), unknown)


def _files(source: Path, lines: dict[str, Line]) -> tuple[list[tuple[Line, Path]], tuple[str, ...]]:
    try:
        paths = sorted(path for path in source.iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise RecordingError(
            f"{source}: can't be read ({error.strerror}); name the folder with the WAV files."
        ) from None
    found, unknown = [], []
    for path in paths:
        line = lines.get(path.stem.lower()) if path.suffix.lower() == ".wav" else None
        if line is not None:
            found.append((line, path))
        elif path.suffix.lower() in (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".aif", ".aiff"):
            unknown.append(path.name)
    return found, tuple(unknown)


def _misheard(line: Line, path: Path, checked: Checked, language: str, listen: Listen) -> str | None:
    if len(line.piece.key) < _SHORTEST_HEARD:
        return None
    heard = listen(resample(checked.pcm, RATE, SAMPLE_RATE))
    rate = Levenshtein.distance(line.piece.key, normalise(spoken(heard, language))) / len(line.piece.key)
    if rate <= _OTHER_WORDS:
        return None
    return f'{path.name}: the second listener heard "{heard}" instead of "{line.piece.words}"; listen to it.'


def _store(ready: list[tuple[Line, Checked]], target: Path) -> None:
    """Write new files beside the old ones, then the index, then remove imported ones that it no longer names."""
    before = read_index(target / INDEX)
    written: list[Path] = []
    entries: dict[str, str] = {}
    try:
        for line, checked in ready:
            content = hashlib.sha256(checked.pcm.tobytes()).hexdigest()[:8]
            path = target / f"{line.id}.{content}.wav"
            entries[str(line.piece)] = path.name
            if not path.exists():
                written.append(path)
                _write(path, checked.pcm)
        _write_index(target / INDEX, entries)
    except (OSError, AudioFileError) as error:
        for path in written:
            with contextlib.suppress(OSError):
                path.unlink()
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise RecordingError(
            f"{target}: nothing was imported, and the recordings there are as they were, because of: {reason}"
        ) from None
    after = {**before, **entries}
    for name in set(before.values()) - set(after.values()):
        if not _IMPORTED.search(name):
            continue
        with contextlib.suppress(OSError):
            (target / name).unlink()


def _write(path: Path, pcm: Pcm) -> None:
    """Whole or not at all."""
    temporary = path.with_name(f".new-{path.name}")
    try:
        write_wav(temporary, pcm, RATE)
        temporary.replace(path)
    except (OSError, VoicebotError):
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def _write_index(path: Path, entries: dict[str, str]) -> None:
    """Add entries; comments and other entries stay."""
    yaml = YAML(typ="rt")
    yaml.width = 4096
    yaml.allow_unicode = True
    index = yaml.load(path.read_text(encoding="utf-8")) if path.is_file() else None
    index = {} if index is None else index
    index.update(entries)
    text = StringIO()
    yaml.dump(index, text)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text.getvalue())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
