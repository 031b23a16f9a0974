"""How often experiments name a winner where there is none, and find one where there is; and one end to end.

    python benchmarks/experiments.py [--experiments 500] [--baseline 0.85] [--seed 0] [--calls 400] [--json FILE]

Callers come one by one, get a variant by chance, and are looked at after every 20 of them by the very code that the
console uses (`assess`), until it says that the experiment is over, or the planned callers are used up. Their ratings
(3 in 10 give one) and durations have no difference but where the row says so. Shares come with Clopper-Pearson
intervals, 95 %. Then simulated callers of the shop hold real dialogues in text, with real variants of its replies and
flows; what the history keeps of them is what is shown.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np
from scipy.stats import beta

from voicebot.analytics.experiments.assessment import VariantFigures, assess, planned
from voicebot.analytics.experiments.design import CONTROL, Design, Metric
from voicebot.analytics.experiments.outcomes import assessed
from voicebot.analytics.experiments.runs import Runs
from voicebot.analytics.experiments.sequential import Sample
from voicebot.analytics.experiments.wording import status
from voicebot.backends.registry import open_backend
from voicebot.call.chronicle import Chronicle
from voicebot.channel import Caller, Outcome
from voicebot.config import Configuration
from voicebot.dialogue import events
from voicebot.dialogue.actions import Action, HandOver, HangUp
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.dialogue.state import State
from voicebot.loading import open_dialogue, open_history
from voicebot.running_experiments import RunningExperiments
from voicebot.simulation.calls import TODAY, Simulator
from voicebot.store.history.records import Keep
from voicebot.store.journal import Entry

PROMPTS = Path(__file__).parents[1] / "prompts"
LOOK_EVERY = 20
RATED = 0.3
_POINTS = np.array([1, 2, 3, 4, 5])
_OFTEN = np.array([0.05, 0.05, 0.1, 0.3, 0.5])


@dataclass(frozen=True)
class Row:
    """What many experiments of one kind came to."""

    case: str
    experiments: int
    planned: int
    winner: int
    """Named the variant that is better; where none is, any winner, the control included."""
    wrong: int
    """Named another one."""
    harm: int
    """Stopped because a variant does harm in the metric that decides."""
    guard: int
    """Stopped because of another metric."""
    callers: float
    """Mean of those used."""


def simulate(case: str, base: float, differences: Sequence[float], count: int, seed: int) -> Row:
    """So many experiments with as many contenders as there are `differences` in containment."""
    names = [CONTROL, *(f"variant_{number}" for number in range(1, len(differences) + 1))]
    design = Design("pack", case, {}, "containment", 0.05, dict.fromkeys(names, 1))
    most = planned(design, base * (1 - base))
    chance = np.random.default_rng(seed)
    ended: Counter[str] = Counter()
    used = []
    best = names[int(np.argmax([0.0, *differences]))] if any(differences) else ""
    for _ in range(count):
        arm = chance.integers(len(names), size=most)
        values: dict[Metric, tuple[np.ndarray, np.ndarray]] = {
            "containment": (
                chance.random(most) < base + np.array([0.0, *differences])[arm],
                np.ones(most, bool),
            ),
            "csat": (chance.choice(_POINTS, size=most, p=_OFTEN), chance.random(most) < RATED),
            "duration": (np.minimum(chance.lognormal(4.4, 0.45, size=most), 1800), np.ones(most, bool)),
        }
        sums = {
            (name, metric): [
                np.cumsum(np.where((arm == number) & known, value.astype(float) ** power, 0)) for power in (0, 1, 2)
            ]
            for number, name in enumerate(names)
            for metric, (value, known) in values.items()
        }
        for at in range(LOOK_EVERY - 1, most, LOOK_EVERY):
            figures = {name: _figures(name, sums, at) for name in names}
            found = assess(design, figures, most)
            if found.verdict in ("winner", "harm", "none", "split"):
                break
        used.append(at + 1)
        match found.verdict:
            case "winner":
                ended["winner" if found.variant == best or not best else "wrong"] += 1
            case "harm":
                ended["harm" if found.metric == "containment" else "guard"] += 1
    # Where nothing differs, saying that a variant is worse names the control as the winner.
    winner = ended["winner"] + (0 if best else ended["harm"])
    return Row(case, count, most, winner, ended["wrong"], ended["harm"], ended["guard"], float(np.mean(used)))


def _figures(name: str, sums: Mapping[tuple[str, Metric], list[np.ndarray]], at: int) -> VariantFigures:
    samples = {}
    for metric in ("containment", "csat", "duration"):
        number, first, second = (float(each[at]) for each in sums[name, metric])  # type: ignore[index]
        mean = first / number if number else 0.0
        smooth = (first + 1) / (number + 2)
        shares = metric == "containment"
        variance = smooth * (1 - smooth) if shares else (second - number * mean**2) / max(1.0, number - 1)
        samples[metric] = Sample(int(number), mean, max(variance, 0.0))
    callers = samples["containment"].number
    return VariantFigures(name, callers, callers, samples)  # type: ignore[arg-type]


def interval(hits: int, of: int) -> tuple[float, float]:
    """Clopper-Pearson, 95 %."""
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, of - hits + 1))
    return low, 1.0 if hits == of else float(beta.ppf(0.975, hits + 1, of - hits))


HARMFUL = """
  straight_to_people:
    hypothesis: {ko: 주문 조회를 바로 상담원에게 넘긴다., en: Questions about orders go to people at once.}
    metric: containment
    effect: 0.05
    variants:
      control: {}
      people:
        flows:
          order_status: {steps: [{hand_over: support}]}
