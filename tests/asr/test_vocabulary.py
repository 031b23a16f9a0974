from __future__ import annotations

import struct
from pathlib import Path

import pytest

from voicebot.asr.vocabulary import ModelError, read_vocabulary


def write_model(folder: Path, words: list[str], *, cut: int = 0) -> Path:
    table = struct.pack("<i", 2125658996) + struct.pack("<i", 5) + b"words" + struct.pack("<qq", len(words), len(words))
    for key, word in enumerate(words):
        encoded = word.encode()
        table += struct.pack("<i", len(encoded)) + encoded + struct.pack("<q", key)
    (folder / "graph").mkdir()
    (folder / "graph" / "Gr.fst").write_bytes(b"\xd6\xfd\xb2~ header" + (table[:-cut] if cut else table) + b"")
    return folder


def test_words_are_read_from_the_symbol_table(tmp_path: Path) -> None:
    assert read_vocabulary(write_model(tmp_path, ["<eps>", "배송", "택배"])) == {"<eps>", "배송", "택배"}


@pytest.mark.parametrize("cut", [1, 9, 20])
def test_a_damaged_table_is_one_sentence(tmp_path: Path, cut: int) -> None:
    with pytest.raises(ModelError, match=r"no readable table of words; install the model again"):
        read_vocabulary(write_model(tmp_path, ["<eps>", "배송"], cut=cut))


def test_a_missing_model_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"Gr\.fst: can't be read"):
        read_vocabulary(tmp_path)
