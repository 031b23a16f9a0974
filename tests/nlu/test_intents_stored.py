"""Stored intent models answer as those that were written, and say where they can't be used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from voicebot.nlu.encoder import Embeddings
from voicebot.nlu.intents import IntentModel
from voicebot.nlu.intents_stored import StoredModelError, read, write

EXAMPLES = {
    "order_status": ["배송 언제 와요", "택배 어디쯤 왔어요", "주문한 게 안 왔어요", "where is my parcel"],
    "cancel_order": ["주문을 취소할게요", "주문 취소해 주세요", "취소하고 싶어요", "cancel my order"],
    "stock": ["재고 있어요", "운동화 남았어요", "품절인가요", "do you have shoes"],
}
SAID = [
    "배송 언제 오나요",
    "취소 좀",
    "신발 남았나",
    "오늘 날씨 어때",
    "",
    "배송 언제 와요 그리고 주문을 취소할게요",
    "x" * 400,
]


@dataclass(frozen=True)
class Lettered:
    """Counts of letters: an encoder that needs no model."""

    name: str = "letters"

    def embed(self, texts: Sequence[str]) -> Embeddings:
        rows = np.zeros((len(texts), 64), np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                rows[row, ord(letter) % 64] += 1
        unit: Embeddings = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
        return unit


@pytest.mark.parametrize("encoder", [None, Lettered()])
def test_what_is_read_answers_bit_for_bit_as_what_was_written(tmp_path: Path, encoder: Lettered | None) -> None:
    model = IntentModel.train(EXAMPLES, encoder=encoder, outside=["아르바이트 뽑나요"])
    write(model, tmp_path, "ko", encoder)
    again = read(tmp_path, "ko", encoder)
    for text in SAID:
        assert again.understand(text) == model.understand(text)
        assert again.understand(text, expected=["stock"], among=["stock", "cancel_order"]) == model.understand(
            text, expected=["stock"], among=["stock", "cancel_order"]
        )
    for one, other in zip(model.probabilities(SAID), again.probabilities(SAID), strict=True):
        assert np.array_equal(one, other)


def test_the_same_training_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(IntentModel.train(EXAMPLES), tmp_path / name, "ko", None)
    for file in ("ko.npz", "ko.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_damaged_one_another_format_and_another_encoder_are_told(tmp_path: Path) -> None:
    write(IntentModel.train(EXAMPLES), tmp_path, "ko", None)
    with pytest.raises(StoredModelError, match="trained with the encoder none"):
        read(tmp_path, "ko", Lettered())
    about = json.loads((tmp_path / "ko.json").read_text())
    (tmp_path / "ko.json").write_text(json.dumps({**about, "format": 99}))
    with pytest.raises(StoredModelError, match="format 99"):
        read(tmp_path, "ko", None)
    (tmp_path / "ko.json").write_text(json.dumps(about))
    packed = bytearray((tmp_path / "ko.npz").read_bytes())
    packed[len(packed) // 2] ^= 1
    (tmp_path / "ko.npz").write_bytes(packed)
    with pytest.raises(StoredModelError, match="not those that were written"):
        read(tmp_path, "ko", None)
    (tmp_path / "ko.json").write_text("{")
    with pytest.raises(StoredModelError, match="can't be read"):
        read(tmp_path, "ko", None)


def test_what_is_known_to_mean_nothing_here_is_rather_out_of_scope() -> None:
    odd = ["배송 기사 언제 뽑아요", "주문을 외워 볼게요", "운동화 빨았어요", "택배 회사 주식 왔어요"]
    without, with_them = IntentModel.train(EXAMPLES), IntentModel.train(EXAMPLES, outside=odd)
    inside = [model.probabilities(odd)[1].mean() for model in (without, with_them)]
    assert inside[1] < inside[0]
    assert with_them.understand("배송 언제 와요").intent == "order_status"
