"""`voicebot voices read`: an engine reads a pack's recording script, in a speaker's place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from voicebot.cli.progress import bar
from voicebot.cli.voices import AsJson, EngineOption, named_engine, print_json, voices
from voicebot.cli.voices_recordings import LanguageOption, PackArgument, open_script

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.tts.port import Engine


@voices.command("read")
def read_command(
    pack: PackArgument = None,
    language: LanguageOption = None,
    engine: EngineOption = None,
    as_json: AsJson = False,
) -> None:
    """Let the best engine read the pack's recording script once, so that sentences can be joined without waiting.

    Only what is missing is read; stopped half-way, it goes on there the next time. The service does the same by itself
    while no call is running, where it is worth it. Exit status 1 where the engine fails.
    """
    from voicebot.tts.port import EngineError
    from voicebot.tts.recordings.reading import Readings

    script, content, configuration = open_script(pack, language)
    reader = _reader(engine, configuration, script.language)
    problem, done = "", None
    readings = Readings(configuration.var, content.name, reader, script)
    try:
        with bar("reading", quiet=as_json) as progress:
            done = readings.read(progress)
    except EngineError as error:
        problem = str(error)
    finally:
        reader.close()
    if as_json:
        told = {
            "engine": reader.name,
            "language": script.language,
            "new": done.new if done else None,
            "read": len(readings.there()),
            "lines": done.lines if done else None,
            "refused": list(done.refused) if done else [],
            "folder": str(readings.folder),
            "problem": problem,
        }
        print_json(told)
    else:
        for sentence in done.refused if done else (problem,):
            sys.stdout.write(f"{'refused' if done else 'problem'}: {sentence}\n")
        if done:
            sys.stdout.write(f"{done.there} of {done.lines} pieces read by {reader.name}, {done.new} of them now\n")
    if problem:
        raise typer.Exit(1)


def _reader(name: str | None, configuration: Configuration, language: str) -> Engine:
    """The engine of this name, or the best one. Raises VoicebotError."""
    from voicebot.errors import VoicebotError
    from voicebot.tts.engines import engines

    if name is not None:
        return named_engine(name, configuration, language)
    for engine in engines(configuration):
        if language in engine.languages:
            return engine
    raise VoicebotError(f"no voice speaks {language} here; see: voicebot voices list")
