"""The minutes of one call: its journal, for those who watch, and its stored turns, for replay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from voicebot.call.hearing import HeardSpeech
from voicebot.channel import Outcome
from voicebot.dialogue.actions import Action, Note
from voicebot.dialogue.events import Event
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.record import record
from voicebot.dialogue.state import State
from voicebot.store.call_log import CallLog
from voicebot.store.journal import Entry, Journal


class Minutes:
    """Nothing here waits for a disk."""

    def __init__(self, journal: Journal, log: CallLog | None, pack: Pack) -> None:
        self.journal, self._log, self._pack = journal, log, pack

    def begin(self, state: State) -> None:
        """The call begins, or goes on, with `state`."""
        if self._log is not None:
            self._log.begin(
                self.journal.call_id,
                pack=self._pack.name,
                version=self._pack.version,
                language=state.language,
                state=state.to_json(),
            )

    def turn(self, before: State, event: Event, after: State, actions: Sequence[Action], at_ms: int) -> None:
        """The dialogue decided."""
        if self._log is not None:
            turn = record(self._pack, before, event, after, actions)
            self._log.turn(
                self.journal.call_id,
                event=turn.event,
                actions=turn.actions,
                state_hash=turn.state_hash,
                at_ms=at_ms,
            )

    def heard(self, speech: HeardSpeech, note: Note, *, secret: bool = False) -> None:
        """The caller said something, and `note` was made of it. `secret`: it may be what must not be put down."""
        heard = speech.recognition
        hidden = secret and note.decision not in ("urgent", "command")
        text, score = "[...]" if hidden else heard.text, round(heard.score, 3)
        entry = Entry("caller", speech.ended_at_ms, text, heard.listener, heard.verdict.value, score)
        entry.decision, entry.intent = note.decision, note.intent
        entry.intent_score = note.score if note.intent else None
        entry.facts = {name: round(value, 4) for name, value in heard.evidence.items()}
        entry.facts |= {"voiced_ms": speech.voiced_ms, "cpu_s": round(heard.cpu_seconds, 4)}
        if not hidden:
            entry.facts["hypothesis"] = heard.hypothesis
        self.journal.add(entry)

    def keyed(self, keys: str, at_ms: int, note: Note) -> None:
        """The caller pressed keys. They may be secret: only how many there were is put down."""
        self.journal.add(Entry("caller", at_ms, f"[{len(keys)} keys]", "keys", decision=note.decision))

    def said(self, text: str, at_ms: int, wait_ms: int | None) -> None:
        """The bot began to say something, for which the caller had waited so long."""
        self.journal.add(Entry("bot", at_ms, text, wait_ms=wait_ms))

    def end(self, at_ms: int, outcome: Outcome) -> None:
        """The call is over."""
        if self._log is not None:
            self._log.end(self.journal.call_id)
        self.journal.end(at_ms, asdict(outcome))
