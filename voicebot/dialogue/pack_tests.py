"""Test dialogues of a pack: conversations that must hold, in `prompts/<pack>/<language>/tests/*.yaml`.

    tests:
      - name: delivery by keys
        turns:
          - caller: 배송 언제 도착하나요
            bot: 주문번호
          - keys: "12345678"
            bot: [배송 중, 11월 23일]
        ends: hand_over        # or hang_up; left out where the call goes on

A turn begins with one of: `caller` (what was heard), `unsure` (heard, but not surely), `noise: true` (not understood),
`keys`, `silence: true`. `bot` are texts that the bot says then, `bot_not` texts that it does not say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from voicebot.backends.port import Backend
from voicebot.dialogue.actions import Action, HandOver, HangUp, Say
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Event, Heard, Keyed, NoInput
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.text_session import TextSession
from voicebot.tts.markup import plain
from voicebot.yaml_file import YamlFile

TODAY = date(2026, 11, 22)
"""The day on which test dialogues take place: a Sunday."""

Texts = Annotated[list[str], BeforeValidator(lambda value: value if isinstance(value, list) else [value])]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Turn(_File):
    """What the caller does, and what the bot says to it."""

    caller: str | None = None
    unsure: str | None = None
    noise: Literal[True] | None = None
    keys: str | None = None
    silence: Literal[True] | None = None
    bot: Texts = []
    bot_not: Texts = []

    @model_validator(mode="after")
    def _one_thing(self) -> Turn:
        given = [self.caller, self.unsure, self.noise, self.keys, self.silence]
        if sum(value is not None for value in given) != 1:
            raise ValueError("a turn has exactly one of caller, unsure, noise, keys, silence")
        return self

    @property
    def event(self) -> Event:
        if self.keys is not None:
            return Keyed(self.keys)
        if self.silence:
            return NoInput()
        if self.noise:
            return Heard("", "reject")
        return Heard(self.caller) if self.caller is not None else Heard(self.unsure or "", "confirm", 0.5)


class TestDialogue(_File):
    """One conversation."""

    __test__ = False  # not a test case of pytest

    name: str
    profile: dict[str, Any] = {}
    """What is known of the caller from earlier calls."""
    greeting: Texts = []
    turns: list[Turn] = Field(min_length=1)
    ends: Literal["hand_over", "hang_up"] | None = None
    reason: str | None = None
    """With `ends`, why: `asked`, `goodbye`, ..."""


class TestFile(_File):
    """One file of them."""

    __test__ = False

    tests: list[TestDialogue] = Field(min_length=1)


@dataclass(frozen=True)
class Case:
    """A test dialogue where it stands."""

    file: YamlFile
    index: int
    language: str
    dialogue: TestDialogue

    @property
    def place(self) -> str:
        return f"{self.file.path}, line {self.file.line(('tests', self.index))}"


@dataclass(frozen=True)
class Result:
    """How a test dialogue went."""

    case: Case
    failure: str
    """What was not as it should be; empty where all was."""
    transcript: tuple[str, ...]


def find_cases(pack: Pack) -> Iterator[Case]:
    """All test dialogues of a pack. Raises ContentError for files that are none."""
    for language in pack.languages:
        for path in sorted((pack.folder / language / "tests").glob("*.yaml")):
            file = YamlFile(path)
            for index, dialogue in enumerate(file.read(TestFile).tests):
                yield Case(file, index, language, dialogue)


def run_case(case: Case, dialogue: Dialogue, backend: Backend) -> Result:
    """Hold the conversation; `backend` must be fresh, with `TODAY` as its day."""
    wanted = case.dialogue
    session = TextSession(dialogue, backend, dialogue.begin(case.language))
    transcript: list[str] = []

    def failed(place: tuple[str | int, ...], message: str) -> Result:
        line = case.file.line(("tests", case.index, *place))
        return Result(case, f"{case.file.path}, line {line}: {message}", tuple(transcript))

    actions = session.post(CallStarted(case.language, TODAY.isoformat(), profile=wanted.profile))
    said = _said(actions)
    transcript.append(f"bot: {said}")
    for text in wanted.greeting:
        if text not in said:
            return failed(("greeting",), f"the bot greets with '{said}', without '{text}'")
    for number, turn in enumerate(wanted.turns):
        if session.state.ended:
            return failed(("turns", number), "the call was over before this turn")
        actions = session.post(turn.event)
        said = _said(actions)
        transcript += [f"caller: {turn.caller or turn.unsure or turn.keys or '(nothing)'}", f"bot: {said}"]
        for text in turn.bot:
            if text not in said:
                return failed(("turns", number, "bot"), f"the bot says '{said}', without '{text}'")
        for text in turn.bot_not:
            if text in said:
                return failed(("turns", number, "bot_not"), f"the bot says '{said}', with '{text}'")
    return _check_end(case, actions, failed) or Result(case, "", tuple(transcript))


def _check_end(
    case: Case, actions: list[Action], failed: Callable[[tuple[str | int, ...], str], Result]
) -> Result | None:
    wanted = case.dialogue
    ends = [action for action in actions if isinstance(action, HandOver | HangUp)]
    kind = {HandOver: "hand_over", HangUp: "hang_up"}[type(ends[0])] if ends else None
    if kind != wanted.ends:
        result: Result = failed(
            ("ends",), f"the call ends with {kind or 'nothing'} instead of {wanted.ends or 'nothing'}"
        )
        return result
    if wanted.reason and ends and ends[0].reason != wanted.reason:
        return failed(("reason",), f"the call ends because of '{ends[0].reason}', not '{wanted.reason}'")
    return None


def _said(actions: list[Action]) -> str:
    return " ".join(plain(action.text) for action in actions if isinstance(action, Say))
