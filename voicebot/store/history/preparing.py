"""Records made fit to be stored, before they touch any disk: words without personal data, no numbers of callers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import structlog

from voicebot.privacy.redactor import NOTHING_ASKED, Asked, redact, redact_data
from voicebot.store.history.records import Begun, Ended, Rated, Record, Turn, to_json

_log = structlog.get_logger(__name__)

Words = Literal["redacted", "full", "none"]
"""What is kept of what was said: without personal data, all of it, or nothing."""


@dataclass(frozen=True)
class Preparation:
    """How records are made fit. Its functions run in the history's own thread and may take their time."""

    hash_number: Callable[[str], str]
    """A caller's number -> what stands for it; empty where nothing may."""
    words: Words = "redacted"
    redact: Callable[[str, str, Asked], str] = redact
    """Text, its language, what was asked -> the text without personal data."""

    def __call__(self, record: Record) -> dict[str, Any]:
        """The record as JSON, fit to be stored."""
        data = to_json(record)
        match record:
            case Begun():
                data["caller"], data["number"] = self.hash_number(record.number) if record.number else "", ""
            case Turn():
                self._prepare_turn(data, record.language)
            case Rated():
                data["comment"] = self._fit(record.comment, record.language)
            case Ended():
                data["summary"] = self._fit(record.summary, record.language)
                data["context"] = self._fit(data["context"], record.language)
        clean: dict[str, Any] = _storable(data)
        return clean

    def _prepare_turn(self, data: dict[str, Any], language: str) -> None:
        entry = data["entry"]
        facts = dict(entry["facts"])
        hypothesis = facts.pop("hypothesis", "")
        entry["facts"] = facts
        asked = Asked.from_json(entry.pop("asked", {}))
        entry["hypothesis"] = self._fit(hypothesis, language, asked)
        for name in ("text", "alternatives", "slots"):
            entry[name] = self._fit(entry[name], language, Asked(known=asked.known) if name == "slots" else asked)

    def _fit(self, value: Any, language: str, asked: Asked = NOTHING_ASKED) -> Any:
        """Every string in `value` redacted; keys and numbers that are not text stay."""
        if self.words == "full" or not value:
            return value
        if self.words == "none":
            return type(value)()
        try:
            return redact_data(value, language, asked, redact=self.redact)
        except Exception as error:  # better no words than words with personal data, and no history is lost for it
            _log.error("words could not be redacted and are not kept", error=type(error).__name__)
            return type(value)()


def _storable(value: Any) -> Any:
    """Without what no database takes: NUL, halves of surrogate pairs, numbers that are none."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_storable(str(name)): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    if isinstance(value, float) and not -1e300 < value < 1e300:
        return None
    return value if value is None or isinstance(value, int | float) else str(value)
