"""An encoder of transformers, fine-tuned on a pack's own sentences: those of one intent closer, others apart.

Supervised contrastive learning (Khosla et al. 2020, NeurIPS 33) over batches of a few sentences from each of several
intents, mean-pooled as `HuggingFaceEncoder` embeds. After each epoch the sentences that were set apart are given to
the intent with the nearest centre; training ends when neither the share that is right nor its lead has grown for a
while, and the best weights are kept. On the CPU, on one thread, and seeded: the same inputs give the same weights on
the same machine and versions.
"""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voicebot.nlu.encoder import Encoder, EncoderError, prepared
from voicebot.nlu.encoder_transformers import HuggingFaceEncoder

_TEMPERATURE = 0.07
_INTENTS_A_BATCH, _SENTENCES_AN_INTENT = 8, 4
_SET_APART = 5
"""Every fifth sentence of an intent, of those with at least so many, is set apart for stopping in time."""
_LONGEST_TOKENS = 64


@dataclass(frozen=True)
class FineTuning:
    """How."""

    model: str
    """A folder, or a name on the hub that is in the local cache: nothing is fetched."""
    epochs: int = 5
    """At most."""
    learning_rate: float = 2e-5
    patience: int = 2
    """Epochs without a better result before it ends."""


def fine_tune(
    examples: Sequence[tuple[str, str]],
    folder: Path,
    how: FineTuning,
    *,
    seed: int = 0,
    progress: Callable[[str], None] = lambda _what: None,
) -> Encoder:
    """Write the fine-tuned encoder to `folder` and open it. `examples`: intent and sentence.

    Raises EncoderError where transformers is missing, the model can't be loaded, or there are too few sentences.
    """
    try:
        import torch
        import transformers
    except ImportError:
        raise EncoderError(
            "fine-tuning needs transformers: run `pip install 'voicebot[transformers]'`, or train without --fine-tune."
        ) from None
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(how.model, local_files_only=True)
        model = transformers.AutoModel.from_pretrained(how.model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise EncoderError(
            f"the encoder {how.model} can't be loaded ({type(error).__name__}): name a folder with a model, or a model "
            "of the Hugging Face hub that is already in the local cache."
        ) from None
    training, apart = _parted(examples)
    if sum(len(texts) > 1 for texts in training.values()) < 2:
        raise EncoderError("fine-tuning needs two intents with two sentences each at least; label more.")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            _Tuning(torch, tokenizer, model, training, apart, how, seed, progress).run()
    finally:
        torch.set_num_threads(threads)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    weights = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    return HuggingFaceEncoder(str(folder), name=f"fine-tuned-{weights[:12]}")


def _parted(examples: Sequence[tuple[str, str]]) -> tuple[dict[str, list[str]], list[tuple[str, str]]]:
    """The sentences to train on by intent, and those to judge by."""
    by_intent: dict[str, list[str]] = defaultdict(list)
    for intent, text in examples:
        if (cleaned := prepared(text)) and cleaned not in by_intent[intent]:
            by_intent[intent].append(cleaned)
    training, apart = {}, []
    for intent, texts in sorted(by_intent.items()):
        out = set(texts[_SET_APART - 1 :: _SET_APART])
        training[intent] = [text for text in texts if text not in out]
        apart += [(intent, text) for text in texts if text in out]
    return training, apart


@dataclass
class _Tuning:
    torch: Any
    tokenizer: Any
    model: Any
    training: dict[str, list[str]]
    apart: list[tuple[str, str]]
    how: FineTuning
    seed: int
    progress: Callable[[str], None]

    def run(self) -> None:
        """Leaves the best weights in the model."""
        optimiser = self.torch.optim.AdamW(self.model.parameters(), lr=self.how.learning_rate)
        best, since = (self._quality(), self._weights()), 0
        for epoch in range(self.how.epochs):
            self.model.train()
            batches = self._batches(random.Random(f"{self.seed}:{epoch}"))
            for number, batch in enumerate(batches):
                self.progress(f"fine-tuning, epoch {epoch + 1} of {self.how.epochs}: {number + 1} of {len(batches)}")
                optimiser.zero_grad()
                self._loss(batch).backward()
                optimiser.step()
            quality = self._quality()
            # Without sentences to judge by, all epochs are done.
            if quality > best[0] or not self.apart:
                best, since = (quality, self._weights()), 0
            elif (since := since + 1) >= self.how.patience:
                break
        self.model.load_state_dict(best[1])
        self.model.eval()

    def _weights(self) -> dict[str, Any]:
        return {name: value.clone() for name, value in self.model.state_dict().items()}

    def _batches(self, chance: random.Random) -> list[list[tuple[int, str]]]:
        """Each sentence about once an epoch, a few of an intent together."""
        chunks = []
        for number, texts in enumerate(self.training.values()):
            order = chance.sample(texts, len(texts))
            chunks += [
                [(number, text) for text in order[start : start + _SENTENCES_AN_INTENT]]
                for start in range(0, len(order), _SENTENCES_AN_INTENT)
            ]
        chance.shuffle(chunks)
        grouped = [chunks[start : start + _INTENTS_A_BATCH] for start in range(0, len(chunks), _INTENTS_A_BATCH)]
        return [[one for chunk in group for one in chunk] for group in grouped]

    def _embedded(self, texts: Sequence[str]) -> Any:
        tokens = self.tokenizer(
            list(texts), padding=True, truncation=True, max_length=_LONGEST_TOKENS, return_tensors="pt"
        )
        hidden = self.model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1)
        return self.torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)

    def _loss(self, batch: Sequence[tuple[int, str]]) -> Any:
        torch = self.torch
        rows = self._embedded([text for _, text in batch])
        labels = torch.tensor([number for number, _ in batch])
        itself = torch.eye(len(batch), dtype=torch.bool)
        alike = (labels[:, None] == labels[None, :]) & ~itself
        logits = (rows @ rows.T / _TEMPERATURE).masked_fill(itself, -1e9)
        likely = logits - torch.logsumexp(logits, dim=1, keepdim=True)
        counted = alike.any(dim=1)
        if not bool(counted.any()):
            return rows.sum() * 0
        each = (likely * alike).sum(1)[counted] / alike.sum(1)[counted]
        return -each.mean()

    def _quality(self) -> tuple[float, float]:
        """Of the sentences set apart, those that are nearest to the centre of their intent; and by how much nearer."""
        if not self.apart:
            return 0.0, 0.0
        self.model.eval()
        with self.torch.inference_mode():
            names = list(self.training)
            centres = self.torch.stack([self._embedded(texts).mean(0) for texts in self.training.values()])
            rows = self._embedded([text for _, text in self.apart])
            cosines = rows @ self.torch.nn.functional.normalize(centres, dim=1).T
            own = self.torch.nn.functional.one_hot(
                self.torch.tensor([names.index(intent) for intent, _ in self.apart]), len(names)
            ).bool()
            lead = cosines[own] - cosines.masked_fill(own, -1).max(1).values
        return float((lead > 0).float().mean()), float(lead.mean())
