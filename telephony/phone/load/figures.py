"""What a stage shows, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from telephony.phone.load.call import CallReport
from telephony.phone.load.measures import Wait
from telephony.phone.load.stage import Stage
from telephony.phone.turn_log import Turn

_EARLY_MS, _LATE_MS = 500.0, 3_000.0
"""By how much earlier and later than the phone the service may say that the caller finished."""
_FLAT_FROM = 200
"""Calls after which memory is compared with its end."""
_WHOLE = 20
"""Answers of which a few may be unusual: with fewer, percentiles say nothing of the tail."""


@dataclass(frozen=True)
class Spread:
    """Of some values."""

    number: int
    median: float
    p95: float
    p99: float
    most: float


def spread(values: Sequence[float]) -> Spread | None:
    """None where there is none."""
    if not values:
        return None
    ordered = sorted(values)

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)

    return Spread(len(ordered), at(0.5), at(0.95), at(0.99), round(ordered[-1], 1))


Answers = Mapping[tuple[str, int], frozenset[str]]
"""What the service decided, by script and number of the act."""


@dataclass(frozen=True)
class Figures:
    """Of one stage."""

    calls_at_once: int
    seconds: float
    calls: int
    where: Mapping[str, int]
    """Calls by where they came at first: stream, keypad, queue, hang_up, failed."""
    share_talked: float
    response_ms: Spread | None
    """From the end of the caller's voice to the bot's first sound, spoken turns."""
    unanswered: int
    """Spoken turns that nothing was heard after before the caller went on."""
    barge_in_ms: Spread | None
    """From the first sound of a caller who cuts in to silence."""
    answered_ms: Spread | None
    """From the call to its first document."""
    first_sound_ms: Spread | None
    frames: int
    lost_frames: float
    """Of the caller's sound, as the service counts, and thrown away because it did not read."""
    late_frames: int
    """Holes in the bot's voice, in frames that came too late."""
    mistakes: Mapping[str, int]
    """What Twilio would not have taken, lost and doubled marks among it."""
    failures: Mapping[str, int]
    checked: int
    """Turns that were compared with the unloaded run."""
    wrong: int
    """Of them, those that were decided otherwise than every time in the unloaded run."""
    wrong_turns: Mapping[str, int]
    goals: float | None
    """Share of the calls that came to their end in which the caller got to it as the errand says."""
    cpu_a_call: float
    """Of a core, the service's for each call while it streams."""
    stages_a_call: Mapping[str, float]
    phone_cpu_a_call: float
    phone_late: int
    """Frames that this machine sent more than 20 ms late itself: with many, the figures say more of it than of the
    service."""
    rss_mb: float
    pss_mb: float
    memory_growth: float | None
    """Share by which memory grew from call 200 to the last; None for fewer calls."""
    refused_messages: float

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def answers(stage: Stage) -> Answers:
    """What was decided in an unloaded run, to compare with."""
    found: dict[tuple[str, int], set[str]] = {}
    for report in stage.reports:
        for number, decided in _decided(report):
            found.setdefault((report.script, number), set()).add(decided)
    return {key: frozenset(values) for key, values in found.items()}


def figures(stage: Stage, expected: Answers) -> Figures:
    """The stage in numbers. `expected`: the answers of an unloaded run; empty: nothing is compared."""
    reports, streamed = stage.reports, [report for report in stage.reports if report.where == "stream"]
    spoken = [wait for report in streamed for wait in _over(report) if wait.speech]
    wrong: Counter[str] = Counter()
    checked = 0
    for report in streamed:
        for number, decided in _decided(report):
            right = expected.get((report.script, number))
            if right is not None:
                checked += 1
                if decided not in right:
                    wrong[f"{report.script} {number + 1}: {decided}"] += 1
    counts = {name: value - stage.before.counts.get(name, 0.0) for name, value in stage.after.counts.items()}
    lost_s = sum(value for name, value in counts.items() if "lost_seconds" in name or "dropped_seconds" in name)
    call_seconds = stage.call_seconds or 1.0
    ended = [report for report in streamed if report.after is not None or report.hung_up_in_the_end]
    return Figures(
        calls_at_once=stage.plan.calls,
        seconds=round(stage.seconds, 1),
        calls=len(reports),
        where=dict(Counter(report.where for report in reports)),
        share_talked=round(sum(report.talked * report.seconds for report in streamed) / call_seconds, 3),
        response_ms=spread([wait.response_ms for wait in spoken if wait.response_ms is not None]),
        unanswered=sum(wait.response_ms is None for wait in spoken),
        barge_in_ms=spread([wait.silence_ms for wait in spoken if wait.silence_ms is not None]),
        answered_ms=spread([1000 * report.answered_s for report in reports if report.where != "failed"]),
        first_sound_ms=spread([1000 * r.first_sound_s for r in streamed if r.first_sound_s is not None]),
        frames=sum(report.frames for report in streamed),
        lost_frames=round(lost_s * 50, 1) + sum(report.thrown_away for report in streamed),
        late_frames=sum(max(1, round(hole * 50)) for report in streamed for hole in report.late),
        mistakes=dict(Counter(mistake for report in streamed for mistake in report.mistakes)),
        failures=dict(Counter(report.failure for report in reports if report.failure)),
        checked=checked,
        wrong=sum(wrong.values()),
        wrong_turns=dict(wrong.most_common(20)),
        goals=round(sum(report.reached for report in ended) / len(ended), 4) if ended else None,
        cpu_a_call=round((stage.after.cpu_s - stage.before.cpu_s) / call_seconds, 5),
        stages_a_call={
            name: round((value - stage.before.stages.get(name, 0.0)) / call_seconds, 5)
            for name, value in sorted(stage.after.stages.items(), key=lambda item: -item[1])
        },
        phone_cpu_a_call=round(stage.phone_cpu_s / call_seconds, 5),
        phone_late=stage.phone_late,
        rss_mb=round(stage.after.rss / 1e6, 1),
        pss_mb=round(stage.after.pss / 1e6, 1),
        memory_growth=_growth(stage),
        refused_messages=sum(value for name, value in counts.items() if "messages_refused" in name),
    )


def _over(report: CallReport) -> Sequence[Wait]:
    """The acts whose answer could be heard: not the last one of a call that the end of the test cut off."""
    return (
        report.waits
        if report.after is not None
        else report.waits[:-1] + tuple(wait for wait in report.waits[-1:] if wait.response_ms is not None)
    )


def _decided(report: CallReport) -> list[tuple[int, str]]:
    """What the service decided, by number of the act that it decided on: the entry nearest to the act's end."""
    turns = [turn for turn in report.turns or () if turn.who == "caller" and turn.at_ms is not None]
    decided = []
    for number, wait in enumerate(report.waits):
        end = wait.end_ms
        near = [turn for turn in turns if turn.at_ms is not None and -_EARLY_MS <= turn.at_ms - end <= _LATE_MS]
        if near:
            nearest = min(near, key=lambda turn: abs((turn.at_ms or 0.0) - end))
            decided.append((number, _outcome(nearest)))
    return decided


def _outcome(turn: Turn) -> str:
    return f"{turn.decision or ''} {turn.intent or ''}".strip()


def _growth(stage: Stage) -> float | None:
    after = [usage.rss for calls, usage in stage.memory if calls >= _FLAT_FROM]
    if len(after) < _WHOLE:
        return None
    first, last = after[: len(after) // 20 or 1], after[-(len(after) // 20 or 1) :]
    return round(sum(last) / len(last) / (sum(first) / len(first)) - 1, 4)
