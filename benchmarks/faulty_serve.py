"""`voicebot serve` whose parts fail as a file says: for `benchmarks/faults.py` alone.

The file named in FAULTS has a line for each fault: `PART HOW TIMES`, such as `backend raise 1` or `backend sleep:4 1`.
Parts are wrapped at their ports, from outside; the service itself knows nothing of it.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FILE = Path(os.environ["FAULTS"])


def due(part: str) -> str:
    """How the part is to fail now; empty for not at all. Every time counts."""
    try:
        lines = [line.split() for line in FILE.read_text().splitlines()]
    except OSError:
        return ""
    for line in lines:
        if line and line[0] == part and int(line[2]) > 0:
            line[2] = str(int(line[2]) - 1)
            FILE.write_text("\n".join(" ".join(other) for other in lines))
            return line[1]
    return ""


def failing(kind: type, method: str, part: str) -> None:
    """Wrap a method."""
    original: Callable[..., Any] = getattr(kind, method)

    @functools.wraps(original)
    def wrapped(*arguments: Any, **named: Any) -> Any:
        how = due(part)
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
    failing(KeptCalls, "keep", "keeping")
    command_line()


if __name__ == "__main__":
    main()
