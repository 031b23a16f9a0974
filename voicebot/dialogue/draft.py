"""A turn in the making: the next state, the actions so far, and the words for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voicebot.dialogue.actions import Action, AskBackend, HandOver, HangUp, Listen, Note, Say
from voicebot.dialogue.pack import COMMANDS, LanguagePack, Pack
from voicebot.dialogue.replies import group_digits
from voicebot.dialogue.state import Question, QuestionKind, State
from voicebot.dialogue.understander import Understander
from voicebot.nlu.understanding import Understanding


class Draft:
    """What the parts of the engine work on. Lives for one turn."""

    def __init__(self, pack: Pack, understanders: Mapping[str, Understander], state: State) -> None:
        self.pack = pack
        self.state = state
        self.actions: list[Action] = []
        self._understanders = understanders
        self._texts: list[str] = []
        self._before: list[str] = []

    @property
    def language(self) -> LanguagePack:
        return self.pack.languages[self.state.language]

    @property
    def understander(self) -> Understander:
        return self._understanders[self.state.language]

    def begin_turn(self) -> None:
        """The bot takes the floor: what it says from here on is one turn."""
        self.state.turn += 1
        self._before, self._texts = self.state.said, []

    @property
    def said_before(self) -> list[str]:
        """The turn before this one, word for word."""
        return self._before

    def note(self, decision: str, meaning: Understanding | None = None) -> None:
        """Put on record what was made of the event."""
        intent, score = (meaning.intent or "", meaning.score) if meaning else ("", 0.0)
        self.actions.append(Note(decision, intent, round(score, 3)))

    def say(self, reply: str, **values: Any) -> None:
        """Say a reply; its variants take turns over the call."""
        self.say_text(self.phrase(reply, **values))

    def say_text(self, text: str) -> None:
        if text:
            self._texts.append(text)
            self.actions.append(Say(text, self.state.language, self.state.turn, self.state.rate))

    def phrase(self, reply: str, **values: Any) -> str:
        """The words of a reply, without saying it; counts as a use."""
        variants = self.language.replies[reply]
        used = self.state.uses.get(reply, 0)
        self.state.uses[reply] = used + 1
        known = {"name": self.language.name, **self.state.results, **self.state.slots, **values}
        return variants[used % len(variants)].render(known, self.state.language)

    def title(self, intent: str) -> str:
        return self.language.titles[intent]

    def spoken_value(self, slot: str, value: Any) -> str:
        """A slot's value as it is read back; a secret one is not."""
        kind = self.pack.slots[slot]
        if kind.secret:
            return ""
        if kind.type == "list":
            names = kind.values.get(str(value), {})
            return next(iter(names.get(self.state.language, [])), str(value))  # type: ignore[call-overload]
        return group_digits(str(value)) if kind.type == "digits" else str(value)

    def ask(self, question: Question) -> None:
        """Wait for the answer to what was just said."""
        self.state.question = question

    def ask_open(self, kind: QuestionKind, reply: str) -> None:
        self.ask(Question(kind, reply))

    def expected_intents(self) -> list[str]:
        """Intents that the present question makes likely."""
        question = self.state.question
        if question and question.kind in ("yes_no", "confirm_intent", "confirm_value", "anything_else"):
            return ["yes", "no"]
        return []

    def understood(self) -> None:
        """The caller got through: the repair ladders begin anew."""
        self.state.misses = self.state.silences = 0

    def query(self, operation: str, arguments: Mapping[str, Any]) -> None:
        self.state.request += 1
        self.state.waiting = True
        self.actions.append(AskBackend(self.state.request, operation, dict(arguments)))

    def hand_over(self, reason: str, queue: str = "", *, announce: bool = True) -> None:
        """Give the call to a person."""
        if announce:
            self.say("hand_over")
        self.state.ended = True
        self.actions.append(HandOver(reason, queue or self.pack.queue, self.summary()))

    def hang_up(self, reason: str) -> None:
        self.state.ended = True
        self.actions.append(HangUp(reason))

    def summary(self) -> str:
        """One or two sentences for the agent: what the caller wanted, and the values known."""
        wanted = [self.title(frame.flow) for frame in self.state.stack] or self._finished_flows()
        values = [
            f"{slot}: {self.spoken_value(slot, value)}"
            for slot, value in self.state.slots.items()
            if not self.pack.slots[slot].secret
        ]
        return "; ".join(part for part in (", ".join(wanted), ", ".join(values)) if part)

    def _finished_flows(self) -> list[str]:
        done = (name.removeprefix("flow:") for name in self.state.uses if name.startswith("flow:"))
        return [self.title(flow) for flow in done]

    def close(self) -> None:
        """Finish the turn: remember what was said, and give the caller the floor where the call goes on."""
        if self._texts:
            self.state.said, self.state.heard = self._texts, 1.0
        elif self.state.turn and not self.state.said:
            self.state.said = self._before
        if self.state.ended or self.state.waiting or self.state.question is None:
            return
        if any(isinstance(action, Say) for action in self.actions):
            self.actions.append(self._listen(self.state.question))

    def _listen(self, question: Question) -> Listen:
        lengths: tuple[int, ...] = (1,)
        if question.kind == "slot" and self.pack.slots[question.slot].type == "digits":
            lengths = tuple(self.pack.slots[question.slot].lengths)
        yes_no = question.kind in ("yes_no", "confirm_intent", "confirm_value")
        slot = question.slot if question.kind == "slot" else ""
        return Listen(domain_name(question.kind, slot), self.state.language, lengths, yes_no=yes_no)


def domain_name(kind: QuestionKind, slot: str) -> str:
    """Name of what is expected: `open`, `yes_no` or `slot:NAME`."""
    if slot:
        return f"slot:{slot}"
    return "yes_no" if kind in ("yes_no", "confirm_intent", "confirm_value") else "open"


def is_command(intent: str) -> bool:
    """Whether an intent is one of the commands that are always on."""
    return intent in COMMANDS
