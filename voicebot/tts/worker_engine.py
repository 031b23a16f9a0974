"""What the engines that speak in worker processes share."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from voicebot.tts.port import EngineBusyError, EngineError, Sound
from voicebot.tts.worker_pool import WorkerError, WorkerPool, WorkersBusyError

START_LIMIT_S = 30.0
"""Seconds in which a worker has loaded its model and spoken its first text: 5 on two busy cores, 20 on worse ones."""


def module_command(module: str, *arguments: str) -> tuple[str, ...]:
    """What starts `module` of this package as a worker."""
    return (sys.executable, "-m", module, *arguments)


class SpeakingWorkers:
    """A pool of workers that answer with sound; see `worker_process`. Callable from any thread."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        install: str,
        workers: int,
        time_limit_s: float = 5.0,
        limit_s_a_character: float = 0.0,
        start_limit_s: float | None = None,
    ) -> None:
        """`name` is the engine's, and `install` the command that brings what it needs: errors tell both.

        A worker that gives no answer in `time_limit_s` plus `limit_s_a_character` for each of the text's characters is
        killed; for its first it has `start_limit_s`.
        """
        self._name = name
        self._install = install
        self._time_limit_s, self._limit_s_a_character = time_limit_s, limit_s_a_character
        self._pool = WorkerPool(command, size=workers, time_limit_s=time_limit_s, start_limit_s=start_limit_s)

    def say(self, request: Mapping[str, Any]) -> Sound:
        """The sound of one request, of which `text` is said. Raises EngineError."""
        limit = self._time_limit_s + self._limit_s_a_character * len(request["text"])
        try:
            answer = self._pool.ask(request, limit)
            if "error" not in answer:
                pcm = np.frombuffer(base64.b64decode(answer["pcm"]), "<i2").astype(np.int16)
                return Sound(pcm, int(answer["rate"]))
        except WorkersBusyError as error:
            raise EngineBusyError(
                f"{self._name} has too much to say at once ({error}); give it more cores, or fewer calls."
            ) from error
        except (WorkerError, KeyError, TypeError, ValueError) as error:
            raise EngineError(
                f"{self._name} could not speak ({error}); it is started again with the next text."
            ) from error
        if answer.get("missing"):
            raise EngineError(f"{self._name} can't be used ({answer['error']}); install what it needs: {self._install}")
        raise EngineError(f"{self._name} could not speak ({answer['error']}); try `voicebot doctor`.")

    def warm_up(self) -> None:
        """Start the first worker."""
        self._pool.warm_up()

    def close(self) -> None:
        """Stop the worker processes."""
        self._pool.close()


def printable(text: str) -> str:
    """`text` without control characters, which synthesisers take for commands, and without space around it."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


PITCHES = (0.8, 1.25)
"""Bounds of the relative pitch where it is changed by `at_pitch`: the formants move with it, so more of it would be
another person."""


def bounded_pitch(pitch: float) -> float:
    """`pitch` within PITCHES."""
    return min(PITCHES[1], max(PITCHES[0], pitch))


def at_pitch(sound: Sound, pitch: float) -> Sound:
    """`sound` played at `pitch` times its pitch and speed: what was spoken that much slower is at its own speed again.

    For synthesisers that know no pitch.
    """
    return Sound(sound.pcm, round(sound.rate * pitch))
