"""Calls written as files: what a tester wants said, keyed, waited for and expected. See docs/testers.md."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, model_validator

from telephony.phone.settings import DialOutcome, QueueOutcome

_DURATION = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(ms|s|min|)\s*", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "min": 60.0}
_LONGEST_S = 3600.0


def seconds(value: object) -> float:
    """`1.5 s`, `800 ms`, `2 min` or a number of seconds. Raises ValueError with what to write instead."""
    found = _DURATION.fullmatch(str(value)) if isinstance(value, (str, int, float)) and value is not True else None
    if found is None or not 0 <= (length := float(found[1]) * _UNITS[found[2]]) <= _LONGEST_S:
        raise ValueError("write a time of at most an hour, such as 1.5 s or 800 ms")
    return length


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError('write a text; put quotes around digits and single words such as "1234#"')
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(item) for item in (value if isinstance(value, list) else [value]))


def _keys(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-D*#]{1,100}", value, re.ASCII):
        raise ValueError('write keys 0-9, *, # and A-D in quotes, such as "1234#"')
    return value


Seconds = Annotated[float, BeforeValidator(seconds)]
Text = Annotated[str, BeforeValidator(_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Keys = Annotated[str, BeforeValidator(_keys)]
Yes = Literal[True]
Milliseconds = Annotated[int, Field(ge=0, le=600_000, strict=True)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class _Step(_Model):
    action: ClassVar[str]


class Play(_Step):
    """The caller plays a file."""

    action: ClassVar[str] = "play"
    play: Text
    """A WAV file, relative to the scenario."""
    text: Text | None = None
    """The words in it, for the reader, and for a <Gather> that listens."""


class Say(_Step):
    """The caller says a text with a synthesiser's voice."""

    action: ClassVar[str] = "say"
    say: Text
    language: Literal["ko", "en"] | None = None


class Press(_Step):
    """The caller presses keys."""

    action: ClassVar[str] = "keys"
    keys: Keys


class Wait(_Step):
    """Time passes."""

    action: ClassVar[str] = "wait"
    wait: Seconds


class WaitFor(_Step):
    """The caller waits for something; the scenario fails where it does not come."""

    action: ClassVar[str] = "wait_for"
    wait_for: Literal["bot_silence", "bot_speech", "hand_over", "hang_up"]
    within: Seconds = 20.0
    pause: Seconds = 0.8
    """For `bot_silence`: how long the bot must be silent to count as finished."""


class InterruptAfter(_Step):
    """Waits until the bot has been speaking for so long; the step after it cuts in."""

    action: ClassVar[str] = "interrupt_after"
    interrupt_after: Seconds
    within: Seconds = 20.0


class Expectation(_Model):
    """What must be so, at the latest `within` seconds after the step before. All of it."""

    said: Texts = ()
    """Texts that the bot says, in this order or not; spaces, punctuation and case don't matter."""
    heard: Text | None = None
    """Text that was recognised."""
    intent: Text | None = None
    state: Literal["twiml", "stream", "gather", "record", "dial", "bridged", "queue", "ended"] | None = None
    hand_over: Yes | None = None
    dialled: Text | None = None
    """A number, client, SIP address, conference or queue that the bot dials."""
    queue: Text | None = None
    """A queue that the caller is put into."""
    hung_up: Yes | None = None
    """The bot hangs up."""
    response_ms: Milliseconds | None = None
    """From the end of the caller's last utterance to the bot's first sample: at most so long."""
    silence_ms: Milliseconds | None = None
    """From the start of the caller's voice, cutting in, to silence: at most so long."""
    within: Seconds = 10.0

    @model_validator(mode="after")
    def _expects_something(self) -> Expectation:
        if not self.model_fields_set - {"within"}:
            raise ValueError("write what to expect, such as said: 주문번호")
        return self


class Absence(_Model):
    """What must not be so now, nor in the next `during` seconds. None of it."""

    said: Texts = ()
    speech: Yes | None = None
    """The bot's voice, of whatever words."""
    clear: Yes | None = None
    """That the bot breaks off."""
    hand_over: Yes | None = None
    hung_up: Yes | None = None
    during: Seconds = 0.0

    @model_validator(mode="after")
    def _excludes_something(self) -> Absence:
        if not self.model_fields_set - {"during"}:
            raise ValueError("write what must not happen, such as hand_over: true")
        return self


