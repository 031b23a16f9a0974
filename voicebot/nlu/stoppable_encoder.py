"""An encoder that gives up when it is told: training on thousands of sentences must not hold up the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from voicebot.nlu.encoder import Embeddings, Encoder

_AT_ONCE = 8
"""Texts between two looks at whether to stop: 0.1 s of a core."""


class EncodingStoppedError(Exception):
    """It was told to stop."""


class StoppableEncoder:
    """Implements `Encoder`. `embed` raises EncodingStoppedError soon after `stop` is set, and from then on."""

    def __init__(self, encoder: Encoder, stop: threading.Event, pause: Callable[[], None] = lambda: None) -> None:
        """`pause` is called every few texts, and may wait while there is something more important."""
        self._encoder = encoder
        self._stop = stop
        self._pause = pause

    @property
    def name(self) -> str:
        return self._encoder.name

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """As the encoder."""
        rows = []
        for start in range(0, max(len(texts), 1), _AT_ONCE):
            self._pause()
            if self._stop.is_set():
                raise EncodingStoppedError
            rows.append(self._encoder.embed(texts[start : start + _AT_ONCE]))
        return rows[0] if len(rows) == 1 else np.concatenate(rows)
