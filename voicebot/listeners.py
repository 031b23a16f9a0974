"""The listeners that the configuration and this machine allow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import structlog

from asr_models import catalogue, resolver
from voicebot.asr.second_listener import TwoListeners, open_second_listener
from voicebot.asr.second_listener_admission import Pressing, Pressure
from voicebot.asr.verification import Thresholds
from voicebot.asr.vosk_listener import VoskRecogniser
from voicebot.config import Configuration
from voicebot.dialogue.pack import Pack
from voicebot.errors import VoicebotError

_log = structlog.get_logger(__name__)

_VOSK_MODELS: Mapping[str, str] = {"ko": "vosk-ko", "en": "vosk-en-small"}


def open_first(pack: Pack, configuration: Configuration) -> VoskRecogniser | None:
    """The first listener for the pack's languages; None where no model for any is installed.

    Starts no thread: a process may be forked after it, and shares its memory. Raises ModelError, ModelFilesError.
    """
    models = {
        language: folder
        for language in pack.languages
        if (folder := _found(_VOSK_MODELS[language], configuration)) is not None
    }
    if not models:
        return None
    from voicebot.trained import find_trained

    trained = find_trained(pack)
    fitted = trained.verification() if trained else None
    thresholds = Thresholds(**{**(fitted or {}).get("thresholds", {}), **pack.verification})
    return VoskRecogniser(models, thresholds=thresholds, verification=fitted)


def open_recogniser(
    pack: Pack,
    configuration: Configuration,
    first: VoskRecogniser | None = None,
    *,
    pressing: Pressing = Pressure,
) -> TwoListeners:
    """Both listeners. Without any for the service's own language, raises ModelFilesError.

    `first` is one that `open_first` made, to be shared; else it is opened here. `pressing` tells how hard live calls
    press: the second listener is not asked at their cost.
    """
    first = first or open_first(pack, configuration)
    known = first.languages if first else frozenset()
    second = None
    if configuration.second_listener:
        try:
            second = open_second_listener(_found("whisper-base", configuration))
        except VoicebotError as error:
            if configuration.language not in known:
                raise
            _log.error("the second listener can't be used", reason=str(error))
    if configuration.language not in known and second is None:
        resolver.resolve(_VOSK_MODELS[configuration.language], configuration.model_paths, configuration.var)
    return TwoListeners(first, second, first_languages=known, pressing=pressing)


def _found(name: str, configuration: Configuration) -> Path | None:
    found = resolver.find(catalogue.model(name), configuration.model_paths, configuration.var)
    return found.folder if found else None
