"""The inside of a worker process: JSON lines in, JSON lines out, one text after the other.

A request is `{"text", ...}`; the answer `{"rate", "pcm"}` (Hertz; base64 of 16-bit little-endian samples) or `{"error",
"missing"}`, where `missing` says that what the engine needs is not there.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

Speak = Callable[..., tuple[int, bytes]]
"""Called with a request's fields; gives the rate in Hertz and 16-bit little-endian samples."""


def serve(load: Callable[[], Speak]) -> None:
    """Answer requests until standard input ends, with the synthesiser that `load` loads at once.

    What the synthesiser prints goes to standard error, and it may raise what it likes: the answer tells it.
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    requests: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin, requests), daemon=True).start()
    speak, failure = None, ""
    try:
        speak = load()
    except Exception as error:  # whatever the library throws
        failure = f"{type(error).__name__}: {error}"
    while True:
        request: dict[str, Any] = json.loads(requests.get())
        answer: dict[str, Any] = {"error": failure, "missing": True}
        if speak is not None:
            try:
                rate, pcm = speak(**request)
                answer = {"rate": rate, "pcm": base64.b64encode(pcm).decode("ascii")}
            except Exception as error:  # synthesisers document no errors of their own
                answer = {"error": f"{type(error).__name__}: {error}", "missing": False}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _read(stream: TextIO, requests: queue.SimpleQueue[str]) -> None:
    """Pass lines on. When the stream ends, so does the process, even where a library hangs: nobody listens any more."""
    for line in stream:
        requests.put(line)
    os._exit(0)
