"""Fine-tuning an encoder of transformers: a tiny one, made here, with random weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from voicebot.learning.training.fine_tuning import FineTuning, fine_tune
from voicebot.nlu.encoder import EncoderError
from voicebot.nlu.encoder_transformers import HuggingFaceEncoder

EXAMPLES = [
    *(("order", text) for text in ("배송 언제", "배송 어디", "언제 배송", "배송 와요", "배송 조회", "배송 배송")),
    *(("open", text) for text in ("몇 시", "시 몇", "몇 시 열어", "열어 몇 시", "시 열어", "몇 열어")),
]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch = pytest.importorskip("torch", reason="the extra transformers is not installed")
    transformers = pytest.importorskip("transformers", reason="the extra transformers is not installed")
    folder = tmp_path_factory.mktemp("tiny")
    tokenizers = pytest.importorskip("tokenizers", reason="the extra transformers is not installed")
    words = ["[PAD]", "[UNK]", *sorted({word for _, text in EXAMPLES for word in text.split()})]
    splitting = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]")
    )
    splitting.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    transformers.BertModel(config).save_pretrained(folder)
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=splitting, pad_token="[PAD]", unk_token="[UNK]"
    ).save_pretrained(folder)
    return folder


def apart(encoder: HuggingFaceEncoder) -> float:
    """By how much sentences of one intent are more alike than those of two."""
    rows = encoder.embed([text for _, text in EXAMPLES])
    cosines, half = rows @ rows.T, len(EXAMPLES) // 2
    inside = np.concatenate([cosines[:half, :half].ravel(), cosines[half:, half:].ravel()])
    return float(inside.mean() - cosines[:half, half:].mean())


def test_sentences_of_one_intent_come_closer_and_the_same_seed_gives_the_same_encoder(
    tiny: Path, tmp_path: Path
) -> None:
    how = FineTuning(str(tiny), epochs=8, learning_rate=5e-3, patience=8)
    told: list[str] = []
    tuned = fine_tune(EXAMPLES, tmp_path / "one", how, seed=1, progress=told.append)
    assert isinstance(tuned, HuggingFaceEncoder)
    assert apart(tuned) > apart(HuggingFaceEncoder(str(tiny)))
    assert told[0].startswith("fine-tuning, epoch 1 of 8")
    again = fine_tune(EXAMPLES, tmp_path / "two", how, seed=1)
    assert again.name == tuned.name
    assert np.array_equal(again.embed(["배송 언제"]), tuned.embed(["배송 언제"]))
    assert not list((tmp_path / "one").glob("*.bin"))


def test_a_model_that_is_not_there_and_too_few_sentences_are_told(tiny: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="can't be loaded"):
        fine_tune(EXAMPLES, tmp_path / "one", FineTuning(str(tmp_path / "nothing")))
    with pytest.raises(EncoderError, match="two intents with two sentences"):
        fine_tune(EXAMPLES[:6], tmp_path / "two", FineTuning(str(tiny)))
    assert json.loads((tiny / "config.json").read_text())["hidden_size"] == 16
