"""A process that owns Supertonic's models; see `worker_process`.

Run as `python -m voicebot.tts.supertonic_worker FOLDER`. FOLDER holds what the catalogue's `supertonic` lists. A
request is `{"text", "language", "voice", "speed"}`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from voicebot.tts.worker_process import Speak, serve

STEPS = 8
"""Steps of the flow matching; the package's default."""


def load(folder: Path) -> Speak:
    """The models, ready to speak, on one core; nothing is fetched."""
    from supertonic import TTS

    speech = TTS(
        model="supertonic-3", model_dir=folder, auto_download=False, intra_op_num_threads=1, inter_op_num_threads=1
    )
    styles = {name: speech.get_voice_style(name) for name in speech.voice_style_names}

    def speak(text: str, language: str, voice: str, speed: float) -> tuple[int, bytes]:
        sound, _ = speech.synthesize(text, styles[voice], total_steps=STEPS, speed=speed, lang=language)
        return speech.sample_rate, (np.clip(sound.ravel(), -1, 1) * 32767).astype("<i2").tobytes()

    return speak


if __name__ == "__main__":
    serve(lambda: load(Path(sys.argv[1])))
