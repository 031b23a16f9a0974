"""A process that owns a Piper voice; see `worker_process`. Run as `python -m voicebot.tts.piper_worker MODEL`.

MODEL is a voice's .onnx file, its .onnx.json beside it. A request is `{"text", "rate"}` (relative speed).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from voicebot.tts.worker_process import Speak, serve


def load(model: Path) -> Speak:
    """The voice, ready to speak, on one core."""
    import onnxruntime
    from piper import PiperVoice, SynthesisConfig
    from piper.config import PiperConfig

    # PiperVoice.load would let onnxruntime take every core: calls need them, and one sentence gains nothing.
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # What a sentence needed is given back: kept for the next one it is a hundred megabytes a process.
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    session = onnxruntime.InferenceSession(str(model), sess_options=options, providers=["CPUExecutionProvider"])
    config = PiperConfig.from_dict(json.loads(Path(f"{model}.json").read_text("utf-8")))
    voice = PiperVoice(session=session, config=config)
    usual = config.length_scale

    def speak(text: str, rate: float) -> tuple[int, bytes]:
        chunks = voice.synthesize(text, SynthesisConfig(length_scale=usual / rate))
        return config.sample_rate, b"".join(chunk.audio_int16_bytes for chunk in chunks)

    return speak


if __name__ == "__main__":
    serve(lambda: load(Path(sys.argv[1])))
