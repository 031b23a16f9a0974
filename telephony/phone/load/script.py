"""What callers do in a load test: scenarios of the simulated phone, held in the way and with the pauses of people.

Callers listen, think, speak, and now and then cut in. How long they think is log-normal with a median of 0.6 s and 95 %
within 1.4 s: set by hand, longer than people take with each other, and with a tail as theirs.
How much of a call they talk is given: who has talked less than that so far cuts the bot's answer short, who has talked
more thinks for longer.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from telephony.phone import scenario_file
from telephony.phone.scenario import HangUp, Play, Press, Say, Scenario
from voicebot.audio.format import Pcm
from voicebot.errors import VoicebotError

CALLERS = Path(__file__).parent / "callers"
"""The shop's callers: one YAML file each, and what they say."""

_THINKS_S, _THINKS_SPREAD, _THINKS_MOST_S = 0.6, 0.5, 3.0
_HEARS_LEAST_S, _HEARS_MOST_S = 0.8, 2.0
"""Of an answer that is cut short, between these."""
_TALKED_ENOUGH = 0.01
"""By how much more of a call than wanted somebody has to have talked to take the time to think."""
_PATIENCE_S = 2.0
"""That such a caller takes longer."""


class LoadScriptError(VoicebotError):
    """A scenario that load can't be made of."""


@dataclass(frozen=True)
class Act:
    """Something that a caller does when it is the caller's turn."""

    text: str
    """The words, or the keys."""
    clip: int = -1
    """Which of the voice's clips it is; -1 for keys."""


@dataclass(frozen=True)
class Script:
    """One caller's errand."""

    name: str
    acts: tuple[Act, ...]
    hangs_up: bool
    """Whether the caller ends the call after the last act; else waits to be handed over."""


@dataclass(frozen=True)
class Cast:
    """All errands, and all that is said in them."""

    scripts: tuple[Script, ...]
    recordings: tuple[tuple[str, Pcm], ...]
    """Text and 8 kHz samples of every clip."""


def cast(files: Sequence[Path], synthesise: Callable[[str, str], Pcm]) -> Cast:
    """The callers in scenario files: what they play, say and key. What they expect is another matter: answers are
    compared with those of an unloaded run. Raises ScenarioError and LoadScriptError."""
    recordings: dict[str, tuple[str, Pcm]] = {}
    scripts = []
    for path in files:
        scenario, sounds = scenario_file.load(path)
        scripts.append(_script(path, scenario, sounds, recordings, synthesise))
    return Cast(tuple(scripts), tuple(recordings.values()))


def _script(
    path: Path,
    scenario: Scenario,
    sounds: Mapping[str, Pcm],
    recordings: dict[str, tuple[str, Pcm]],
    synthesise: Callable[[str, str], Pcm],
) -> Script:
    acts: list[Act] = []
    hangs_up = False
    for step in scenario.steps:
        match step:
            case Play():
                key = str(path.parent / step.play)
                recordings.setdefault(key, (step.text or step.play, sounds[step.play]))
                acts.append(Act(recordings[key][0], list(recordings).index(key)))
            case Say():
                language = step.language or scenario.language
                key = f"{language}: {step.say}"
                if key not in recordings:
                    recordings[key] = (step.say, synthesise(step.say, language))
                acts.append(Act(step.say, list(recordings).index(key)))
            case Press():
                acts.append(Act(step.keys))
            case HangUp():
                hangs_up = True
            case _:
                pass
    if not acts:
        raise LoadScriptError(f"{path}: nobody says or keys anything in it; add a step such as play: question.wav.")
    return Script(scenario.name or path.stem, tuple(acts), hangs_up)


class Habits:
    """When one caller speaks. The same for the same seed."""

    def __init__(self, seed: int, share: float) -> None:
        """`share`: how much of the call this caller wants to talk, 0 to 1."""
        self._random, self._share = random.Random(seed), share

    def thinks_s(self, talked: float) -> float:
        """Seconds from the bot's last word to the caller's first. `talked`: the share of the call so far."""
        seconds = min(_THINKS_S * math.exp(_THINKS_SPREAD * self._random.gauss(0, 1)), _THINKS_MOST_S)
        return seconds + (_PATIENCE_S if talked > self._share + _TALKED_ENOUGH else 0.0)

    def hears_s(self) -> float:
        """Seconds of the bot's answer that the caller hears at least."""
        return self._random.uniform(_HEARS_LEAST_S, _HEARS_MOST_S)

    def cuts_in(self, talked: float) -> bool:
        """Whether the caller has heard enough then; `talked`: the share of the call so far."""
        return talked < self._share
