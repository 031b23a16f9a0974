"""How well each engine is understood: measured here by `voicebot voices check`, else as measured for the release."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from voicebot.tts.port import Engine

FILE = "voices.json"
"""In the configuration's var."""

HARD_TO_UNDERSTAND = 0.20
"""Character error rate above which a voice is not fit for callers: one syllable in five is lost."""

RELEASE: Mapping[tuple[str, str], float] = {
    ("kokoro", "ko"): 0.13,
    ("mbrola", "ko"): 0.23,
    ("pyttsx3", "ko"): 0.87,
    ("piper", "en"): 0.02,
    ("kokoro", "en"): 0.02,
    ("pyttsx3", "en"): 0.17,
}
"""By engine and language: the character error rates of 2026-11-22 (benchmarks/RESULTS.md, Voices)."""

_CHOSEN_BY_THE_OPERATOR = 0.0
"""For an engine without a figure: nobody sets a voice command, or fetches Supertonic's weights, by chance."""


@dataclass(frozen=True)
class Figure:
    """The result of one engine in one language."""

    engine: str
    language: str
    fingerprint: str
    error_rate: float
    """Spoken-form character error rate."""
    phrases: int
    day: str
    """ISO 8601."""


def load(var: Path) -> tuple[Figure, ...]:
    """What was measured here; nothing where there is no such file or it can't be read."""
    try:
        rows = json.loads((var / FILE).read_text("utf-8"))["voices"]
        return tuple(Figure(**row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def keep(var: Path, figures: tuple[Figure, ...]) -> None:
    """Store figures; those of the same engine and language are replaced. Raises OSError."""
    new = {(figure.engine, figure.language): figure for figure in (*load(var), *figures)}
    var.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=var, prefix=f".{FILE}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"voices": [vars(figure) for figure in new.values()]}, file, ensure_ascii=False, indent=1)
        Path(temporary).replace(var / FILE)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def figure_of(engine: Engine, language: str, error_rate: float, phrases: int) -> Figure:
    """Today's figure."""
    return Figure(engine.name, language, engine.fingerprint, error_rate, phrases, date.today().isoformat())


def error_rate(engine: Engine, language: str, figures: tuple[Figure, ...]) -> float:
    """The engine's character error rate: as measured here if it still makes the same sound, else the release's."""
    for figure in figures:
        if (figure.engine, figure.language, figure.fingerprint) == (engine.name, language, engine.fingerprint):
            return figure.error_rate
    return RELEASE.get((engine.name, language), _CHOSEN_BY_THE_OPERATOR)
