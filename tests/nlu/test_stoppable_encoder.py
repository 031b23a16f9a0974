"""Embedding that gives up when it is told."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from voicebot.nlu.encoder import Embeddings
from voicebot.nlu.stoppable_encoder import EncodingStoppedError, StoppableEncoder


class Lengths:
    """Embeds a text as its length; told to, it sets `stop` in the middle."""

    name = "lengths"

    def __init__(self, stop: threading.Event | None = None) -> None:
        self.stop = stop
        self.embedded = 0

    def embed(self, texts: Sequence[str]) -> Embeddings:
        self.embedded += len(texts)
        if self.stop is not None:
            self.stop.set()
        return np.array([[len(text)] for text in texts], np.float32).reshape(-1, 1)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100])
def test_it_embeds_as_its_encoder_does(count: int) -> None:
    texts = ["가" * length for length in range(count)]
    encoder = StoppableEncoder(Lengths(), threading.Event())
    assert encoder.name == "lengths"
    assert np.array_equal(encoder.embed(texts), Lengths().embed(texts))


def test_it_stops_after_a_few_texts_and_for_good() -> None:
    stop = threading.Event()
    inner = Lengths(stop)
    encoder = StoppableEncoder(inner, stop)
    with pytest.raises(EncodingStoppedError):
        encoder.embed(["안녕하세요"] * 1000)
    assert inner.embedded < 20
    with pytest.raises(EncodingStoppedError):
        encoder.embed(["네"])
