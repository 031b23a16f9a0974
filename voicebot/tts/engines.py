"""The engines that this installation can speak with, and which of them speaks which language."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asr_models import catalogue, resolver
from asr_models.errors import ModelFilesError
from voicebot.config import Configuration, ConfigurationError
from voicebot.tts import kokoro_english, mbrola_engine, measured
from voicebot.tts.command_engine import CommandEngine
from voicebot.tts.kokoro_engine import KokoroEngine
from voicebot.tts.mbrola_engine import MbrolaEngine
from voicebot.tts.piper_engine import PiperEngine
from voicebot.tts.port import Engine, EngineError, Sound, Style
from voicebot.tts.pyttsx3_engine import INSTALL as PYTTSX3_INSTALL
from voicebot.tts.pyttsx3_engine import Pyttsx3Engine
from voicebot.tts.supertonic_engine import SupertonicEngine
from voicebot.tts.waits import ErrorRates

LANGUAGES = ("ko", "en")
WORKERS = max(1, min(4, (os.cpu_count() or 1) // 2))
"""Texts that a neural engine speaks at once: calls need the other cores, and memory is short too."""


@dataclass(frozen=True)
class Kind:
    """An engine that there may be."""

    name: str
    languages: tuple[str, ...]
    licence: str
    """Of program and voice together, in a few words."""
    install: str
    """What brings it here."""
    open: Callable[[Configuration], Engine | None]
    """The engine; None where what it needs is not here. Starts nothing."""


class OneLanguage:
    """An engine in one of its languages: its place among the others may differ from language to language."""

    def __init__(self, engine: Engine, language: str) -> None:
        """Its workers stay shared between the languages."""
        self.engine = engine
        self.name, self.fingerprint, self.concurrency = engine.name, engine.fingerprint, engine.concurrency
        self.languages = frozenset({language})

    def synthesise(self, text: str, language: str, style: Style) -> Sound:
        """As the engine does."""
        return self.engine.synthesise(text, language, style)

    def warm_up(self) -> None:
        """As the engine does."""
        self.engine.warm_up()

    def close(self) -> None:
        """As the engine does; nothing happens the second time."""
        self.engine.close()


def _kokoro(configuration: Configuration) -> Engine | None:
    paths = configuration.model_paths
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    if not resolver.is_here(catalogue.model("kokoro"), paths, configuration.var):
        return None
    languages = LANGUAGES if kokoro_english.library() is not None else ("ko",)
    return KokoroEngine(configuration.var, paths.get("kokoro"), languages=languages, workers=WORKERS)


def _piper(configuration: Configuration) -> Engine | None:
    folder = _folder("piper-en", "piper", configuration)
    return PiperEngine(folder.folder, workers=WORKERS) if folder else None


def _supertonic(configuration: Configuration) -> Engine | None:
    folder = _folder("supertonic", "supertonic", configuration)
    return SupertonicEngine(folder.folder, workers=WORKERS) if folder else None


def _folder(model: str, module: str, configuration: Configuration) -> resolver.Found | None:
    if importlib.util.find_spec(module) is None:
        return None
    return resolver.find(catalogue.model(model), configuration.model_paths, configuration.var)


def _command(configuration: Configuration) -> Engine | None:
    return CommandEngine(configuration.voice_command) if configuration.voice_command else None


KINDS: tuple[Kind, ...] = (
    Kind(
        "command",
        LANGUAGES,
        "the program's",
        "set voice_command to a program that turns text into a WAV file",
        _command,
    ),
    Kind(
        "supertonic",
        ("ko", "en"),
        "MIT, weights OpenRAIL-M",
        "pip install 'voicebot[supertonic]' && voicebot models install supertonic",
        _supertonic,
    ),
    Kind("piper", ("en",), "GPL-3.0, voice CC0", "pip install 'voicebot[piper]'", _piper),
    Kind("kokoro", LANGUAGES, "Apache-2.0", "pip install 'voicebot[kokoro]'", _kokoro),
    Kind(
        "mbrola",
        ("ko",),
        "AGPL-3.0, voice not for sale",
        mbrola_engine.INSTALL,
        lambda _configuration: MbrolaEngine() if mbrola_engine.is_installed() else None,
    ),
    Kind(
        "pyttsx3", ("ko", "en"), "MPL-2.0, espeak-ng GPL-3.0", PYTTSX3_INSTALL, lambda _configuration: Pyttsx3Engine()
    ),
)
"""All that are known. Of those that are understood equally well the one that stands first here speaks: the quicker."""


def kind(name: str) -> Kind:
    """The engine of this name. Raises ConfigurationError."""
    for known in KINDS:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in KINDS)
    raise ConfigurationError(f"there is no voice engine called {name!r}; the engines are: {names}.")


def installed(configuration: Configuration) -> tuple[Engine, ...]:
    """One of each that is here. Cheap: nothing is started before something is to be spoken.

    Raises ConfigurationError where the configuration names something that can't be.
    """
    try:
        found = [known.open(configuration) for known in KINDS]
    except (EngineError, ModelFilesError) as error:
        raise ConfigurationError(str(error)) from None
    return tuple(engine for engine in found if engine is not None)


def engines(configuration: Configuration) -> tuple[Engine, ...]:
    """The engines that are here, each language's best first: the configured one, then by how well they are understood.

    An engine of two languages stands here twice. Raises ConfigurationError where the setting `voices` names an engine
    that is not here, or does not speak that language.
    """
    here = installed(configuration)
    ordered = [
        OneLanguage(engine, language) for language in LANGUAGES for engine in _order(here, language, configuration)
    ]
    return tuple(ordered)


def error_rates(available: Sequence[Engine], configuration: Configuration) -> ErrorRates:
    """How much of each engine is misheard, in each of its languages."""
    figures = measured.load(configuration.var)
    return {
        (engine.name, language): measured.error_rate(engine, language, figures)
        for engine in available
        for language in engine.languages
    }


def _order(here: Sequence[Engine], language: str, configuration: Configuration) -> list[Engine]:
    speaking = [engine for engine in here if language in engine.languages]
    chosen = configuration.voices.get(language)
    if chosen is not None and chosen not in (engine.name for engine in speaking):
        known = kind(chosen)
        if language not in known.languages:
            raise ConfigurationError(
                f"voices.{language} = {chosen!r}: it does not speak that language; choose another."
            )
        raise ConfigurationError(f"voices.{language} = {chosen!r} is not installed here; bring it: {known.install}.")
    figures = measured.load(configuration.var)

    def merit(engine: Engine) -> tuple[bool, float]:
        # One in a hundred is within what thirty phrases can tell.
        return engine.name != chosen, round(measured.error_rate(engine, language, figures), 2)

    return sorted(speaking, key=merit)
