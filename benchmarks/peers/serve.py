"""`voicebot serve` with another way of listening: everything but the listening is ours.

    python benchmarks/peers/serve.py free-vosk PORT
    python benchmarks/peers/serve.py whisper-only PORT --python PEERS/bin/python --whisper FOLDER [--threads 2]

Settings as for `voicebot serve`, from the environment.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from recognisers import FreeVosk, PeerRecogniser, WhisperOnly

import voicebot.service
from asr_models import resolver
from voicebot import config
from voicebot.cli import app, commands  # noqa: F401


def recogniser(options: argparse.Namespace) -> PeerRecogniser:
    if options.listening == "free-vosk":
        configuration = config.load()
        return PeerRecogniser(FreeVosk(resolver.resolve("vosk-ko", configuration.model_paths, configuration.var)))
    return PeerRecogniser(WhisperOnly(options.python, options.whisper, "ko", options.threads))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("listening", choices=("free-vosk", "whisper-only"))
    parser.add_argument("port")
    parser.add_argument("--python", type=Path, help="of the environment with faster-whisper")
    parser.add_argument("--whisper", type=Path, help="folder of whisper-base")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    voicebot.service.open_recogniser = lambda *_arguments: recogniser(options)
    app(["serve", "--port", options.port])


if __name__ == "__main__":
    main()
