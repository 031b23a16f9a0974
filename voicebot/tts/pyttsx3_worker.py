"""A process that owns pyttsx3: JSON lines in, JSON lines out. Run as `python -m voicebot.tts.pyttsx3_worker`.

A request is `{"text", "voice", "rate", "pitch"}` (words a minute; pitch 0 to 99); the answer `{"rate", "pcm"}` (Hertz;
base64 of 16-bit little-endian samples) or `{"error", "missing"}`, where `missing` says that the library is not there.

What pyttsx3 2.99 does on Linux, as found by trying it with espeak-ng 1.51, and why this module looks as it does:

- Its driver keeps one espeak for the whole process and calls back from a loop of its own, so nobody shares the process.
- `save_to_file` hands its "file name" to `wave.open`, which takes a file object as well: no file is written, so a full
  disk can't stop speech. An error inside that callback would be swallowed and `runAndWait` would never return; so would
  an empty text. The process outside sets a time limit and kills.
- `runAndWait` waits 10 ms, not for the speech: espeak works in a thread of its own, and the loop ends with the queue.
  Under load, or with a long text, nothing was saved yet when it returns. Only the notification `finished-utterance`,
  which comes after the saving, tells.
- `save_to_file` needs neither aplay nor ffmpeg (only `say` does). It prints a line on standard output each time, so
  standard output is moved out of its way.
- The property `rate` comes an utterance late, or not at all, once the voice was set more than once. espeak's embedded
  commands (Control-A, value, letter: `S` speed, `P` pitch; espeak-ng, docs/markup.md) are always obeyed.
- Voices can be named by their file in any version (`ko`, `gmw/en-us`); `ko` and `en-us` work as languages too.
"""

from __future__ import annotations

import base64
import io
import json
import os
import queue
import sys
import threading
import wave
from typing import Any, TextIO


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        import pyttsx3

        speech = pyttsx3.init(driverName="espeak")
        finished = threading.Event()
        speech.connect("finished-utterance", lambda name, completed: finished.set())  # noqa: ARG005  (called by name)
    except Exception as error:  # whatever the library throws: the answer tells it
        speech, failure = None, f"{type(error).__name__}: {error}"
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin, requests), daemon=True).start()
    while True:
        request = json.loads(requests.get())
        if speech is None:
            answer: dict[str, Any] = {"error": failure, "missing": True}
        else:
            answer = _speak(speech, finished, **request)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _read(stream: TextIO, requests: queue.SimpleQueue[str]) -> None:
    """Pass lines on. When the stream ends, so does the process, even where espeak hangs: nobody listens any more."""
    for line in stream:
        requests.put(line)
    os._exit(0)


def _speak(speech: Any, finished: threading.Event, text: str, voice: str, rate: int, pitch: int) -> dict[str, Any]:
    file = io.BytesIO()
    try:
        finished.clear()
        speech.setProperty("voice", voice)
        speech.save_to_file(f"\x01{rate}S \x01{pitch}P {text}", file)
        speech.runAndWait()
        finished.wait()
        file.seek(0)
        with wave.open(file, "rb") as sound:
            pcm = sound.readframes(sound.getnframes())
            return {"rate": sound.getframerate(), "pcm": base64.b64encode(pcm).decode("ascii")}
    except Exception as error:  # pyttsx3 documents no errors of its own
        return {"error": f"{type(error).__name__}: {error}", "missing": False}


if __name__ == "__main__":
    main()
