"""faster-whisper as a process of its own, in an environment of its own (README.md): sound in, words out.

    python faster_whisper_worker.py MODEL LANGUAGE [THREADS]

A request is a line with the number of 8 kHz 16-bit samples and then those samples; the answer is a line of JSON with
`text`, `no_speech` (probability, of the segments the highest) and `cpu_s` (seconds of processor time). faster-whisper's
own defaults: a beam of 5, higher temperatures where a reading is doubtful.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import soxr
from faster_whisper import WhisperModel


def main() -> None:
    folder, language, threads = sys.argv[1], sys.argv[2], int((sys.argv[3:] or ["1"])[0])
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True)
    while line := sys.stdin.buffer.readline():
        began = time.process_time()
        pcm = np.frombuffer(sys.stdin.buffer.read(2 * int(line)), np.int16)
        sound = soxr.resample(pcm.astype(np.float32) / 32768, 8000, 16000)
        segments = list(model.transcribe(sound, language=language)[0])
        answer = {
            "text": " ".join(segment.text.strip() for segment in segments),
            "no_speech": max((segment.no_speech_prob for segment in segments), default=1.0),
            "cpu_s": time.process_time() - began,
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
