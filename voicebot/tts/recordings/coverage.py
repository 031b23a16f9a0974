"""How much of a script is recorded, and what is worth recording next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from voicebot.tts.recordings.inventory import Recordings
from voicebot.tts.recordings.script import Line, Script


@dataclass(frozen=True)
class ReplyCoverage:
    """One reply."""

    name: str
    recorded: int
    """Of the pieces that it needs, values and all."""
    needed: int
    is_open: bool
    """Whether a gap takes values that nobody can record ahead: an engine speaks these in any case."""

    @property
    def is_complete(self) -> bool:
        return self.recorded == self.needed


@dataclass(frozen=True)
class Coverage:
    """One language of a pack."""

    recorded: int
    """Lines of the script."""
    lines: int
    replies: tuple[ReplyCoverage, ...]
    """Those with the smallest share recorded first."""
    missing: tuple[Line, ...]
    """Those that complete most replies first."""

    @property
    def complete(self) -> int:
        """Replies of which every piece is recorded."""
        return sum(reply.is_complete for reply in self.replies)


def coverage(script: Script, recordings: Recordings) -> Coverage:
    """What of `script` is in `recordings`."""
    needed: dict[str, int] = defaultdict(int)
    recorded: dict[str, int] = defaultdict(int)
    missing = []
    for line in script.lines:
        has = recordings.has(line.piece, script.language)
        if not has:
            missing.append(line)
        for reply in line.used_by:
            needed[reply] += 1
            recorded[reply] += has
    replies = (
        ReplyCoverage(name, recorded[name], needed[name], name in script.open_gaps)
        for name in script.replies
        if needed[name]
    )
    return Coverage(
        recorded=len(script.lines) - len(missing),
        lines=len(script.lines),
        replies=tuple(sorted(replies, key=lambda reply: reply.recorded / reply.needed)),
        missing=tuple(sorted(missing, key=lambda line: (line.section == "title", -len(line.used_by)))),
    )
