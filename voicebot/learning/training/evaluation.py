"""How good a version is beside the one that runs: held-out labels, the pack's test dialogues, simulated callers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicebot.backends.registry import open_backend
from voicebot.dialogue import pack_tests
from voicebot.dialogue.checking import check_pack
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import COMMANDS, Pack
from voicebot.learning.training.choosing import HeldOut
from voicebot.learning.training.comparing import Difference, Pair, compare
from voicebot.nlu.evaluation import OUT_OF_SCOPE, Answer, evaluate
from voicebot.simulation.calls import TODAY, Simulator
from voicebot.simulation.truth import NoTruthError

CER = 0.1
"""Character error rate at which simulated callers are heard: everyday telephone speech."""
CALLS = 300
"""Simulated calls a language."""
LEAST_IN_GROUP = 20
"""Labels of a group that are compared by themselves."""


@dataclass(frozen=True)
class Side:
    """A version, opened: the one that runs, or the candidate."""

    pack: Pack
    dialogue: Dialogue


@dataclass(frozen=True)
class Evaluated:
    """Everything that was found, for the gate and for people."""

    labels: Difference
    groups: Mapping[str, Difference]
    """By `kind: name`, such as `language: ko`; those with `LEAST_IN_GROUP` labels at least, and the scope."""
    small_groups: Mapping[str, int]
    """The others, with their labels."""
    tests_before: int
    tests_after: int
    tests_failing_before: tuple[str, ...]
    tests_newly_failing: tuple[str, ...]
    simulated: Mapping[str, Difference]
    """Task success by language."""
    not_simulated: Mapping[str, str]
    """Languages in which nobody can be simulated, and why."""
    new_errors: tuple[str, ...]
    """What `voicebot check` finds in the candidate's content and not in the running one's."""
    new_warnings: tuple[str, ...]
    intents: Mapping[str, Mapping[str, Any]]
    """Of each intent among the held-out labels, what both made of it."""
    calibration_error: tuple[float, float]
    """Of the running version, of the candidate."""


def compare_versions(
    running: Side,
    candidate: Side,
    held_out: Sequence[HeldOut],
    channels: Mapping[str, str],
    *,
    seed: int,
    calls: int = CALLS,
    progress: Callable[[str], None] = lambda _what: None,
) -> Evaluated:
    """Everything but how fast it is, so that the same versions always give the same figures.

    `channels`: of the calls that labels are from. `calls`: simulated ones a language.
    """
    progress("held-out labels")
    answers = [(_answer(running, one), _answer(candidate, one), one) for one in held_out]
    pairs = [Pair(before.right, after.right, one.caller) for before, after, one in answers]
    groups: dict[str, list[Pair]] = {}
    for pair, (_, _, one) in zip(pairs, answers, strict=True):
        for group in _groups(one, channels):
            groups.setdefault(group, []).append(pair)
    large = {name: those for name, those in sorted(groups.items()) if len(those) >= LEAST_IN_GROUP}
    progress("test dialogues")
    before, after = _tests(running), _tests(candidate)
    simulated, not_simulated = _simulated(running, candidate, seed, calls, progress)
    progress("content")
    found, known = _findings(candidate.pack), _findings(running.pack)
    new = [one for one in found if one not in known]
    return Evaluated(
        labels=compare(pairs, seed),
        groups={name: compare(those, seed) for name, those in large.items()},
        small_groups={name: len(those) for name, those in sorted(groups.items()) if name not in large},
        tests_before=len(before),
        tests_after=len(after),
        tests_failing_before=tuple(sorted(name for name, failure in before.items() if failure)),
        tests_newly_failing=tuple(sorted(n for n, failure in after.items() if failure and not before.get(n))),
        simulated=simulated,
        not_simulated=not_simulated,
        new_errors=tuple(text for level, text in new if level == "error"),
        new_warnings=tuple(text for level, text in new if level == "warning"),
        intents=_by_intent([one for one, _, _ in answers], [one for _, one, _ in answers]),
        calibration_error=(
            round(evaluate([one for one, _, _ in answers]).calibration_error, 4),
            round(evaluate([one for _, one, _ in answers]).calibration_error, 4),
        ),
    )


def measure_speed(side: Side, texts: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Milliseconds of processor time that understanding takes: the median, and what 95 % stay below."""
    times = []
    for language, sentences in texts.items():
        understander = side.dialogue.understander(language)
        for text in sentences:
            began = time.thread_time()
            understander.understand(text)
            times.append(1000 * (time.thread_time() - began))
    times.sort()
    if not times:
        return {}
    return {"median_ms": round(times[len(times) // 2], 3), "p95_ms": round(times[len(times) * 95 // 100], 3)}


def size_of(folder: Path) -> int:
    """Bytes of all files."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _answer(side: Side, one: HeldOut) -> Answer:
    if one.language not in side.pack.languages:
        return Answer(one.text, one.intent, "", 0.0)
    found = side.dialogue.understander(one.language).understand(one.text)
    return Answer(one.text, one.intent, found.intent, found.score)


def _groups(one: HeldOut, channels: Mapping[str, str]) -> list[str]:
    scope = "out of scope" if one.intent is None else "commands" if one.intent in COMMANDS else "in scope"
    channel = channels.get(one.call)
    return [
        f"language: {one.language}",
        f"scope: {scope}",
        f"chosen: {one.sample}",
        *([f"channel: {channel}"] if channel else []),
    ]


def _by_intent(before: Sequence[Answer], after: Sequence[Answer]) -> dict[str, dict[str, Any]]:
    running = {figures.intent: figures for figures in evaluate(before).intents}
    found = {}
    for figures in evaluate(after).intents:
        if not figures.recall.total:
            continue
        name = "" if figures.intent == OUT_OF_SCOPE else figures.intent
        low, high = figures.recall.interval
        found[name] = {
            "labels": figures.recall.total,
            "right_before": running[figures.intent].recall.hits if figures.intent in running else 0,
            "right_after": figures.recall.hits,
            "interval": [round(low, 4), round(high, 4)],
        }
    return dict(sorted(found.items()))


def _tests(side: Side) -> dict[str, str]:
    """What fails in each test dialogue; empty for nothing."""
    found = {}
    for case in pack_tests.find_cases(side.pack):
        backend = open_backend(side.pack.backend, side.pack.folder, today=lambda: pack_tests.TODAY)
        name = f"{case.language}/{case.file.path.name}: {case.dialogue.name}"
        failure = pack_tests.run_case(case, side.dialogue, backend).failure
        found[name] = failure.rsplit(f"{case.file.path}, ", 1)[-1]
    return found


def _simulated(
    running: Side, candidate: Side, seed: int, count: int, progress: Callable[[str], None]
) -> tuple[dict[str, Difference], dict[str, str]]:
    """The same callers, with the wishes and the words of the content that runs, call both."""
    found, impossible = {}, {}
    for language in running.pack.languages:
        if language not in candidate.pack.languages:
            impossible[language] = "the candidate does not have this language"
            continue
        progress(f"simulated callers {language}")
        try:
            won = [
                [
                    call.success
                    for call in Simulator(
                        running.pack,
                        side.dialogue,
                        language,
                        lambda side=side: open_backend(  # type: ignore[misc]
                            side.pack.backend, side.pack.folder, today=lambda: TODAY
                        ),
                        cer=CER,
                    ).calls(count, seed)
                ]
                for side in (running, candidate)
            ]
        except NoTruthError as error:
            impossible[language] = str(error)
            continue
        pairs = [Pair(before, after, str(n)) for n, (before, after) in enumerate(zip(*won, strict=True))]
        found[language] = compare(pairs, seed)
    return found, impossible


def _findings(pack: Pack) -> list[tuple[str, str]]:
    """Level and text of what `voicebot check` finds, without the place: files move, lines change."""
    root = pack.folder.parent
    return [
        (one.level, f"{Path(one.path).relative_to(root) if one.path else pack.name}: {one.what}")
        for one in check_pack(root, pack.name)
    ]
