"""Fit the verification of the first listener and write voicebot/asr/verification.json.

    OMP_NUM_THREADS=1 python benchmarks/asr_verification.py [--data MANIFEST] [--write]

How it was trained (2026-11-22): the human Korean clips of ../shared/speech (10 speakers), whole and cut into phrases
(benchmarks/asr_utterances.py), each once as it is and once worsened, and the synthetic voice mbrola_hn1 as it is. Each
is looked at with a pack of 300, 60 or 10 sentences of about its length: once with its own sentence in it (right, where
that wins) and once without (wrong, whatever wins). English clips against such packs are wrong, too. Every speaker
weighs the square root of its utterances. Reported by leaving one speaker out at a time; the shipped weights are fitted
on all.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from asr_utterances import (
    SHARED,
    WORSENINGS,
    Cutter,
    Spoken,
    clips,
    on_the_telephone,
    other_sentences,
    pack_around,
)
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from tqdm import tqdm

from asr_models import resolver
from asr_models.catalogue import model as catalogued
from voicebot.asr.domain_graph import compile_domain
from voicebot.asr.judgement import judge_look
from voicebot.asr.port import Domain, Sentence
from voicebot.asr.second_look import SecondLook
from voicebot.asr.segmentation import Segmenter
from voicebot.asr.verification import FEATURES, Thresholds, Verifier
from voicebot.asr.vocabulary import read_vocabulary

SIZES = (300, 300, 60, 10)
PARAMETERS = Path(__file__).parents[1] / "voicebot/asr/verification.json"


@dataclass(frozen=True)
class Example:
    speaker: str
    in_pack: bool
    right: bool
    features: tuple[float, ...]


def korean_model() -> Path:
    found = resolver.find(catalogued("vosk-ko"), {}, Path("var"))
    if found is None:
        raise SystemExit("the Korean model is not installed; run: voicebot models install vosk-ko")
    return found.folder


def utterances(manifest: Path, cutter: Cutter, chance: random.Random) -> list[Spoken]:
    """Whole clips and phrases, as they are and worsened."""
    made: list[Spoken] = []
    for clip in clips(manifest, "ko"):
        if clip.synthetic:
            if not any(char in clip.text for char in ","):  # digit strings have a row of their own
                made.append(on_the_telephone(clip, chance))
            continue
        for spoken in (clip, *cutter.phrases(clip, 20, chance)):
            made.append(on_the_telephone(spoken, chance))
            made.append(on_the_telephone(spoken, chance, chance.choice(WORSENINGS)))
    return made


def examples(manifest: Path, chance: random.Random) -> list[Example]:
    model = korean_model()
    segmenter = Segmenter(read_vocabulary(model), "ko")
    look = SecondLook(model, segmenter)
    others = other_sentences(segmenter)
    verifier = Verifier()
    found: list[Example] = []

    def add(spoken: Spoken, pack: Sequence[str], *, in_pack: bool) -> None:
        sentences = tuple(Sentence(text, text) for text in pack)
        graph = compile_domain(Domain("pack", "ko", sentences), segmenter)
        looked = look.look(spoken.pcm, graph, "")
        if looked is None:
            return
        judged = judge_look(looked, graph, verifier, Thresholds())
        right = in_pack and judged.text == spoken.text
        found.append(Example(spoken.speaker, in_pack, right, tuple(judged.evidence[name] for name in FEATURES)))

    for spoken in tqdm(utterances(manifest, Cutter(model, segmenter), chance)):
        pack = pack_around(spoken.text, others, chance.choice(SIZES) - 1, chance)
        add(spoken, [*pack, spoken.text], in_pack=True)
        add(spoken, pack, in_pack=False)
    for clip in tqdm(clips(manifest, "en", 8.0)[::3]):
        spoken = on_the_telephone(clip, chance)
        text = chance.choice(others)
        add(spoken, [text, *pack_around(text, others, chance.choice(SIZES) - 1, chance)], in_pack=False)
    return found


def fit(
    features: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Weights and bias on the features as they are."""
    mean, scale = features.mean(axis=0), features.std(axis=0)
    regression = LogisticRegression(C=1.0).fit((features - mean) / scale, right, sample_weight=weight)
    weights = regression.coef_[0] / scale
    return weights, float(regression.intercept_[0] - weights @ mean)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=Path, default=SHARED / "speech/manifest.jsonl")
    arguments.add_argument("--write", action="store_true", help="write voicebot/asr/verification.json")
    options = arguments.parse_args()
    made = examples(options.data, random.Random(1))
    features = np.array([example.features for example in made])
    right = np.array([example.right for example in made])
    in_pack = np.array([example.in_pack for example in made])
    speakers = np.array([example.speaker for example in made])
    weight = np.array([1 / np.sqrt((speakers == speaker).sum()) for speaker in speakers])
    weight /= weight.mean()
    held_out = np.zeros(len(made))
    for speaker in np.unique(speakers):
        rest = speakers != speaker
        weights, bias = fit(features[rest], right[rest], weight[rest])
        held_out[~rest] = 1 / (1 + np.exp(-(features[~rest] @ weights + bias)))
    print(
        f"{len(made)} examples, {len(np.unique(speakers))} speakers, "
        f"right {right.sum()} of {in_pack.sum()} in their pack"
    )
    print(f"leaving a speaker out: AUC {roc_auc_score(right, held_out):.4f}")
    print("threshold  outside accepted  right accepted  wrong in pack accepted")
    wrong = in_pack & ~right
    for threshold in (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95):
        shares = [float((held_out[group] >= threshold).mean()) for group in (~in_pack, right, wrong)]
        print(f"{threshold:9.2f}  {shares[0]:16.3f}  {shares[1]:14.3f}  {shares[2]:22.3f}")
    weights, bias = fit(features, right, weight)
    fitted = {"weights": {name: round(float(value), 4) for name, value in zip(FEATURES, weights, strict=True)}}
    fitted["bias"] = round(bias, 4)
    print(json.dumps(fitted))
    if options.write:
        PARAMETERS.write_text(json.dumps(fitted, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
