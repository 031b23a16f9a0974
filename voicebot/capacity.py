"""How many calls this machine holds well: measured at the start, by what listening costs here.

Listening is what a call costs. A call on which the caller talks 35 % of the time needs `0.35 * d + 0.012` of a core,
where `d` is the processor time that the first listener and its closer look take for a second of speech (measured here,
as calls listen, on a sentence of the pack's own voice), and 0.012 is the rest: frames both ways, voice detection,
turns, sound from the cache, and words decoded while the bot speaks (0.010 by `voicebot loadtest` on 2026-11-22: 0.0136
in all with callers who talked 28 % of the time, of which 0.28 * 0.0131 are listening as it is measured here; the rest
of 0.012 is the host's own). With 0.0131 a call costs 0.0166 of a core, and two cores hold 84. The cores are
filled to 70 % only: utterances come in bursts, and with two or more cores at 70 % a decoding waits for less than its
own length.
The second listener runs at low priority beside all that and gives way.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from voicebot.asr.port import Domain, Recogniser
from voicebot.audio.format import SAMPLE_RATE, Pcm

TALKING = 0.35
"""Share of a call in which the caller talks. Callers of support lines were measured at 30 to 40 %."""
REST = 0.012
"""Of a core: what a call costs beside listening."""
FILLED = 0.7
"""Of all cores: how far they may be filled."""
MOST = 1_000
"""Calls of one machine: beyond it other things bound it, such as its network."""

_BATCH_BYTES = SAMPLE_RATE // 10 * 2
"""100 ms, as calls decode where words are needed while they are said."""
_UNHEARD = 0.25
"""Of a core a second of speech, where no first listener knows the language and Whisper reads everything."""


@dataclass(frozen=True)
class Capacity:
    """What was measured, and what follows."""

    calls: int
    cores: float
    listening: float
    """Processor seconds a second of speech."""


def capacity(cores: float, listening: float) -> Capacity:
    """What `cores` hold where listening costs `listening` processor seconds a second of speech."""
    calls = int(cores * FILLED / (TALKING * listening + REST))
    return Capacity(max(1, min(calls, MOST)), round(cores, 2), round(listening, 4))


def measure(recogniser: Recogniser, domain: Domain, speech: Pcm) -> Capacity:
    """Listens to `speech`, some seconds of it, twice: the first time much is loaded. Takes some 0.2 s."""
    cost = 0.0
    sound = speech.tobytes()
    for _ in range(2):
        utterance = recogniser.listen(domain)
        if recogniser.streams(domain):
            for start in range(0, len(sound), _BATCH_BYTES):
                utterance.feed(sound[start : start + _BATCH_BYTES])
        else:
            utterance.take(sound)
        utterance.peek()
        cost = utterance.finish().cpu_seconds
    seconds = len(speech) / SAMPLE_RATE
    return capacity(cores(), cost / seconds if cost and seconds else _UNHEARD)


def cores() -> float:
    """Those that this process may use: by its affinity, and by its control group's quota."""
    allowed = float(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else float(os.cpu_count() or 1)
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return allowed if quota == "max" else min(allowed, int(quota) / int(period))
    except (OSError, ValueError):
        return allowed
