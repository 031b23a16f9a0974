"""An engine for the tests of the voice: quick, and faulty on purpose."""

from __future__ import annotations

import threading

import numpy as np

from voicebot.tts.port import EngineError, Sound, Style


class ToneEngine:
    """Speaks every text as a tone between two stretches of silence: quick, and different for different texts."""

    languages = frozenset({"ko", "en"})
    concurrency = 2

    def __init__(self, name: str = "tone", *, rate: int = 22050, loudness: float = 0.2) -> None:
        self.name = name
        self.fingerprint = f"{name} 1"
        self.asked: list[tuple[str, str, Style]] = []
        self.broken = False
        self.gate = threading.Event()
        self.gate.set()
        self._rate, self._loudness = rate, loudness

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        self.asked.append((text, language, style))
        self.gate.wait(10)
        if self.broken:
            raise EngineError(f"{self.name} is broken on purpose.")
        seconds = max(0.3, 0.15 * len(text)) / style.rate
        time = np.arange(int(self._rate * seconds)) / self._rate
        tone = np.sin(2 * np.pi * (300 + sum(map(ord, text)) % 700) * time) * 32767 * self._loudness
        silence = np.zeros(self._rate // 2)
        return Sound(np.concatenate([silence, tone, silence]).astype(np.int16), self._rate)

    def warm_up(self) -> None:
        pass

    def close(self) -> None:
        pass
