"""A pack's files as they are written, each with its lines; what cannot be read is a finding instead of an end."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Literal, TypeVar

from pydantic import BaseModel

from voicebot.dialogue import content, learned
from voicebot.dialogue.experiments import FILE as EXPERIMENTS
from voicebot.dialogue.pack import LANGUAGES
from voicebot.dialogue.pack_tests import TestFile
from voicebot.yaml_file import ContentError, Location, YamlFile

Model = TypeVar("Model", bound=BaseModel)

Place = tuple[str | int, ...]
"""Keys and indices from the top of a file."""

Placed = tuple[Place, content.Step]
"""A step, and where it stands in flows.yaml."""


@dataclass(frozen=True, order=True)
class Finding:
    """Something in a pack that is wrong, or probably not meant."""

    path: str
    line: int
    """From 1; 0 where it is about the whole file."""
    level: Literal["error", "warning"]
    """An error keeps the pack from working as it is written; a warning is worth a look."""
    check: str
    """Which check found it, in one word or two joined by a hyphen."""
    what: str
    """What is wrong."""
    remedy: str
    """What would be right."""


@dataclass(frozen=True)
class Part(Generic[Model]):
    """One file that could be read."""

    file: YamlFile
    content: Model

    def error(self, check: str, location: Location, what: str, remedy: str) -> Finding:
        return Finding(str(self.file.path), self.file.line(location), "error", check, what, remedy)

    def warning(self, check: str, location: Location, what: str, remedy: str) -> Finding:
        return Finding(str(self.file.path), self.file.line(location), "warning", check, what, remedy)


@dataclass(frozen=True)
class Words:
    """What a pack, or what every pack, says and hears in one language."""

    intents: Part[content.IntentsFile] | None = None
    replies: Part[content.RepliesFile] | None = None
    faq: Part[content.FaqFile] | None = None
    learned: Part[learned.LearnedFile] | None = None


@dataclass(frozen=True)
class Sources:
    """The files of one pack. A part is None where it is missing or cannot be read: then `findings` says so."""

    folder: Path
    about: Part[content.PackFile] | None
    flows: Part[content.FlowsFile] | None
    words: Mapping[str, Words]
    """By language."""
    common: Mapping[str, Words]
    """By language: `prompts/common`."""
    experiments: Part[content.ExperimentsFile] | None = None
    findings: list[Finding] = field(default_factory=list)


def read_sources(content_folder: Path, name: str) -> Sources:
    """Read every file of a pack by itself, so that one broken file doesn't hide what is wrong with the others."""
    folder, findings = content_folder / name, list[Finding]()
    about = _read(folder / "pack.yaml", content.PackFile, findings)
    flows = _read(folder / "flows.yaml", content.FlowsFile, findings)
    languages = about.content.languages if about else [each for each in LANGUAGES if (folder / each).is_dir()]
    words, common = {}, {}
    for language in languages:
        words[language] = _read_words(folder / language, findings)
        common[language] = _read_words(content_folder / "common" / language, findings)
        for path in sorted((folder / language / "tests").glob("*.yaml")):
            _read(path, TestFile, findings)
    experiments = None
    if (path := folder / EXPERIMENTS).exists():
        experiments = _read(path, content.ExperimentsFile, findings)
    findings += _unread(folder, languages)
    return Sources(folder, about, flows, words, common, experiments, findings)


def as_finding(error: ContentError) -> Finding:
    """An error of loading, taken apart into place, problem and remedy."""
    found = re.fullmatch(
        r"(?P<path>.*?\.yaml)(?:, line (?P<line>\d+))?: (?P<what>.*?)(?:; (?P<remedy>.*))?", str(error)
    )
    if not found:
        return Finding("", 0, "error", "loading", str(error), "")
    remedy = (found["remedy"] or "").rstrip(".")
    return Finding(found["path"], int(found["line"] or 0), "error", "loading", found["what"].rstrip("."), remedy)


def _read(path: Path, schema: type[Model], findings: list[Finding]) -> Part[Model] | None:
    try:
        file = YamlFile(path)
        return Part(file, file.read(schema))
    except ContentError as error:
        findings.append(as_finding(error))
        return None


def _read_words(folder: Path, findings: list[Finding]) -> Words:
    return Words(
        _read(folder / "intents.yaml", content.IntentsFile, findings),
        _read(folder / "replies.yaml", content.RepliesFile, findings),
        _read(folder / "faq.yaml", content.FaqFile, findings) if (folder / "faq.yaml").exists() else None,
        _read(folder / learned.FILE, learned.LearnedFile, findings) if (folder / learned.FILE).exists() else None,
    )


_READ_AT_THE_TOP = ("pack.yaml", "flows.yaml", "backend.yaml", "callers.yaml", EXPERIMENTS)
_READ_IN_A_LANGUAGE = ("intents.yaml", "replies.yaml", "faq.yaml", learned.FILE)


def _unread(folder: Path, languages: Sequence[str]) -> list[Finding]:
    """Files whose names nobody reads: mostly a slip in the name."""
    known = {*_READ_AT_THE_TOP, *(f"{language}/{name}" for language in languages for name in _READ_IN_A_LANGUAGE)}
    places = [folder, *(folder / language for language in LANGUAGES)]
    found = [path for place in places for path in (*place.glob("*.yaml"), *place.glob("*.yml"))]
    return [
        Finding(
            str(path),
            0,
            "warning",
            "unread-file",
            "nothing reads this file",
            f"name it {', '.join(_READ_AT_THE_TOP)} or, in the folder of a language that pack.yaml lists, "
            f"{', '.join(_READ_IN_A_LANGUAGE)}; or remove it",
        )
        for path in sorted(found)
        if path.relative_to(folder).as_posix() not in known
    ]
