"""What an intent model is trained on: the sentences given, and how a recogniser might have written them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from voicebot.nlu.noise import misrecognise
from voicebot.nlu.normalise import normalise

MOST_ROWS = 3000
"""Texts trained on. Training time grows with the cube: 3,000 take about 3 s on one core."""

MOST_MISHEARD = 600
"""Misheard sentences that the calibration looks at."""

NOISE_RATES = (0.1, 0.2, 0.3)
"""Their character error rates, in turn."""


@dataclass(frozen=True)
class Rows:
    """The training texts, one a row."""

    texts: tuple[str, ...]
    labels: NDArray[np.intp]
    """The intent of each row, as its place in the list of intents."""
    groups: NDArray[np.intp]
    """Rows that come from one sentence, and must be held out together, have the same number."""


def as_heard(text: str) -> str:
    """`text` without case and punctuation, as a recogniser writes it."""
    return " ".join(re.sub(r"[^\w\s'%]", " ", text.lower()).split())


def clean(examples: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Normalised, each sentence once, empty ones out; long lists thinned evenly so that all fit into MOST_ROWS."""
    share = max(1, MOST_ROWS // max(1, len(examples)))
    cleaned = {}
    for intent, sentences in examples.items():
        texts = [text for text in dict.fromkeys(normalise(sentence) for sentence in sentences) if text]
        if len(texts) > share:
            texts = [texts[place] for place in np.linspace(0, len(texts) - 1, share).astype(int)]
        cleaned[intent] = texts
    return cleaned


def rows(examples: Mapping[str, Sequence[str]], *, views: bool = True) -> Rows:
    """The rows of cleaned examples. With `views`, each sentence as heard too, while there is room."""
    sentences = [(text, label) for label, texts in enumerate(examples.values()) for text in texts]
    found = [(text, label, group) for group, (text, label) in enumerate(sentences)]
    if views:
        heard = {as_heard(text): (label, group) for text, label, group in reversed(found)}
        new = [(text, *of) for text, of in heard.items() if text and (text, of[0]) not in set(sentences)]
        found += new[::-1][: max(0, MOST_ROWS - len(found))]
    return _as_rows(found)


def misheard(training: Rows, seed: int = 0) -> Rows:
    """Some of the sentences, all where they are few, as a recogniser might have misheard them."""
    rng = random.Random(seed)
    sentences = sorted(set(np.unique(training.groups, return_index=True)[1].tolist()))
    chosen = sentences if len(sentences) <= MOST_MISHEARD else sorted(rng.sample(sentences, MOST_MISHEARD))
    return _as_rows(
        [
            (misrecognise(as_heard(training.texts[row]), rate, rng), training.labels[row], training.groups[row])
            for row, rate in zip(chosen, cycle(NOISE_RATES), strict=False)
        ]
    )


def _as_rows(found: Sequence[tuple[str, int, int]]) -> Rows:
    texts, labels, groups = zip(*found, strict=True)
    return Rows(texts, np.array(labels, dtype=np.intp), np.array(groups, dtype=np.intp))
