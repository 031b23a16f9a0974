"""A process that owns pyttsx3; see `worker_process`. Run as `python -m voicebot.tts.pyttsx3_worker`.

A request is `{"text", "voice", "rate", "pitch"}` (words a minute; pitch 0 to 99).

What pyttsx3 2.99 does on Linux, as found by trying it with espeak-ng 1.51, and why this module looks as it does:

- Its driver keeps one espeak for the whole process and calls back from a loop of its own, so nobody shares the process.
- `save_to_file` hands its "file name" to `wave.open`, which takes a file object as well: no file is written, so a full
  disk can't stop speech. An error inside that callback would be swallowed and `runAndWait` would never return; so would
  an empty text. The process outside sets a time limit and kills.
- `runAndWait` waits 10 ms, not for the speech: espeak works in a thread of its own, and the loop ends with the queue.
  Under load, or with a long text, nothing was saved yet when it returns. Only the notification `finished-utterance`,
  which comes after the saving, tells.
- Of the second and later texts of a process one in a hundred comes out empty under load: it is told to be finished
  before anything of it was made, as if by the end of the text before it. It is said again, once espeak is at rest.
- `save_to_file` needs neither aplay nor ffmpeg (only `say` does). It prints a line on standard output each time, so
  standard output is moved out of its way.
- The property `rate` comes an utterance late, or not at all, once the voice was set more than once. espeak's embedded
  commands (Control-A, value, letter: `S` speed, `P` pitch; espeak-ng, docs/markup.md) are always obeyed.
- Voices can be named by their file in any version (`ko`, `gmw/en-us`); `ko` and `en-us` work as languages too.
"""

from __future__ import annotations

import io
import threading
import wave

from voicebot.tts.worker_process import Speak, serve

_TRIES = 3


def load() -> Speak:
    """pyttsx3, ready to speak."""
    import pyttsx3
    from pyttsx3.drivers import _espeak

    speech = pyttsx3.init(driverName="espeak")
    finished = threading.Event()
    speech.connect("finished-utterance", lambda name, completed: finished.set())  # noqa: ARG005  (called by name)

    def said(text: str, voice: str) -> tuple[int, bytes]:
        file = io.BytesIO()
        finished.clear()
        speech.setProperty("voice", voice)
        speech.save_to_file(text, file)
        speech.runAndWait()
        finished.wait()
        _espeak.Synchronize()
        file.seek(0)
        with wave.open(file, "rb") as sound:
            return sound.getframerate(), sound.readframes(sound.getnframes())

    def speak(text: str, voice: str, rate: int, pitch: int) -> tuple[int, bytes]:
        hertz, samples = 0, b""
        for _ in range(_TRIES):
            hertz, samples = said(f"\x01{rate}S \x01{pitch}P {text}", voice)
            if samples:
                break
        return hertz, samples

    return speak


if __name__ == "__main__":
    serve(load)
