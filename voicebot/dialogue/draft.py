"""A turn in the making: the next state, the actions so far, and the words for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voicebot.dialogue.actions import Action, AskBackend, HandOver, HangUp, Listen, Note, Remember, Say
from voicebot.dialogue.key_entries import ONE_KEY, entry_lengths
from voicebot.dialogue.pack import COMMANDS, KEYS_WORDING, LanguagePack, Pack
from voicebot.dialogue.replies import say_value
from voicebot.dialogue.state import RATING_KINDS, YES_NO_KINDS, Question, QuestionKind, State
from voicebot.dialogue.understander import Understander
from voicebot.nlu.understanding import Understanding

MOST_EQUAL_TURNS = 3
"""So often in a row the bot may say the very same; then a person is offered, and after that given."""


class Draft:
    """What the parts of the engine work on. Lives for one turn."""

    def __init__(self, pack: Pack, understanders: Mapping[str, Understander], state: State) -> None:
        self.pack = pack
        self.state = state
        self.actions: list[Action] = []
        self._understanders = understanders
        self._texts: list[str] = []
        self._uses: list[str] = []
        self._before: list[str] = []
        self.keys_offered = False
        """Whether this turn told how to answer by keys."""

    @property
    def language(self) -> LanguagePack:
        return self.pack.languages[self.state.language]

    @property
    def understander(self) -> Understander:
        return self._understanders[self.state.language]

    @property
    def values(self) -> dict[str, Any]:
        """Everything that conditions and replies may use."""
        state = self.state
        known = {
            "name": self.language.name,
            "address": self.pack.brand.address.get(state.language, ""),
            "caller": state.caller,
            "today": state.today,
            "feeling": state.feeling,
        }
        return {**known, **state.results, **state.slots}

    # Speaking

    def begin_turn(self) -> None:
        """The bot takes the floor: what it says from here on is one turn."""
        self.state.turn += 1
        self.keys_offered = False
        self._before, self._texts, self._uses = self.state.said, [], []

    @property
    def said_before(self) -> list[str]:
        """The turn before this one, word for word."""
        return self._before

    def note(self, decision: str, meaning: Understanding | None = None) -> None:
        """Put on record what was made of the event."""
        if meaning is None:
            self.actions.append(Note(decision))
            return
        next_best = max((other.score for other in meaning.alternatives if other.name != meaning.intent), default=0.0)
        score, margin = round(meaning.score, 3), round(meaning.score - next_best, 3)
        self.actions.append(Note(decision, meaning.intent or "", score, margin))

    def say(self, reply: str, **values: Any) -> None:
        """Say a reply; its variants take turns over the call."""
        self.say_text(self.phrase(reply, **values))

    def say_once(self, reply: str, **values: Any) -> bool:
        """Say a reply in words that were not used yet in this call; False, and nothing said, where there are none."""
        if self.state.uses.get(reply, 0) >= len(set(self.language.replies[reply])):
            return False
        self.say(reply, **values)
        return True

    def say_first(self, reply: str) -> None:
        """Say a reply that is said once in a call."""
        if not self.state.uses.get(reply, 0):
            self.say(reply)

    @property
    def speaks(self) -> bool:
        """Whether anything is said in this turn."""
        return bool(self._texts)

    def has_keys_wording(self, reply: str) -> bool:
        """Whether a reply has another wording for callers who answer by keys."""
        return reply + KEYS_WORDING in self.language.replies

    def say_text(self, text: str) -> None:
        if text:
            self._texts.append(text)
            self.actions.append(Say(text, self.state.language, self.state.turn, self.state.rate))

    def phrase(self, reply: str, **values: Any) -> str:
        """The words of a reply, without saying it; counts as a use."""
        by_keys = self.state.keys_only and self.has_keys_wording(reply)
        variants = self.language.replies[reply + KEYS_WORDING if by_keys else reply]
        used = self.state.uses.get(reply, 0)
        self.state.uses[reply] = used + 1
        self._uses.append(reply)
        if self.state.brief:
            variants = (min(variants, key=lambda variant: len(variant.text)),)
        return variants[used % len(variants)].render({**self.values, **self._shown(), **values}, self.state.language)

    def _shown(self) -> dict[str, Any]:
        """Slots as they are said: names of list values, nothing of secrets."""
        slots = self.pack.slots
        return {
            name: self.spoken_value(name, value)
            for name, value in self.state.slots.items()
            if slots[name].type == "list" or slots[name].secret
        }

    def title(self, intent: str) -> str:
        return self.language.titles.get(intent, intent)

    def slot_title(self, slot: str) -> str:
        return self.language.slot_titles.get(slot, slot)

    def spoken_value(self, slot: str, value: Any) -> str:
        """A slot's value as it is read back; a secret one is not."""
        kind = self.pack.slots[slot]
        if kind.secret:
            return ""
        match kind.type:
            case "list":
                names = kind.values.get(str(value), {}).get(self.state.language, [])
                return names[0] if names else str(value)
            case "digits" | "date":
                return say_value(value, kind.type, self.state.language)
            case "amount" if isinstance(value, Mapping):
                unit = "원" if self.state.language == "ko" else f" {value.get('currency', '')}"
                return f"{value.get('amount', 0):,}{unit}"
            case _:
                return str(value)

    # Asking

    def ask(self, question: Question) -> None:
        """Wait for the answer to what was just said."""
        self.state.question = question

    def ask_open(self, kind: QuestionKind, reply: str) -> None:
        self.ask(Question(kind, reply))

    def offer(self, reply: str, options: Sequence[str], **values: Any) -> None:
        """Let the caller choose among intents, by saying or by keys."""
        self.say(reply, **values)
        self.ask(Question("choice", reply, options=list(options)))

    def guess(self, intent: str, slots: dict[str, Any] | None = None, others: Sequence[str] = ()) -> None:
        """Ask whether an intent is meant; `others` are the next best, should it be denied.

        The question of a flow under way waits, and comes back after a no.
        """
        asked = self.state.question
        waits = asked if asked is not None and asked.kind in ("slot", "yes_no") else None
        if asked is not None and asked.kind == "confirm_intent":
            waits = asked.interrupted
        self.say("confirm_intent", title=self.title(intent))
        question = Question("confirm_intent", "confirm_intent", intent=intent, slots=slots or {}, interrupted=waits)
        question.options = list(others)
        self.ask(question)

    def expected_intents(self) -> list[str]:
        """Intents that the present question makes likely."""
        question = self.state.question
        if question is None:
            return []
        if question.kind in YES_NO_KINDS:
            return ["yes", "no"]
        return ["no"] if question.kind == "anything_else" else question.options

    def understood(self) -> None:
        """The caller got through: the repair ladders begin anew."""
        self.state.misses = self.state.silences = 0
        self.state.denied = []

    # Doing

    def query(self, operation: str, arguments: Mapping[str, Any], *, for_flow: bool = True) -> None:
        self.state.request += 1
        self.state.waiting = "flow" if for_flow else "knowledge"
        self.actions.append(AskBackend(self.state.request, operation, dict(arguments)))

    def hand_over(self, reason: str, queue: str = "", *, announce: bool = True) -> None:
        """Give the call to a person."""
        if announce:
            self.say("hand_over")
        self._remember(resolved=False)
        self.state.ended = True
        self.actions.append(HandOver(reason, queue or self.pack.queue, self.summary()))

    def hang_up(self, reason: str) -> None:
        self._remember(resolved=not self.state.stack)
        self.state.ended = True
        self.actions.append(HangUp(reason))

    def _remember(self, *, resolved: bool) -> None:
        subjects = [frame.flow for frame in self.state.stack if frame.flow not in self.pack.internal]
        intent = (subjects or self.state.solved or [""])[-1]
        if intent and not self.state.forgotten:
            facts: dict[str, Any] = {"intent": intent, "resolved": resolved, "language": self.state.language}
            facts |= {"rate": self.state.rate, "brief": self.state.brief}
            if self.state.rating == "asked":
                facts["asked_rating"] = True
            self.actions.append(Remember(facts))

    def summary(self) -> str:
        """One or two sentences for the agent: what the caller wanted, the values known, and how they feel."""
        under_way = [frame.flow for frame in self.state.stack if frame.flow not in self.pack.internal]
        wanted = [self.title(intent) for intent in dict.fromkeys([*self.state.solved, *under_way])]
        values = [
            f"{self.slot_title(slot)} {self.spoken_value(slot, value)}"
            for slot, value in self.state.slots.items()
            if slot in self.language.slot_titles and not self.pack.slots[slot].secret
        ]
        feeling = str(self.state.feeling.get("name", "")).replace("neutral", "")
        return "; ".join(part for part in (", ".join(wanted), ", ".join(values), feeling) if part)

    def forget_secrets(self) -> None:
        """Secret values are kept no longer than they are needed."""
        for slot, kind in self.pack.slots.items():
            if kind.secret:
                self.state.slots.pop(slot, None)

    def close(self, with_keys: Callable[[Draft], None]) -> None:
        """Finish the turn: remember what was said, and give the caller the floor where the call goes on.

        `with_keys` puts the keys behind a question, for callers who answer by keys.
        """
        state = self.state
        if state.keys_only:
            with_keys(self)
        if state.ended:
            self.forget_secrets()
        if self._texts:
            state.same = state.same + 1 if self._texts == self._before else 0
            if state.same >= MOST_EQUAL_TURNS and not (state.ended or state.waiting):
                self._break_out()
                if state.keys_only:
                    with_keys(self)
            state.said, state.heard, state.turn_uses = self._texts, 1.0, self._uses
        elif state.turn and not state.said:
            state.said = self._before
        if state.ended or state.waiting or state.question is None:
            return
        if any(isinstance(action, Say) for action in self.actions):
            self.actions.append(self._listen(state.question))

    def _break_out(self) -> None:
        """The caller hears the same again and again: a person is offered, and where that changes nothing, given."""
        self.actions = [action for action in self.actions if not isinstance(action, Say)]
        self._texts, self.keys_offered = [], False
        if self.state.uses.get("stuck", 0):
            self.hand_over("stuck")
        else:
            self.offer("stuck", ["agent", "cancel"])

    def _listen(self, question: Question) -> Listen:
        lengths: tuple[int, ...] = ONE_KEY
        secret = False
        if question.kind == "slot":
            slot = self.pack.slots[question.slot]
            lengths, secret = entry_lengths(slot), slot.secret
        return Listen(
            domain_name(question.kind, question.slot if question.kind == "slot" else ""),
            self.state.language,
            lengths,
            yes_no=question.kind in YES_NO_KINDS,
            secret=secret,
        )


def domain_name(kind: QuestionKind, slot: str) -> str:
    """Name of what is expected: `open`, `yes_no`, `rating`, `remark` or `slot:NAME`."""
    if slot:
        return f"slot:{slot}"
    if kind in RATING_KINDS:
        return kind
    return "yes_no" if kind in YES_NO_KINDS else "open"


def is_command(intent: str) -> bool:
    """Whether an intent is one of the commands that are always on."""
    return intent in COMMANDS