"""
"""An experiment that does harm, for the guard to stop."""


class _Taken(Dialogue):
    """The dialogue, with calls assigned as a service assigns them, and told to the history as a call tells it."""

    def __init__(self, dialogue: Dialogue, experiments: RunningExperiments, keep: Keep) -> None:
        super().__init__(dialogue.pack, {name: dialogue.understander(name) for name in dialogue.pack.languages})
        self._experiments, self._keep = experiments, keep
        self._number = 0
        self._chronicle: Chronicle | None = None
        self.variants: Counter[tuple[str, str]] = Counter()

    def begin(
        self, language: str, *, keys_only: bool = False, variants: Mapping[str, str] = MappingProxyType({})
    ) -> State:
        self._number += 1
        number = f"+8210{self._number:08}"
        variants = self._experiments.assign(self.pack, _pseudonym(number), language=language, channel="twilio")
        self.variants.update(variants.items())
        state = super().begin(language, keys_only=keys_only, variants=variants)
        caller = Caller(f"CA{self._number:06}", number, language, "twilio")
        self._chronicle = Chronicle(self._keep, self.pack, caller)
        self._chronicle.begin(state)
        self._turns = 0
        return state

    def turn(self, state: State, event: events.Event) -> tuple[State, list[Action]]:
        after, actions = super().turn(state, event)
        chronicle = self._chronicle
        assert chronicle is not None
        if state.ended:
            return after, actions
        self._turns += 1
        at_ms = 8000 * self._turns
        chronicle.turn(state, event, after, actions, at_ms)
        if isinstance(event, events.Heard | events.Keyed):
            chronicle.complete(Entry("caller", at_ms, "", "text", "accept", 1.0, decision="taken"))
        for action in actions:
            match action:
                case HandOver():
                    chronicle.end(at_ms, Outcome("hand_over", action.reason, action.queue))
                case HangUp():
                    chronicle.end(
                        at_ms, Outcome("caller_left" if action.reason == "caller" else "hang_up", action.reason)
                    )
        return after, actions


def _pseudonym(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()[:32]


def end_to_end(calls: int, seed: int) -> list[str]:
    """The shop's own experiment and a harmful one, with simulated callers; what is told of them."""
    with tempfile.TemporaryDirectory() as folder:
        prompts = Path(folder) / "prompts"
        shutil.copytree(PROMPTS, prompts)
        with (prompts / "shop" / "experiments.yaml").open("a", encoding="utf-8") as file:
            file.write(HARMFUL)
        pack = load_pack(prompts, "shop")
        history = open_history(Configuration(var=Path(folder)), _pseudonym)
        history.database.migrate()
        history.start()
        experiments = RunningExperiments(history.database)
        runs = Runs(history.database, lambda: datetime.now(UTC) - timedelta(minutes=1))
        for experiment in pack.experiments.values():
            runs.start(experiment.design, "benchmark", planned(experiment.design))
        experiments.look()
        dialogue = _Taken(open_dialogue(pack, Path(folder)), experiments, history.keep)
        simulator = Simulator(
            pack, dialogue, "ko", lambda: open_backend(pack.backend, pack.folder, today=lambda: TODAY)
        )
        told = []
        for number in range(calls):
            simulator.call(number, seed)
            if (number + 1) % 100 == 0:
                history.flush()
                experiments.guard()
                told += _told(pack, history.database, number + 1)
        told.append(f"assigned: {dict(sorted(dialogue.variants.items()))}")
        history.close()
        return told


def _told(pack: Pack, database, calls: int) -> list[str]:  # type: ignore[no-untyped-def]
    lines = []
    for name in pack.experiments:
        run = Runs(database).latest("shop", name)
        assert run is not None
        found = assessed(database, run)
        counted = ", ".join(
            f"{variant} {figures.samples['containment'].mean:.0%} of {figures.callers}"
            for variant, figures in found.figures.items()
        )
        lines.append(f"after {calls} calls, {name} ({run.state}): {counted}. {status(found, run, 'en')}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=500)
    parser.add_argument("--baseline", type=float, default=0.85)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--calls", type=int, default=400, help="of the simulated callers")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    base, count, seed = options.baseline, options.experiments, options.seed
    rows = [
        simulate("no difference", base, [0.0], count, seed),
        simulate("no difference, three contenders", base, [0.0, 0.0, 0.0], count, seed + 1),
        simulate("5 points better", base, [0.05], count, seed + 2),
        simulate("5 points better, and one as before", base, [0.05, 0.0], count, seed + 3),
        simulate("5 points worse", base, [-0.05], count, seed + 4),
        simulate("20 points worse", base, [-0.20], count, seed + 5),
    ]
    print(f"containment of the control {base:.0%}; {count} experiments a row")
    print("| true difference | at most | used, mean | names a winner | the wrong one | harm | harm elsewhere |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        low, high = interval(row.winner, count)
        print(
            f"| {row.case} | {row.planned:,} | {row.callers:,.0f} | {row.winner / count:.1%} ({low:.1%} to {high:.1%}) "
            f"| {row.wrong / count:.1%} | {row.harm / count:.1%} | {row.guard / count:.1%} |"
        )
    for line in end_to_end(options.calls, seed) if options.calls else ():
        print(line)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
