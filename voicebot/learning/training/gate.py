"""Whether a version may be approved at all: rules that anybody can read, applied to what the evaluation found.

1. The content has no new error.
2. No test dialogue of the pack fails that holds with the running version; of new ones, none fails.
3. Where sentences of labels were learnt, at least `LEAST_LABELS` held-out labels, of `LEAST_CALLERS` callers, tell what
   came of them. Changes by hand and accepted suggestions need no labels: tests and simulated callers judge them.
4. On the held-out labels the version is not surely worse: the interval of the difference reaches 0, or McNemar's test
   takes it for chance.
5. The same for each group of callers with enough labels; as many are tested, each at 5 % divided by their number.
6. The same for the task success of simulated callers, by language; and it does not fall by more than `MOST_LOST`,
   whatever the interval says.
7. The version differs from the one that runs.

"Not surely worse" lets pass what is a little worse where data is few: shadow and share of calls come after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from voicebot.learning.training.evaluation import Evaluated

LEAST_LABELS, LEAST_CALLERS = 30, 10
MOST_LOST = 0.03
"""Of the task success of simulated callers."""
_TOLD = 3


class Told(NamedTuple):
    """One thing in both languages."""

    en: str
    ko: str


@dataclass(frozen=True)
class Gate:
    """What the rules come to."""

    passed: bool
    reasons: tuple[Told, ...]
    """Why it did not pass."""
    unknown: tuple[Told, ...]
    """What could not be told, passed or not."""


def judge(found: Evaluated, *, learnt_from_labels: int, differs: bool) -> Gate:
    """Apply the rules. `learnt_from_labels`: sentences that the version has from labels and the running one has not."""
    reasons = []
    if not differs:
        reasons.append(Told("nothing differs from the version that runs", "운영 중인 버전과 다른 점이 없습니다"))
    if found.new_errors:
        errors = _some(found.new_errors)
        reasons.append(Told(f"the content has errors: {errors}", f"콘텐츠에 오류가 있습니다: {errors}"))
    if found.tests_newly_failing:
        names = _some(found.tests_newly_failing)
        reasons.append(Told(f"test dialogues fail that did not: {names}", f"통과하던 시험 대화가 실패합니다: {names}"))
    labels, callers = found.labels.after.total, found.labels.callers
    few = labels < LEAST_LABELS or callers < LEAST_CALLERS
    if learnt_from_labels and few:
        reasons.append(
            Told(
                f"{learnt_from_labels} sentences of labels were learnt, but only {labels} labels of {callers} callers "
                f"are held out to judge by; {LEAST_LABELS} of {LEAST_CALLERS} are needed",
                f"라벨에서 문장 {learnt_from_labels}개를 학습했지만 평가용 라벨은 발신자 {callers}명의 "
                f"{labels}개뿐입니다. 발신자 {LEAST_CALLERS}명의 라벨 {LEAST_LABELS}개가 필요합니다",
            )
        )
    if labels and found.labels.worse():
        points = f"{found.labels.value:+.1%}"
        reasons.append(
            Told(f"it understands the held-out labels worse: {points}", f"평가용 라벨을 더 못 알아듣습니다: {points}")
        )
    for name, difference in found.groups.items():
        if difference.worse(0.05 / len(found.groups)):
            points = f"{name}: {difference.value:+.1%}"
            reasons.append(Told(f"it understands a group worse, {points}", f"더 못 알아듣는 집단이 있습니다, {points}"))
    for language, difference in found.simulated.items():
        if difference.worse() or difference.value < -MOST_LOST:
            points = f"{language}: {difference.value:+.1%}"
            reasons.append(
                Told(
                    f"fewer simulated callers get what they want, {points}",
                    f"용건을 해결한 모의 통화가 줄었습니다, {points}",
                )
            )
    return Gate(not reasons, tuple(reasons), _unknown(found, few))


def _unknown(found: Evaluated, few: bool) -> tuple[Told, ...]:
    unknown = []
    if few:
        labels, callers = found.labels.after.total, found.labels.callers
        unknown.append(
            Told(
                f"what callers would notice: there are {labels} held-out labels of {callers} callers",
                f"발신자가 느낄 차이: 평가용 라벨이 발신자 {callers}명의 {labels}개입니다",
            )
        )
    if found.small_groups:
        names = ", ".join(f"{name} ({count})" for name, count in found.small_groups.items())
        unknown.append(Told(f"groups with too few labels: {names}", f"라벨이 너무 적은 집단: {names}"))
    for language, why in found.not_simulated.items():
        unknown.append(Told(f"simulated callers in {language}: {why}", f"{language} 모의 통화: {why}"))
    if not found.tests_after:
        unknown.append(Told("test dialogues: the pack has none", "시험 대화: 팩에 없습니다"))
    return tuple(unknown)


def _some(of: tuple[str, ...]) -> str:
    more = f" (+{len(of) - _TOLD})" if len(of) > _TOLD else ""
    return "; ".join(of[:_TOLD]) + more
