"""The index of recorded prompts: `recordings.yaml` beside `prompts/PACK/LANGUAGE/recordings/*.wav`.

It maps a text, as the pack writes it, or a piece of one (see `piece`), to a file of that folder:

    안녕하세요. 무엇을 도와드릴까요?: greeting.wav
    …원을 빼고…: less.wav
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from voicebot.audio.format import SAMPLE_RATE
from voicebot.audio.wav import read_wav
from voicebot.tts.port import Sound
from voicebot.tts.recordings.clip import RecordingError
from voicebot.tts.recordings.inventory import Recordings

INDEX = "recordings.yaml"


_PLAIN = re.compile(r"(?:[^\W\d_]|…|\d+[가-힣])[\w …~%/(),.?!'+-]*: \w[\w.-]*\.wav")
"""A line that is the same whether YAML or this pattern reads it: nothing in it is a sign of YAML's where it stands."""
_LONG_KEY = re.compile(r"^\? (.*)\n: ", re.MULTILINE)
_WORDS_OF_YAML = ("true", "false", "null")


def load(folders: Iterable[tuple[str, Path]], *, thorough: bool = False) -> tuple[Recordings, tuple[str, ...]]:
    """The recordings of these languages' folders, and one sentence for each one that can't be used.

    A folder without an index has no recordings. A bad recording costs itself, not the others. `thorough` looks into
    every file, which takes 2 ms each; without it, they are read when they are first heard, and a bad one is told then.
    """
    recordings, problems = Recordings(), []
    files: dict[tuple[str, str], Path] = {}
    for language, folder in folders:
        try:
            index = read_index(folder / INDEX)
        except RecordingError as error:
            problems.append(str(error))
            continue
        try:
            there = {entry.name for entry in os.scandir(folder)} if index else set()
        except OSError:
            there = set()
        for text, name in index.items():
            path = folder / name
            if name not in there and (problem := _problem(folder, path)):
                problems.append(problem)
                continue
            files[language, text] = path
            recordings.add_later(text, language, functools.partial(_read, path))
    if thorough:
        for language, text, reason in recordings.problems():
            path = files[language, text]
            problems.append(f"{path}: {reason}" if isinstance(reason, RecordingError) else str(reason))
    return recordings, tuple(problems)


def _problem(folder: Path, path: Path) -> str:
    """Why a file that is not in the folder itself can't be used; empty where it can."""
    if not path.resolve().is_relative_to(folder.resolve()):
        return f"{path}: it lies outside the folder of the recordings; move it there."
    return "" if path.is_file() else f"{path}: there is no such file; record it again, or take it out of {INDEX}."


def read_index(path: Path) -> dict[str, str]:
    """Texts with their files; empty where there is no index. Raises RecordingError."""
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
        if (simple := _simple(text)) is not None:
            return simple
        index = YAML(typ="safe", pure=True).load(text)
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


def _simple(text: str) -> dict[str, str] | None:
    """An index without anything special in it, as an import writes it: YAML takes a second for a thousand lines."""
    index: dict[str, str] = {}
    for line in _LONG_KEY.sub(r"\1: ", text).split("\n"):
        if not line:
            continue
        key, _, name = line.rpartition(": ")
        if not _PLAIN.fullmatch(line) or key in index or key.casefold() in _WORDS_OF_YAML:
            return None
        index[key] = name
    return index


def _read(path: Path) -> Sound:
    return Sound(read_wav(path), SAMPLE_RATE)
