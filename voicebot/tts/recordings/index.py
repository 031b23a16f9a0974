"""The index of recorded prompts: `recordings.yaml` beside `prompts/PACK/LANGUAGE/recordings/*.wav`.

It maps a text, as the pack writes it, or a piece of one (see `piece`), to a file of that folder:

    안녕하세요. 무엇을 도와드릴까요?: greeting.wav
    …원을 빼고…: less.wav
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.wav import read_wav
from voicebot.errors import VoicebotError
from voicebot.tts.port import Sound
from voicebot.tts.recordings.inventory import RecordingError, Recordings

INDEX = "recordings.yaml"


def load(folders: Iterable[tuple[str, Path]]) -> tuple[Recordings, tuple[str, ...]]:
    """The recordings of these languages' folders, and one sentence for each one that can't be used.

    A folder without an index has no recordings. A bad recording costs itself, not the others.
    """
    recordings, problems = Recordings(), []
    for language, folder in folders:
        try:
            index = read_index(folder / INDEX)
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


def read_index(path: Path) -> dict[str, str]:
    """Texts with their files; empty where there is no index. Raises RecordingError."""
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
