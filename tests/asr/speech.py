"""The shared clips, for tests that listen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from voicebot.asr.port import Domain, Recognition
from voicebot.audio import mulaw
from voicebot.audio.format import Pcm
from voicebot.audio.wav import read_wav

SPEECH = Path(__file__).parents[2] / "../shared/speech"

Hear = Callable[[bytes, Domain], Recognition]


def clips(folder: str) -> list[tuple[str, Pcm]]:
    """Text and telephone sound of the shared clips in a folder of Korean speech."""
    manifest = SPEECH / "manifest.jsonl"
    if not manifest.is_file():
        pytest.skip("../shared/speech is not here")
    entries = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    return [
        (entry["text"], mulaw.decode(mulaw.encode(read_wav(SPEECH / entry["path"]))))
        for entry in entries
        if entry["path"].startswith(f"ko/{folder}")
    ]
