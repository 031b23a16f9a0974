"""What the voice makes before anybody asks for it: a pack's phrases, and pieces from which sentences can be joined."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import structlog

from voicebot.carriers import carriers
from voicebot.config import Configuration
from voicebot.dialogue.pack import Pack
from voicebot.dialogue.replies import ReplyTemplate
from voicebot.errors import VoicebotError
from voicebot.monitoring.measured import MeasuredCache, MeasuredEngine
from voicebot.monitoring.service_metrics import ServiceMetrics
from voicebot.tts import recordings
from voicebot.tts.cache import SoundCache
from voicebot.tts.engines import engines, error_rates
from voicebot.tts.recordings.reading import Readings
from voicebot.tts.recordings.script import write_script
from voicebot.tts.speech_text import sentences
from voicebot.tts.voice import Phrase, TelephoneVoice

_log = structlog.get_logger()

PHRASES_WITHIN_S = 20.0
"""Seconds in which the best engine makes a version's phrases before it serves, the most urgent ones first. What it has
not made then is there in the next quicker voice, should the best one be too slow for a call, until there is time.
Kokoro needs minutes for a pack, Piper half a minute, espeak-ng four seconds."""
URGENT_WITHIN_S = 3.0
"""The same at the start of the service, for the urgent phrases alone: the first caller is answered within ten seconds.
The others are made while calls are taken already."""

_URGENT = (
    *("greeting", "go_ahead", "filler", "backend_slow", "help", "anything_else", "keypad_menu", "keypad_person"),
    *("hand_over", "goodbye", "apology", "offer_person", "cancelled", "backend_failed", "backend_late", "stuck"),
    *("confirm_intent",),
)
"""Replies that most calls hear, or that must not be late: their phrases are made first."""


_PROGRESS_EVERY_S = 1.0
"""Seconds after which it is told how many phrases were made."""


def open_voice(pack: Pack, configuration: Configuration, metrics: ServiceMetrics) -> TelephoneVoice:
    """The voice, with the pack's recordings."""
    found, problems = recordings.load((language, pack.folder / language / "recordings") for language in pack.languages)
    for problem in problems:
        _log.warning("a recording can't be used", problem=problem)
    available = engines(configuration)
    return TelephoneVoice(
        [MeasuredEngine(engine, metrics) for engine in available],
        MeasuredCache(configuration.var / "voices", metrics),
        found,
        error_rates=error_rates(available, configuration),
    )


def speak_first(pack: Pack, voice: TelephoneVoice, language: str, progress: Callable[[str], None]) -> None:
    """Make what most calls hear in `language`."""
    voice.warm_up([language])
    told_at = time.monotonic()

    def told(done: int, of: int) -> None:
        nonlocal told_at
        if done == of or time.monotonic() - told_at >= _PROGRESS_EVERY_S:
            told_at = time.monotonic()
            progress(f"phrases {done}/{of}")

    urgent = [Phrase(text, language) for text in _fixed(pack, language, _URGENT)]
    if failed := voice.prepare(urgent, told, URGENT_WITHIN_S):
        _log.warning("phrases could not be spoken ahead; see `voicebot voices list`", failed=failed, of=len(urgent))


def phrases(pack: Pack, first: str) -> list[Phrase]:
    """Everything a pack says that has no gaps to fill but its own name, in all its languages, `first` first.

    These are replies, and sentences of replies that have gaps elsewhere; what most calls hear comes first.
    """
    languages = sorted(pack.languages, key=lambda language: language != first)
    return [Phrase(text, language) for language in languages for text in _fixed(pack, language)]


def _fixed(pack: Pack, language: str, among: Collection[str] = ()) -> Iterator[str]:
    """`among`: of these replies alone; empty: of all."""
    words = pack.languages[language]
    said = [*words.replies.items(), *_said_in_experiments(pack, language)]
    said = [(name, variants) for name, variants in said if not among or name in among]
    urgent = {name: place for place, name in enumerate(_URGENT)}
    for _, variants in sorted(said, key=lambda reply: urgent.get(reply[0], len(urgent))):
        for variant in variants:
            if set(variant.paths) <= {"name"}:
                yield variant.render({"name": words.name}, language)
            else:
                yield from (text for text in sentences(variant.text, language) if "{" not in text)


def _said_in_experiments(pack: Pack, language: str) -> Iterator[tuple[str, tuple[ReplyTemplate, ...]]]:
    """Also of experiments that are not running: one may begin at any moment."""
    for experiment in pack.experiments.values():
        for override in experiment.overrides.values():
            yield from override.replies.get(language, {}).items()


def read_ahead(pack: Pack, voice: TelephoneVoice, language: str, var: Path, go_on: Callable[[], bool]) -> None:
    """Have the best engine read the pack's recording script, where that beats what is heard when it has no time.

    `go_on` is asked before each line, and may wait. Of several processes one reads; the others find it read.
    """
    if not voice.is_worth_reading(language):
        return
    script = write_script(carriers(pack, language), language)
    readings = Readings(var, pack.name, voice.engine(language), script)
    readings.add_to(voice.readings)
    try:
        with SoundCache(readings.folder).alone(lambda: not go_on()):
            readings.add_to(voice.readings)
            done = readings.read(go_on=go_on, told=lambda line: readings.add_to(voice.readings, (line,)))
    except VoicebotError as error:  # whole sentences are spoken as before
        _log.warning("the voice could not read the pack ahead", language=language, reason=str(error))
    else:
        if done.new:
            _log.info("read ahead", language=language, new=done.new, lines=done.there, of=done.lines)
