"""The minutes of one call: its journal, for those who watch, its stored turns, for replay, and its history.

Personal data is in no journal: whoever watches a call, takes it over or asks for it by the API gets it without. The
history does its own, as `keep_words` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from voicebot.call.chronicle import Chronicle
from voicebot.call.hearing import HeardSpeech
from voicebot.call.redacting import Redacting, asked_of
from voicebot.channel import Outcome, Screen
from voicebot.dialogue.actions import Action, Note
from voicebot.dialogue.events import Event, Heard, Keyed
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.record import is_secret, record, without_personal_data
from voicebot.dialogue.state import State
from voicebot.store.call_log import CallLog
from voicebot.store.journal import Entry, Journal
from voicebot.tts.markup import plain


class Minutes:
    """Nothing here waits for a disk."""

    def __init__(self, journal: Journal, log: CallLog | None, pack: Pack, chronicle: Chronicle | None = None) -> None:
        """`log` and `chronicle`: where turns are stored; None where they are not."""
        self.journal, self._log, self._pack, self._chronicle = journal, log, pack, chronicle
        self.screen: Screen | None = None
        """What shows the caller what is said."""
        self._redacting = Redacting(pack)

    def begin(self, state: State) -> None:
        """The call begins, or goes on, with `state`."""
        self._redacting.begin(state)
        if self._chronicle is not None:
            self._chronicle.begin(state)
        if self._log is not None:
            self._log.begin(
                self.journal.call_id,
                pack=self._pack.name,
                version=self._pack.version,
                language=state.language,
                state=state.to_json() if self._log.whole else self._redacting.data(state.to_json()),
            )

    def turn(self, before: State, event: Event, after: State, actions: Sequence[Action], at_ms: int) -> None:
        """The dialogue decided."""
        said = event.text if isinstance(event, Heard) else event.keys if isinstance(event, Keyed) else ""
        self._redacting.turn(before, after, "" if is_secret(self._pack, before) else said)
        self.journal.personal = self._redacting.known.known
        if self._chronicle is not None:
            self._chronicle.turn(before, event, after, actions, at_ms)
        if self._log is not None:
            turn = record(self._pack, before, event, after, actions)
            if not self._log.whole:
                turn = without_personal_data(turn, after.language, asked_of(self._pack, before), self._redacting.known)
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
        taken = not note.decision.startswith(_NOT_TAKEN)
        entry.asked = {} if hidden else self._redacting.asked(taken=taken).to_json()
        entry.decision, entry.intent = note.decision, note.intent
        entry.intent_score = note.score if note.intent else None
        entry.margin = note.margin if note.intent else None
        entry.facts = {name: round(value, 4) for name, value in heard.evidence.items()}
        entry.facts |= {"voiced_ms": speech.voiced_ms, "cpu_s": round(heard.cpu_seconds, 4)}
        if not hidden:
            entry.facts["hypothesis"] = heard.hypothesis
            entry.alternatives = [
                {"text": other.text, "meaning": other.meaning, "score": round(other.score, 3)}
                for other in heard.candidates
                if other.text != heard.text
            ]
        self._add(entry)

    def written(self, text: str, at_ms: int, listener: str, note: Note, *, secret: bool = False, by: str = "") -> None:
        """The caller wrote something, or an operator (`by`) told what the caller means; `note` was made of it."""
        hidden = secret and note.decision not in ("urgent", "command")
        entry = Entry("caller", at_ms, "[...]" if hidden else text, listener, "accept", 1.0)
        entry.decision, entry.intent = note.decision, note.intent or ""
        entry.intent_score = round(note.score, 3) if note.intent else None
        entry.margin = note.margin if note.intent else None
        entry.asked = {} if hidden else self._redacting.asked(taken=True).to_json()
        entry.facts = {"by": by} if by else {}
        self._add(entry)

    def keyed(self, keys: str, at_ms: int, note: Note) -> None:
        """The caller pressed keys. They may be secret: only how many there were is put down."""
        self._add(Entry("caller", at_ms, f"[{len(keys)} keys]", "keys", decision=note.decision))

    def silent(self, at_ms: int) -> None:
        """The caller had the floor and said nothing."""
        if self._chronicle is not None:
            self._chronicle.silent(at_ms)

    def said(
        self, text: str, at_ms: int, wait_ms: int | None, stages: Mapping[str, int] | None = None, *, by: str = ""
    ) -> None:
        """The bot began to say something, for which the caller had waited so long, with these stages.

        `by`: the operator who had it said.
        """
        entry = Entry("bot", at_ms, plain(text), wait_ms=wait_ms, stages=dict(stages or {}))
        entry.asked = self._redacting.known.to_json()
        if by:
            entry.decision, entry.facts = "operator", {"by": by}
        self._add(entry)

    def cut_off(self, share: float) -> None:
        """The caller cut in: so much of what the bot said last was heard, 0 to 1."""
        if self._chronicle is not None:
            self._chronicle.heard(share)

    def end(self, at_ms: int, outcome: Outcome, *, heard: float = 1.0) -> None:
        """The call is over; so much of what the bot said last was heard, 0 to 1."""
        known = self._redacting.known
        told = replace(outcome, summary=self._redacting.text(outcome.summary, known))
        if self._chronicle is not None:
            self._chronicle.heard(heard)
            self._chronicle.end(at_ms, told, lambda data: self._redacting.data(data, known))
        if self._log is not None:
            self._log.end(self.journal.call_id)
        self.journal.end(at_ms, asdict(told))

    def _add(self, entry: Entry) -> None:
        if self.screen is not None:
            self.screen.line(entry.to_json())
        if self._chronicle is not None:
            self._chronicle.complete(entry)
        self.journal.add(self._redacting.entry(entry))


_NOT_TAKEN = ("went on", "ignored")
"""Decisions on words that are no turn of the caller."""
