"""Simulated calls put into a history, as real ones would be, with what each sentence of a caller truly meant."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from voicebot.backends.port import Backend
from voicebot.call.chronicle import Chronicle
from voicebot.call.redacting import Redacting
from voicebot.channel import Caller, Outcome
from voicebot.dialogue.actions import Action, HandOver, HangUp, Note, Say
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Event, Heard, HungUp, Keyed, NoInput
from voicebot.dialogue.pack import LanguagePack, Pack
from voicebot.dialogue.record import is_secret
from voicebot.dialogue.state import State
from voicebot.simulation.calls import SimulatedCall, Simulator
from voicebot.simulation.speech_levels import SpeechLevel
from voicebot.simulation.wording import Said, Wording
from voicebot.store.history.database import Database
from voicebot.store.history.preparing import Preparation
from voicebot.store.history.records import Record
from voicebot.store.history.rows import Rows
from voicebot.store.journal import Entry

_SYLLABLE_MS = 160
_ANSWER_MS = 900


class SimulatedHistory:
    """Holds calls and writes them into `database`."""

    def __init__(
        self,
        database: Database,
        pack: Pack,
        dialogue: Dialogue,
        language: str,
        open_backend: Callable[[], Backend],
        *,
        began: datetime,
        every: timedelta = timedelta(minutes=4),
        callers: int = 400,
        cer: float = 0.1,
        seed: int = 0,
        wording: Callable[[Pack, Pack, str], KnownWording] | None = None,
    ) -> None:
        """`pack` is what callers know, `dialogue` what the bot was taught. Calls begin from `began` on, one `every` so
        often, by `callers` different callers."""
        self._database, self._began, self._every, self._callers, self._seed = database, began, every, callers, seed
        self._dialogue = _Watched(dialogue, pack)
        self._simulator = Simulator(pack, self._dialogue, language, open_backend, cer=cer)
        self._truth = (wording or KnownWording)(pack, self._dialogue.pack, language)
        self._simulator._wording = self._truth
        self._prepare = Preparation(lambda number: f"caller {number}", "redacted")
        self.meant: dict[tuple[str, int], str] = {}
        """Call and number of the turn -> the intent that was meant, or the question that was answered."""
        self.said: dict[tuple[str, int], str] = {}
        """The same -> the words, before they were misheard."""

    def number(self, call: int) -> str:
        """Of who makes this call."""
        return str(random.Random(f"{self._seed}:caller:{call}").randrange(self._callers))

    def hold(self, count: int, first: int = 0) -> list[SimulatedCall]:
        """So many calls, from number `first` on."""
        held = []
        for number in range(first, first + count):
            call_id = f"S{self._seed}-{number}"
            at = self._began + number * self._every
            records: list[Record] = []
            pack = self._dialogue.pack
            caller = Caller(call_id, self.number(number), channel="twilio")
            watcher = _CallWatcher(Chronicle(records.append, pack, caller, now=at.timestamp), Redacting(pack), pack, at)
            self._dialogue.watcher = watcher
            held.append(self._simulator.call(number, self._seed))
            watcher.end()
            for turn, place in zip(held[-1].turns, watcher.places, strict=True):
                said = turn.did.removesuffix(" *")
                self.said[call_id, place] = said
                self.meant[call_id, place] = self._truth.meanings.get(said) or turn.where
            Rows(self._database).write([self._prepare(record) for record in records])
        return held


def without(pack: Pack, entries: Collection[str]) -> Pack:
    """The pack without these entries of its FAQ."""

    def left(words: LanguagePack) -> LanguagePack:
        sentences = {name: said for name, said in words.sentences.items() if name not in entries}
        titles = {name: title for name, title in words.titles.items() if name not in entries}
        return replace(words, sentences=sentences, titles=titles)

    languages = {name: left(words) for name, words in pack.languages.items()}
    return replace(pack, languages=languages, faq=pack.faq - set(entries))


class _CallWatcher:
    """Tells the history of one call, on a clock of its own."""

    def __init__(self, chronicle: Chronicle, redacting: Redacting, pack: Pack, began: datetime) -> None:
        self._chronicle, self._redacting, self._pack, self._began = chronicle, redacting, pack, began
        self._clock = 0
        self._outcome = Outcome("caller_left", "caller")
        self._language = ""
        self.places: list[int] = []
        """Of each thing the caller did, the number in the history."""

    def turn(self, before: State, event: Event, after: State, actions: Sequence[Action]) -> None:
        """One turn of the dialogue."""
        if isinstance(event, CallStarted):
            self._redacting.begin(before)
            self._chronicle.begin(before)
        words = event.text if isinstance(event, Heard) else event.keys if isinstance(event, Keyed) else ""
        hidden = is_secret(self._pack, before)
        self._redacting.turn(before, after, "" if hidden else words)
        note = next((action for action in actions if isinstance(action, Note)), None)
        match event:
            case Heard():
                self._clock += _ANSWER_MS + _SYLLABLE_MS * len(event.text)
            case Keyed() | NoInput():
                self._clock += 4000
        if isinstance(event, Heard | Keyed | NoInput | HungUp):
            self.places.append(self._chronicle._number)
        self._chronicle.turn(before, event, after, actions, self._clock)
        match event:
            case Heard():
                text = "[...]" if hidden else event.text
                entry = Entry("caller", self._clock, text, "simulated", event.verdict, 0.9)
                entry.asked = {} if hidden else self._redacting.asked(taken=True).to_json()
                if note is not None:
                    entry.decision, entry.intent = note.decision, note.intent
                    entry.intent_score, entry.margin = note.score, note.margin
                self._chronicle.complete(entry)
            case Keyed(keys):
                decision = note.decision if note else ""
                self._chronicle.complete(Entry("caller", self._clock, f"[{len(keys)} keys]", "keys", decision=decision))
            case NoInput():
                self._chronicle.silent(self._clock)
        said = " ".join(action.text for action in actions if isinstance(action, Say))
        if said:
            entry = Entry("bot", self._clock, said, wait_ms=_ANSWER_MS)
            entry.asked = self._redacting.known.to_json()
            self._chronicle.complete(entry)
            self._clock += _SYLLABLE_MS * len(said)
        self._language = after.language
        for action in actions:
            match action:
                case HandOver(reason, queue, summary):
                    self._outcome = Outcome("hand_over", reason, queue, summary)
                case HangUp(reason):
                    self._outcome = Outcome("caller_left" if reason == "caller" else "hang_up", reason)

    def end(self) -> None:
        """The call is over."""
        self._chronicle._now = (self._began + timedelta(milliseconds=self._clock)).timestamp
        known = self._redacting.known
        told = replace(self._outcome, summary=self._redacting.text(self._outcome.summary, known))
        self._chronicle.end(self._clock, told, lambda data: self._redacting.data(data, known))


class _Watched(Dialogue):
    """A dialogue that tells a watcher of every turn."""

    def __init__(self, dialogue: Dialogue, whole: Pack) -> None:
        super().__init__(dialogue.pack, dialogue._understanders)
        # The simulator asks for the sentences that the bot has of every intent: of some, none.
        words = {
            name: replace(
                known, sentences={one: known.sentences.get(one, ()) for one in whole.languages[name].sentences}
            )
            for name, known in dialogue.pack.languages.items()
        }
        self.pack = replace(dialogue.pack, languages=words)
        self.watcher: _CallWatcher | None = None

    def turn(self, state: State, event: Event) -> tuple[State, list[Action]]:
        after, actions = super().turn(state, event)
        if self.watcher is not None:
            self.watcher.turn(state, event, after, actions)
        return after, actions


class KnownWording(Wording):
    """Remembers what each wish meant."""

    def __init__(self, pack: Pack, taught: Pack, language: str) -> None:
        super().__init__(pack, taught, language)
        self.meanings: dict[str, str] = {}

    def wish(self, chance: random.Random, intent: str, values: Mapping[str, Any], **how: Any) -> Said:
        said = super().wish(chance, intent, values, **how)
        self.meanings[said.text] = intent
        return said

    def in_manner(self, chance: random.Random, said: Said, level: SpeechLevel, *, opening: bool) -> Said:
        spoken = super().in_manner(chance, said, level, opening=opening)
        if said.text in self.meanings:
            self.meanings[spoken.text] = self.meanings[said.text]
        return spoken
