"""Recorded prompts: `prompts/PACK/LANGUAGE/recordings/*.wav` and the `recordings.yaml` beside them.

The index maps a text, as the pack writes it, to a file of that folder:

    안녕하세요. 무엇을 도와드릴까요?: greeting.wav
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.wav import read_wav
from voicebot.errors import VoicebotError
from voicebot.tts.port import Sound
from voicebot.tts.telephone import on_the_line

INDEX = "recordings.yaml"


class RecordingError(VoicebotError):
    """A recording or an index that can't be used."""


def normalise(text: str) -> str:
    """What two texts have in common that differ in white space, punctuation and capital letters only."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold().replace("%", " percent "))


class Recordings:
    """Recorded texts of one or more languages, at telephone rate, loudness and band."""

    def __init__(self) -> None:
        self._sounds: dict[tuple[str, str], Pcm] = {}
        self._texts: list[tuple[str, str]] = []

    def add(self, text: str, language: str, sound: Sound) -> None:
        """Speak `text` with this sound from now on."""
        pcm = on_the_line(sound)
        if not len(pcm):
            raise RecordingError("there is only silence in it; record it again.")
        pcm.flags.writeable = False
        self._sounds[language, normalise(text)] = pcm
        self._texts.append((language, text))

    def find(self, text: str, language: str) -> Pcm | None:
        """The recording of `text`, None where there is none."""
        return self._sounds.get((language, normalise(text)))

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Language and text of every recording."""
        return tuple(self._texts)


def load(folders: Iterable[tuple[str, Path]]) -> tuple[Recordings, tuple[str, ...]]:
    """The recordings of these languages' folders, and one sentence for each one that can't be used.

    A folder without an index has no recordings. A bad recording costs itself, not the others.
    """
    recordings, problems = Recordings(), []
    for language, folder in folders:
        try:
            index = _read_index(folder / INDEX)
        except RecordingError as error:
            problems.append(str(error))
            continue
        for text, name in index.items():
            try:
                recordings.add(text, language, Sound(_read(folder, name), SAMPLE_RATE))
            except RecordingError as error:
                problems.append(f"{folder / name}: {error}")
            except VoicebotError as error:
                problems.append(str(error))
    return recordings, tuple(problems)


def _read_index(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        index = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
        where = getattr(error, "problem_mark", None)
        line = f":{where.line + 1}" if where else ""
        raise RecordingError(f"{path}{line}: not valid YAML in UTF-8; write one `text: file.wav` a line.") from None
    except OSError as error:
        raise RecordingError(f"{path}: can't be read ({error.strerror}); check its permissions.") from None
    if index is None:
        return {}
    if not isinstance(index, dict):
        raise RecordingError(f"{path}: not a list of texts with their files; write one `text: file.wav` a line.")
    for text, name in index.items():
        if not isinstance(name, str):
            raise RecordingError(f"{path}: the text {str(text)!r} has no file name; write `text: file.wav`.")
    return {str(text): name for text, name in index.items()}


def _read(folder: Path, name: str) -> Pcm:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise RecordingError("it lies outside the folder of the recordings; move it there.")
    return read_wav(path)