class Expect(_Step):
    """A check."""

    action: ClassVar[str] = "expect"
    expect: Expectation


class ExpectNot(_Step):
    """A check that something is absent."""

    action: ClassVar[str] = "expect_not"
    expect_not: Absence


class HangUp(_Step):
    """The caller hangs up."""

    action: ClassVar[str] = "hang_up"
    hang_up: Yes | None = None


STEPS: tuple[type[_Step], ...] = (Play, Say, Press, Wait, WaitFor, InterruptAfter, Expect, ExpectNot, HangUp)
_ACTIONS = {kind.action: f"{kind.action} step" for kind in STEPS}


def _kind(value: object) -> str | None:
    keys = value if isinstance(value, dict) else [value.action] if isinstance(value, _Step) else []
    found = [tag for action, tag in _ACTIONS.items() if action in keys]
    return found[0] if len(found) == 1 else None


Step = Annotated[
    Annotated[Play, Tag("play step")]
    | Annotated[Say, Tag("say step")]
    | Annotated[Press, Tag("keys step")]
    | Annotated[Wait, Tag("wait step")]
    | Annotated[WaitFor, Tag("wait_for step")]
    | Annotated[InterruptAfter, Tag("interrupt_after step")]
    | Annotated[Expect, Tag("expect step")]
    | Annotated[ExpectNot, Tag("expect_not step")]
    | Annotated[HangUp, Tag("hang_up step")],
    Discriminator(
        _kind,
        custom_error_type="step",
        custom_error_message=f"a step has exactly one of {', '.join(_ACTIONS)}",
    ),
]


class Dial(_Model):
    """How a dialled person behaves."""

    status: Literal["answered", "busy", "no-answer", "failed"] = "answered"
    ring: Seconds = 2.0
    talk: Seconds = 2.0
    agent_keys: Keys | Literal[""] = "1"
    """What the agent presses where a whisper asks to."""

    def outcome(self) -> DialOutcome:
        """The same for the call."""
        return DialOutcome(self.status, self.ring, self.talk, self.agent_keys)


class Queue(_Model):
    """How a queue behaves."""

    result: Literal["bridged", "leave", "queue-full", "error"] = "bridged"
    wait: Seconds = 3.0
    talk: Seconds = 2.0
    place: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    """The caller's place at first."""
    average: Seconds = 0.0
    """How long callers usually wait, as Twilio tells; 0: it does not."""

    def outcome(self) -> QueueOutcome:
        """The same for the call."""
        return QueueOutcome(self.result, self.wait, self.talk, self.place, int(self.average))


class Scenario(_Model):
    """A call as a file."""

    name: Text = "call"
    language: Literal["ko", "en"] = "ko"
    """Of the caller."""
    caller: Text | None = Field(None, alias="from")
    """The caller's number; by default the one of the command line."""
    dial: Dial = Dial()
    dials: tuple[Dial, ...] = Field((), max_length=20)
    """The first person dialled, the second, ...; further ones behave as `dial`."""
    queue: Queue = Queue()
    steps: tuple[Step, ...] = Field(min_length=1, max_length=1000)

    @property
    def files(self) -> tuple[str, ...]:
        """The sound files it plays."""
        return tuple(step.play for step in self.steps if isinstance(step, Play))


def turn_by_turn(acts: Iterable[Play | Press]) -> Scenario:
    """The scenario of a plain call: each act when the bot has finished speaking, then a hang-up."""
    steps: list[_Step] = [WaitFor(wait_for="bot_silence")]
    for act in acts:
        steps += [act, WaitFor(wait_for="bot_silence")]
    return Scenario.model_validate({"steps": [*steps, HangUp()]})


def describe(step: _Step) -> str:
    """A step in one line, as it is written."""
    values: dict[str, Any] = step.model_dump(exclude_unset=True, exclude_none=True)
    content = values.pop(step.action, None)
    if isinstance(content, dict):
        content = ", ".join(f"{key}: {_plain(value)}" for key, value in content.items())
    rest = "".join(f", {key}: {_plain(value)}" for key, value in values.items())
    return step.action if content is None or content is True else f"{step.action}: {_plain(content)}{rest}"


def _plain(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return " + ".join(str(item) for item in value)
    if isinstance(value, float):
        return f"{value:g} s"
    return "true" if value is True else str(value)
