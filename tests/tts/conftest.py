"""The real engine, where its library is there."""

from __future__ import annotations

import ctypes.util
from collections.abc import Iterator

import pytest

from voicebot.tts.pyttsx3_engine import Pyttsx3Engine


@pytest.fixture(scope="session")
def pyttsx3_engine() -> Iterator[Pyttsx3Engine]:
    if not ctypes.util.find_library("espeak-ng"):
        pytest.skip("libespeak-ng1 is not installed (sudo apt-get install -y libespeak-ng1)")
    engine = Pyttsx3Engine(workers=2, time_limit_s=20)
    yield engine
    engine.close()
