"""Labels as lines of JSON: out of one installation, and into it again after people worked on them elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from voicebot.dialogue.engine import Dialogue
from voicebot.errors import VoicebotError
from voicebot.learning.labelling.checking import asked_by, check
from voicebot.store.history.database import Database
from voicebot.store.labels import Judgement, Label, LabelError, New, Turn
from voicebot.store.labels.candidates import candidate, context

_NEEDED = ("call", "part", "number", "transcript", "intent")
_TAKEN = (*_NEEDED, "slots", "intelligible", "by")
_PASSED_OVER = (
    "id", "pack", "language", "heard", "understood", "version", "sample", "at", "state", "decided_by"
)  # fmt: skip
"""What an export has beside that: it may stand in a line, and says nothing."""
_LARGEST = 2**53


class LineError(VoicebotError):
    """A line that is no label."""


@dataclass(frozen=True)
class Lines:
    """What a file says."""

    new: tuple[New, ...]
    problems: tuple[str, ...]
    """One sentence for each line that is wrong."""


def line_of(label: Label) -> str:
    """A label as a line, without who called."""
    return json.dumps(
        {
            "id": label.id,
            "pack": label.pack,
            "language": label.language,
            "call": label.call,
            "part": label.turn_part,
            "number": label.turn_number,
            "heard": label.heard,
            "transcript": label.transcript,
            "intelligible": label.intelligible,
            "intent": label.intent,
            "slots": dict(label.slots),
            "understood": label.understood,
            "version": label.version,
            "sample": label.sample,
            "by": label.by,
            "at": label.at.isoformat(),
            "state": label.state,
            "decided_by": label.decided_by,
        },
        ensure_ascii=False,
    )


def read_lines(text: str, name: str, dialogue: Dialogue, database: Database, zone: ZoneInfo) -> Lines:
    """The labels in a file, each checked against the history and the content. `name`: the file's, for what is told."""
    new: list[New] = []
    problems: list[str] = []
    seen: dict[tuple[Turn, str], int] = {}
    for number, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip():
            continue
        try:
            one = _read(line, dialogue, database, zone)
            if (before := seen.setdefault((one.turn, one.by), number)) != number:
                raise LineError(f"the same person labels this turn in line {before} already; keep one of the two.")
            new.append(one)
        except (LineError, LabelError) as error:
            problems.append(f"{name}, line {number}: {error}")
    return Lines(tuple(new), tuple(problems))


def _read(line: str, dialogue: Dialogue, database: Database, zone: ZoneInfo) -> New:
    record = _record(line)
    turn = Turn(record["call"], record["part"], record["number"])
    judgement = Judgement(record["transcript"], record["intent"], record["slots"], record["intelligible"])
    one = candidate(database, turn)
    if one is None:
        raise LineError(
            f"call {turn.call[:60]} has no caller's turn {turn.number} with words in part {turn.part}; "
            "take the line out, or restore the history first."
        )
    if one.pack != dialogue.pack.name:
        raise LineError(f"the call is one of the pack {one.pack}; import it with --pack {one.pack}.")
    if not judgement.intelligible:
        judgement = Judgement("", judgement.intent, {}, intelligible=False)
    check(dialogue, judgement, one.language, one.began.astimezone(zone).date().isoformat())
    return New(turn, judgement, "imported", asked_by(dialogue.pack, context(database, turn).asked), record["by"])


def _record(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise LineError('this is no JSON object; write {"call": ..., "part": ..., "number": ..., ...} on one line.')
    missing = [name for name in _NEEDED if name not in found]
    if missing:
        raise LineError(f"{missing[0]} is missing; every line needs {', '.join(_NEEDED)}.")
    if unknown := [name for name in found if name not in (*_TAKEN, *_PASSED_OVER)]:
        raise LineError(f"{unknown[0][:60]!r} is not known; take it out, or write one of: {', '.join(_TAKEN)}.")
    record = {"slots": {}, "intelligible": True, "by": "", **found}
    _expect(record, ("call", "transcript", "by"), lambda value: isinstance(value, str), "a text")
    _expect(record, ("part", "number"), _is_count, "a whole number, as `voicebot labels export` writes it")
    _expect(record, ("intent",), lambda value: value is None or isinstance(value, str), "a name, or null")
    _expect(record, ("intelligible",), lambda value: isinstance(value, bool), "true or false")
    _expect(record, ("slots",), _are_slots, 'an object of texts, such as {"order_number": "12345678"}')
    return {name: record[name] for name in _TAKEN}


def _expect(record: Mapping[str, Any], names: Iterable[str], fits: Any, what: str) -> None:
    for name in names:
        if not fits(record[name]):
            raise LineError(f"{name} must be {what}.")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


def _are_slots(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
