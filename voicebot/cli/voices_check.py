"""`voicebot voices check`: how well each engine is understood over the telephone."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli.voices import AsJson, EngineOption, named_engine, voices

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.dialogue.pack import Pack
    from voicebot.tts.intelligibility import Hear, HeardPhrase
    from voicebot.tts.port import Engine

_ENOUGH = 10
"""Phrases from which on the figures decide which engine speaks."""
_LONGEST = 120
"""Characters: the second listener hears half a minute at a time."""
_WORST = 5
"""Phrases shown of each engine; `--json` has them all."""


@voices.command("check")
def check_voices(
    pack: Annotated[
        str | None, typer.Argument(help="Name or folder of the pack; the configured one by default.")
    ] = None,
    language: Annotated[str | None, typer.Option(help="Language: ko or en; all of the pack's by default.")] = None,
    engine: EngineOption = None,
    phrases: Annotated[int, typer.Option(help="Phrases of the pack to say in each voice.", min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Let the second listener hear the bot's own phrases as callers do, and tell which voice it misheard least.

    From 10 phrases on the figures are kept in var, and the engine that is understood best speaks from then on.
    """
    from voicebot import config
    from voicebot.errors import VoicebotError
    from voicebot.loading import open_pack
    from voicebot.tts import measured
    from voicebot.tts.engines import engines

    configuration = config.load(pack=pack, language=language)
    content = open_pack(configuration)
    languages = (language,) if language else tuple(content.languages)
    for wanted in languages:
        if wanted not in content.languages:
            raise VoicebotError(f"the pack {content.name} has no {wanted}; it has: {', '.join(content.languages)}.")
    hear = _second_listener(configuration)
    results: list[_Result] = []
    available: list[Engine] = []
    try:
        for wanted in languages:
            speaking = [named_engine(engine, configuration, wanted)] if engine else _all(engines(configuration), wanted)
            available += speaking
            said = _sample(content, wanted, phrases)
            results += [_checked(one, said, wanted, hear, quiet=as_json) for one in speaking]
    finally:
        for one in available:
            one.close()
    figures = [
        measured.figure_of(result.engine, result.language, result.error_rate, len(result.heard))
        for result in results
        if not result.problem and len(result.heard) >= _ENOUGH
    ]
    _keep(figures, configuration)
    if as_json:
        sys.stdout.write(json.dumps([result.described() for result in results], ensure_ascii=False, indent=2) + "\n")
    else:
        _print(results)
    if any(result.problem for result in results):
        raise typer.Exit(1)


class _Result:
    """Of one engine in one language."""

    def __init__(self, engine: Engine, language: str, heard: Sequence[HeardPhrase], problem: str) -> None:
        from voicebot.tts.intelligibility import error_rate

        self.engine, self.language, self.problem = engine, language, problem
        self.heard = sorted(heard, key=lambda phrase: -phrase.error_rate)
        self.error_rate = error_rate(heard)

    def described(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "engine": self.engine.name,
            "language": self.language,
            "error_rate": round(self.error_rate, 4),
            "phrases": [
                {"text": phrase.text, "heard": phrase.heard, "error_rate": round(phrase.error_rate, 4)}
                for phrase in self.heard
            ],
            "fingerprint": self.engine.fingerprint,
            "problem": self.problem,
        }


def _second_listener(configuration: Configuration) -> Hear:
    from asr_models import catalogue, resolver
    from voicebot.asr.whisper import WhisperModel, installed
    from voicebot.audio.format import Pcm
    from voicebot.errors import VoicebotError

    wanted = catalogue.model("whisper-base")
    found = resolver.find(wanted, configuration.model_paths, configuration.var)
    if found is None or not installed():
        raise VoicebotError(
            "voices are checked by the second listener, which is not here; install it with: pip install "
            f"'voicebot[whisper]', and {resolver.how_to_install(wanted).removeprefix('install it with: ')}."
        )
    model = WhisperModel(found.folder)

    def hear(pcm: Pcm, language: str) -> str:
        heard = model.transcribe(pcm, lambda _among, _known: language)
        return heard.readings[0].text if heard and heard.readings else ""

    return hear


def _all(available: Sequence[Engine], language: str) -> list[Engine]:
    return [engine for engine in available if language in engine.languages]


def _sample(pack: Pack, language: str, count: int) -> list[str]:
    """Of what the pack says without gaps but its own name, `count` phrases, evenly from all of it."""
    words = pack.languages[language]
    fixed = dict.fromkeys(
        text
        for variants in words.replies.values()
        for variant in variants
        if set(variant.paths) <= {"name"} and len(text := variant.render({"name": words.name}, language)) <= _LONGEST
    )
    every = list(fixed)
    count = min(count, len(every))
    return [every[number * len(every) // count] for number in range(count)]


def _checked(engine: Engine, phrases: Sequence[str], language: str, hear: Hear, *, quiet: bool) -> _Result:
    from voicebot.cli.progress import over
    from voicebot.tts.intelligibility import check
    from voicebot.tts.port import EngineError

    heard: list[HeardPhrase] = []
    try:
        for text in over(phrases, f"{engine.name} {language}", quiet=quiet):
            heard += check(engine, [text], language, hear)
    except EngineError as error:
        return _Result(engine, language, heard, str(error))
    return _Result(engine, language, heard, "")


def _keep(figures: Sequence[Any], configuration: Configuration) -> None:
    from voicebot.errors import VoicebotError
    from voicebot.tts import measured

    if not figures:
        return
    try:
        measured.keep(configuration.var, tuple(figures))
    except OSError as error:
        raise VoicebotError(
            f"{configuration.var / measured.FILE}: can't be written ({error.strerror}); check its permissions."
        ) from None


def _print(results: Sequence[_Result]) -> None:
    for result in sorted(results, key=lambda result: (result.language, result.error_rate)):
        if result.problem:
            sys.stdout.write(f"{result.language}  {result.engine.name:<10}  {result.problem}\n")
            continue
        count = len(result.heard)
        sys.stdout.write(f"{result.language}  {result.engine.name:<10}  {result.error_rate:6.1%} of {count} phrases\n")
        for phrase in result.heard[:_WORST]:
            if phrase.errors:
                sys.stdout.write(f"      {phrase.error_rate:4.0%}  {phrase.text}\n            {phrase.heard}\n")
