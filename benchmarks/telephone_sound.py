"""What lifting consonants does for speech on a noisy line: the second listener's errors for several amounts.

    python benchmarks/telephone_sound.py MODEL [--phrases 80] [--lift 3 --lift 6 --lift 9] [--noise 15 --noise 10]

MODEL is the folder of whisper-base (`voicebot models list` tells it). Phrases of the four packs in every English engine
that is here, and read Korean of people from ../shared/speech, are treated as for callers, with so many dB between 2 and
3.2 kHz, and pass a G.712 band, noise so many dB below the speech (none first), and mu-law. `before` is the level alone.
Results: docs/decisions/telephone-sound.md. Fifteen minutes of a core.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from rapidfuzz.distance import Levenshtein

from voicebot import config
from voicebot.asr.whisper import WhisperModel
from voicebot.audio import mulaw
from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.resample import resample
from voicebot.audio.wav import read_wav
from voicebot.dialogue.pack import load_pack
from voicebot.tts.engines import installed
from voicebot.tts.port import NORMAL, Sound
from voicebot.tts.speech_text import sentences, spoken
from voicebot.tts.telephone import SPEECH_LEVEL, fade, level, shape, trim

ROOT = Path(__file__).parents[1]
SPEECH = ROOT.parent / "shared" / "speech"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--phrases", type=int, default=80)
    parser.add_argument("--lift", type=float, action="append", help="dB; 3, 6 and 9 by default")
    parser.add_argument("--noise", type=float, action="append", help="dB below the speech; 15 and 10 by default")
    options = parser.parse_args()
    model = WhisperModel(options.model)
    lifts = [None, *(options.lift or (3.0, 6.0, 9.0))]
    voices = {**_engines(options.phrases), **_people(options.phrases * 2 // 3)}
    for noise in (None, *(options.noise or (15.0, 10.0))):
        for name, (language, spoken_texts) in voices.items():
            print("no noise" if noise is None else f"{noise:g} dB", name, end="", flush=True)
            for lift in lifts:
                rate = _errors(model, language, spoken_texts, lift, noise)
                print(f"  {'before' if lift is None else f'+{lift:g} dB'} {rate:.3f}", end="", flush=True)
            print()
    return 0


Spoken = Sequence[tuple[str, Sound]]


def _engines(count: int) -> dict[str, tuple[str, Spoken]]:
    texts = {
        text
        for pack in ("shop", "bank", "civic", "hr")
        for variants in load_pack(ROOT / "prompts", pack).languages["en"].replies.values()
        for variant in variants
        for text in sentences(variant.text, "en")
        if 12 <= len(text) <= 90 and not set("{}<0123456789") & set(text)
    }
    chosen = random.Random(5).sample(sorted(texts), count)
    found: dict[str, tuple[str, Spoken]] = {}
    for engine in installed(config.load()):
        if "en" in engine.languages:
            said = [(text, engine.synthesise(spoken(text, "en"), "en", NORMAL)) for text in chosen]
            found[f"{engine.name} en"] = ("en", said)
        engine.close()
    return found


def _people(count: int) -> dict[str, tuple[str, Spoken]]:
    if not SPEECH.is_dir():
        return {}
    clips = [json.loads(line) for line in (SPEECH / "manifest.jsonl").read_text("utf-8").splitlines()]
    zeroth = [clip for clip in clips if "zeroth" in clip["path"]]
    chosen = random.Random(5).sample(zeroth, min(count, len(zeroth)))
    return {
        "people ko": ("ko", [(clip["text"], Sound(read_wav(SPEECH / clip["path"]), SAMPLE_RATE)) for clip in chosen])
    }


def _errors(model: WhisperModel, language: str, said: Spoken, lift: float | None, noise: float | None) -> float:
    wrong = characters = 0
    for text, sound in said:
        heard = model.transcribe(_line(_treated(sound, lift), noise), lambda _among, _known: language)
        meant = _plain(spoken(text, language))
        read = _plain(spoken(heard.readings[0].text, language)) if heard and heard.readings else ""
        wrong += min(len(meant), Levenshtein.distance(read, meant))
        characters += len(meant)
    return wrong / characters


def _treated(sound: Sound, lift: float | None) -> Pcm:
    pcm = trim(resample(np.ascontiguousarray(sound.pcm), sound.rate, SAMPLE_RATE))
    return fade(level(pcm if lift is None else shape(pcm, presence_db=lift)))


def _line(pcm: Pcm, noise: float | None) -> Pcm:
    carried = shape(pcm, presence_db=0.0)
    if noise is not None:
        hiss = shape((np.random.default_rng(len(pcm)).normal(0, 3000, len(pcm))).astype(np.int16), presence_db=0.0)
        carried = carried + hiss / hiss.std() * 32768 * 10 ** ((SPEECH_LEVEL - noise) / 20)
    return mulaw.decode(mulaw.encode(np.round(np.clip(carried, -32768, 32767)).astype(np.int16)))


def _plain(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


if __name__ == "__main__":
    raise SystemExit(main())
