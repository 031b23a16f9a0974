"""Whether an expectation of a scenario is met."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from telephony.phone.measures import Measure, measure
from telephony.phone.phone import Call
from telephony.phone.scenario import Absence, Expectation
from telephony.phone.turn_log import Turn


@dataclass(frozen=True)
class Since:
    """The moment from which an expectation counts: the caller's last act."""

    at_ms: float = -1.0
    """Its end, on the line's clock."""
    turns: int = 0
    """Turns that were logged before it."""
    events: int = 0
    """Events before it."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    what: str
    met: bool | None
    """None where it can't be told."""


def comparable(text: str) -> str:
    """`text` without what doesn't matter when texts are compared: spaces, punctuation, case, Unicode form."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def expected(expect: Expectation, call: Call, turns: Sequence[Turn] | None, since: Since) -> list[Check]:
    """Every part of an expectation, looked at now."""
    return list(_expected(expect, call, turns, since))


def _expected(expect: Expectation, call: Call, turns: Sequence[Turn] | None, since: Since) -> Iterator[Check]:
    new = None if turns is None else turns[since.turns :]
    for text in expect.said:
        yield Check(f"the bot says {text!r}", _said(text, call, new, since))
    if expect.heard is not None:
        heard = None if new is None else any(comparable(expect.heard) in comparable(t.text) for t in _of(new, "caller"))
        yield Check(f"{expect.heard!r} is recognised", heard)
    if expect.intent is not None:
        yield Check(
            f"the intent is {expect.intent}", None if new is None else any(t.intent == expect.intent for t in new)
        )
    if expect.state is not None:
        yield Check(f"the call is in state {expect.state} (it is in {call.state})", call.state == expect.state)
    if expect.hand_over:
        yield Check("the caller is handed over", call.handed_over)
    if expect.dialled is not None:
        dialled = ", ".join(call.dialled) or "nobody"
        yield Check(f"{expect.dialled} is dialled (it was {dialled})", expect.dialled in call.dialled)
    if expect.queue is not None:
        queued = ", ".join(call.queued) or "none"
        yield Check(f"the caller waits in queue {expect.queue} (it was {queued})", expect.queue in call.queued)
    if expect.hung_up:
        yield Check("the bot hangs up", call.ended_by == "bot")
    if expect.response_ms is not None or expect.silence_ms is not None:
        yield from _times(expect, measure(call.line, call.events))


def _times(expect: Expectation, measures: Sequence[Measure]) -> Iterator[Check]:
    last = measures[-1] if measures else None
    if expect.response_ms is not None:
        took = last.response_ms if last is not None else None
        yield _at_most("the bot answers", took, expect.response_ms)
    if expect.silence_ms is not None:
        took = last.silence_ms if last is not None and last.barge_in else None
        yield _at_most("the bot is silent after the caller cut in", took, expect.silence_ms)


def _at_most(what: str, took: float | None, most: float) -> Check:
    found = "it did not" if took is None else f"it took {took:.0f} ms"
    return Check(f"{what} within {most:.0f} ms ({found})", took is not None and took <= most)


def present(absence: Absence, call: Call, turns: Sequence[Turn] | None, since: Since) -> list[Check]:
    """Everything that should be absent, with whether it is there now."""
    new = None if turns is None else turns[since.turns :]
    checks = [Check(f"the bot says {text!r}", _said(text, call, new, since)) for text in absence.said]
    if absence.speech:
        checks.append(Check("the bot speaks", call.line.bot_voice_ms > since.at_ms))
    if absence.clear:
        checks.append(Check("the bot breaks off", any(event.kind == "clear" for event in call.events[since.events :])))
    if absence.hand_over:
        checks.append(Check("the caller is handed over", call.handed_over))
    if absence.hung_up:
        checks.append(Check("the bot hangs up", call.ended_by == "bot"))
    return checks


def _said(text: str, call: Call, new: Sequence[Turn] | None, since: Since) -> bool | None:
    """Whether the bot said it: by its turn log, or by a <Say> of its TwiML, which needs no log."""
    wanted = comparable(text)
    if any(event.kind == "say" and wanted in comparable(event.detail) for event in call.events[since.events :]):
        return True
    return None if new is None else wanted in comparable(" ".join(turn.text for turn in _of(new, "bot")))


def _of(turns: Sequence[Turn], who: str) -> list[Turn]:
    return [turn for turn in turns if turn.who == who]
