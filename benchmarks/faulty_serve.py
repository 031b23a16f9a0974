"""`voicebot serve` whose parts fail as a file says: for `benchmarks/faults.py` alone.

The folder named in FAULTS has a file for each call that meets faults, named by its CallSid, with a line for each:
`PART HOW TIMES`, such as `backend raise 1` or `backend sleep:4 1`. Other calls of the service meet none.
Parts are wrapped at their ports, from outside; the service itself knows nothing of it.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

FOLDER = Path(os.environ["FAULTS"])


def due(part: str, call_id: str) -> str:
    """How the part is to fail now; empty for not at all. Every time counts."""
    file = FOLDER / call_id
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return ""
    for line in lines:
        if line and line[0] == part and int(line[2]) > 0:
            line[2] = str(int(line[2]) - 1)
            file.write_text("\n".join(" ".join(other) for other in lines))
            return line[1]
    return ""


def _of_context(*_: Any) -> str:
    return str(structlog.contextvars.get_contextvars().get("call", "none"))


def failing(kind: type, method: str, part: str, call_of: Callable[..., str] = _of_context) -> None:
    """Wrap a method. `call_of`: of which call its arguments are; by default the one that is being worked for."""
    original: Callable[..., Any] = getattr(kind, method)

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        how = due(part, call_of(*arguments))
        if how.startswith("sleep:"):
            time.sleep(float(how[6:]))
        elif how == "raise":
            raise ZeroDivisionError(f"fault in {part}")
        return original(*arguments, **named)

    setattr(kind, method, wrapped)


def main() -> None:
    from voicebot.asr.vosk_listener import VoskUtterance
    from voicebot.backends.shop_demo import ShopDemo
    from voicebot.call.continuing import KeptCalls
    from voicebot.cli import main as command_line
    from voicebot.dialogue.engine import Dialogue
    from voicebot.tts.voice import TelephoneVoice

    failing(ShopDemo, "call", "backend")
    failing(Dialogue, "turn", "engine")
    failing(VoskUtterance, "feed", "decoding")
    failing(VoskUtterance, "finish", "recogniser")
    failing(TelephoneVoice, "speak", "voice")
    failing(KeptCalls, "keep", "keeping", lambda _kept, call_id, *_: str(call_id))
    command_line()


if __name__ == "__main__":
    main()
