"""A process that owns a Kokoro model; see `worker_process`.

Run as `python -m voicebot.tts.kokoro_worker VAR [FOLDER]`. FOLDER, or else what the catalogue's `kokoro` is with the
configuration's VAR, holds model.onnx, vocab.json and voices.npz (by name, float32 (tokens, 1, 256): a style for every
length). A request is `{"text", "language", "voice", "speed"}`.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asr_models.errors import ModelFilesError
from asr_models.resolver import resolve
from voicebot.tts import kokoro_english
from voicebot.tts.kokoro_phonemes import phonemes
from voicebot.tts.worker_process import Speak, serve

RATE = 24_000
"""Hertz."""
_MOST_TOKENS = 500
"""The model takes 510 with the two that mark the ends."""


def load(folder: Path) -> Speak:
    """The model, ready to speak, on one core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / "model.onnx"), sess_options=options, providers=["CPUExecutionProvider"]
    )
    vocabulary: dict[str, int] = json.loads((folder / "vocab.json").read_text("utf-8"))["vocab"]
    # What a sentence needed is given back after it: kept for the next one it is two hundred megabytes a process, and
    # without an arena speaking takes a third longer.
    once = onnxruntime.RunOptions()
    once.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    with np.load(folder / "voices.npz", allow_pickle=False) as file:
        styles: dict[str, NDArray[np.float32]] = {name: file[name].reshape(-1, 256) for name in file.files}

    english = functools.cache(kokoro_english.espeak)

    def speak(text: str, language: str, voice: str, speed: float) -> tuple[int, bytes]:
        style = styles[voice]
        symbols = phonemes(text) if language == "ko" else kokoro_english.phonemes(text, english())
        sounds = []
        known = [vocabulary[symbol] for symbol in symbols if symbol in vocabulary]
        for tokens in _parts(known, vocabulary[" "]):
            inputs = {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": style[min(len(tokens), len(style)) - 1][None].astype(np.float32),
                "speed": np.array([speed], np.float32),
            }
            sounds.append(np.asarray(session.run(None, inputs, once)[0], np.float32).ravel())
        sound = np.concatenate(sounds) if sounds else np.zeros(0, np.float32)
        return RATE, (np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes()

    return speak


def _parts(tokens: list[int], space: int) -> Iterator[list[int]]:
    """`tokens` in pieces that the model takes, parted at spaces where there are any."""
    while len(tokens) > _MOST_TOKENS:
        head = tokens[:_MOST_TOKENS]
        at = _MOST_TOKENS - head[::-1].index(space) if space in head else _MOST_TOKENS
        yield tokens[:at]
        tokens = tokens[at:]
    if tokens:
        yield tokens


def place(var: Path, folder: Path | None) -> Path:
    """The model's folder, put together from its packages if need be. Raises ModelFilesError."""
    paths = {"kokoro": folder} if folder else {}
    try:
        return resolve("kokoro", paths, var)
    except ModelFilesError:  # another worker may have put it together at the same moment
        return resolve("kokoro", paths, var)


if __name__ == "__main__":
    serve(lambda: load(place(Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] else None)))
