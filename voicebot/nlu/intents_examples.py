"""What an intent model is trained on: the sentences given, and how a recogniser might have written them."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voicebot.nlu.noise import misrecognise
from voicebot.nlu.normalise import normalise

MOST_ROWS = 3000
"""Texts trained on. Training time grows with the cube: 3,000 take about 3 s on one core."""

NOISE_RATES = (0.2, 0.1)
"""Character error rates of the misheard versions, in the order in which they are added while there is room."""


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


def rows(examples: Mapping[str, Sequence[str]], *, seed: int = 0, views: bool = True) -> Rows:
    """The rows of cleaned examples. With `views`, as heard and misheard versions are added while there is room."""
    sentences = [(text, label) for label, texts in enumerate(examples.values()) for text in texts]
    found = [(text, label, group) for group, (text, label) in enumerate(sentences)]
    if views:
        rng = random.Random(seed)
        seen = {text for text, _ in sentences}
        versions = [[(as_heard(text), label, group) for text, label, group in found]]
        for rate in NOISE_RATES:
            misheard = [(misrecognise(as_heard(text), rate, rng), label, group) for text, label, group in found]
            rng.shuffle(misheard)
            versions.append(misheard)
        for version in versions:
            new = [row for row in version if row[0] and row[0] not in seen]
            added = new[: max(0, MOST_ROWS - len(found))]
            seen.update(text for text, _, _ in added)
            found += added
    texts, labels, groups = zip(*found, strict=True)
    return Rows(texts, np.array(labels, dtype=np.intp), np.array(groups, dtype=np.intp))
