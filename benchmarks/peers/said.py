"""What is said to the bots: human speech, and the shop's questions in a synthetic voice that all listeners understand.

The MBROLA voice of benchmarks/speech is no fair test of Whisper, which hears half of its characters wrong, so questions
are spoken by Kokoro, made once and kept in var/peers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from voicebot import config
from voicebot.audio import mulaw
from voicebot.audio.format import Pcm
from voicebot.audio.resample import resample
from voicebot.audio.wav import read_wav, write_wav
from voicebot.tts.kokoro_engine import KokoroEngine
from voicebot.tts.port import Style

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "var" / "peers"

QUESTIONS = (
    "영업시간이 어떻게 되나요",
    "주소를 변경하려고 합니다",
    "포인트를 어떻게 사용하나요",
    "배송비는 얼마예요",
    "환불은 언제 되나요",
    "해외로도 보내 주시나요",
    "쿠폰은 어떻게 써요",
    "영수증은 어디서 받아요",
)
"""Of the shop: each is answered at once."""


def spoken(text: str, _language: str = "ko") -> Pcm:
    """The text, 8 kHz, as it comes out of a telephone."""
    path = KEPT / f"{text}.wav"
    if not path.exists():
        make([text])
    return mulaw.decode(mulaw.encode(read_wav(path)))


def make(texts: Sequence[str]) -> None:
    """Speak those that were not spoken yet."""
    wanted = [text for text in texts if not (KEPT / f"{text}.wav").exists()]
    if not wanted:
        return
    KEPT.mkdir(parents=True, exist_ok=True)
    configuration = config.load()
    engine = KokoroEngine(configuration.var, configuration.model_paths.get("kokoro"), workers=1)
    try:
        for text in wanted:
            sound = engine.synthesise(text, "ko", Style())
            loud = resample(sound.pcm, sound.rate, 8000)
            silence = np.zeros(1200, np.int16)
            write_wav(KEPT / f"{text}.wav", np.concatenate((silence, loud, silence)))
    finally:
        engine.close()


def shop_questions() -> list[str]:
    """What callers say in Korean in the shop's test dialogues."""
    found: dict[str, None] = {}
    for path in sorted((ROOT / "prompts/shop/ko/tests").glob("*.yaml")):
        for test in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            for turn in test["turns"]:
                if re.fullmatch(r"[가-힣 ?.,!]+", turn.get("caller", "")):
                    found[turn["caller"]] = None
    return list(found)
