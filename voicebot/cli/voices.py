"""`voicebot voices`: which voices speak here, and how a text sounds in them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.audio.format import Pcm
    from voicebot.config import Configuration
    from voicebot.tts.port import Engine
    from voicebot.tts.recordings import Recordings

voices = typer.Typer(no_args_is_help=True, help="The bot's voices.")
app.add_typer(voices, name="voices")

EngineOption = Annotated[str | None, typer.Option(help="Name of one engine, as in `voicebot voices list`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_PATIENCE_S = 60.0
"""Nobody is on the line: an engine that has to load may do so."""
_SAMPLES = {"ko": "안녕하세요.", "en": "Hello."}


@voices.command("list")
def list_voices(as_json: AsJson = False) -> None:
    """List engines and recordings for each language; exit status 1 where the configured language has no voice.

    The engines of a language stand in the order in which they are asked; then those that could be installed.
    """
    from voicebot import config
    from voicebot.tts import measured
    from voicebot.tts.engines import KINDS, LANGUAGES, engines

    configuration = config.load()
    recordings, problems = _recordings(configuration)
    figures = measured.load(configuration.var)
    available = engines(configuration)
    rows: list[dict[str, Any]] = []
    for language in LANGUAGES:
        if count := sum(spoken == language for spoken, _ in recordings.texts):
            rows.append(_row("recordings", language, "here", note=f"{count} texts"))
        speaking = [engine for engine in available if language in engine.languages]
        for engine in speaking:
            state, note = _state(engine, language)
            rows.append(_row(engine.name, language, state, measured.error_rate(engine, language, figures), note))
        here = {engine.name for engine in speaking}
        for known in KINDS:
            if known.name not in here and language in known.languages:
                error_rate = measured.RELEASE.get((known.name, language))
                rows.append(_row(known.name, language, "absent", error_rate, f"{known.install} ({known.licence})"))
    for engine in available:
        engine.close()
    if as_json:
        print_json({"voices": rows, "problems": list(problems)})
    else:
        for row in rows:
            misheard = "" if row["error_rate"] is None else f"{row['error_rate']:4.0%} misheard"
            sys.stdout.write(
                f"{row['language']}  {row['voice']:<10}  {row['state']:<6}  {misheard:<13}  {row['note']}\n"
            )
        for problem in problems:
            sys.stdout.write(f"recording: {problem}\n")
    if not any(
        row["state"] == "here" and row["voice"] != "recordings"
        for row in rows
        if row["language"] == configuration.language
    ):
        raise typer.Exit(1)


@voices.command("try")
def try_voice(
    text: Annotated[str, typer.Argument(help="What to say, as a reply would write it.")],
    language: Annotated[str | None, typer.Option(help="Language: ko or en; the configured one by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a WAV file instead of playing it here.")] = None,
    rate: Annotated[float, typer.Option(help="Relative speed.", min=0.5, max=2.0)] = 1.0,
    engine: EngineOption = None,
    as_json: AsJson = False,
) -> None:
    """Say a text as callers would hear it, and show it in words."""
    import time

    from voicebot import config
    from voicebot.audio.format import milliseconds
    from voicebot.audio.wav import write_wav
    from voicebot.tts.cache import SoundCache
    from voicebot.tts.engines import engines
    from voicebot.tts.port import Style
    from voicebot.tts.recordings import Recordings
    from voicebot.tts.speech_text import spoken
    from voicebot.tts.voice import TelephoneVoice

    configuration = config.load(language=language)
    language = configuration.language
    recordings, _ = _recordings(configuration) if engine is None else (Recordings(), ())
    available = engines(configuration) if engine is None else (named_engine(engine, configuration, language),)
    voice = TelephoneVoice(
        available, SoundCache(configuration.var / "voices"), recordings, patience_s=_PATIENCE_S, give_up_s=_PATIENCE_S
    )
    style = Style(rate=rate)
    try:
        was_ready = voice.is_ready(text, language, style)
        started = time.monotonic()
        pcm = voice.speak(text, language, style)
        took_ms = round((time.monotonic() - started) * 1000)
        if not len(pcm) and any(map(str.isalnum, spoken(text, language))):
            for silent in available:
                silent.synthesise(spoken(text, language), language, style)
    finally:
        voice.close()
    said = {
        "text": text,
        "language": language,
        "spoken": spoken(text, language),
        "sound_ms": milliseconds(pcm),
        "took_ms": took_ms,
        "was_ready": was_ready,
        "file": str(out) if out else None,
    }
    if out is not None:
        write_wav(out, pcm)
    if as_json:
        print_json(said)
    else:
        where = "cached or recorded" if was_ready else "new"
        sys.stdout.write(f"{said['spoken']}\n{said['sound_ms']} ms of sound in {took_ms} ms ({where})\n")
    if out is None:
        _play(pcm)


def named_engine(name: str, configuration: Configuration, language: str) -> Engine:
    """The engine of this name, if it is here and speaks `language`. Raises VoicebotError."""
    from voicebot.errors import VoicebotError
    from voicebot.tts.engines import installed, kind

    known = kind(name)
    if language not in known.languages:
        raise VoicebotError(f"{name} does not speak {language}; it speaks {', '.join(known.languages)}.")
    for engine in installed(configuration):
        if engine.name == name:
            return engine
    raise VoicebotError(f"{name} is not installed here; bring it: {known.install}.")


def _row(voice: str, language: str, state: str, error_rate: float | None = None, note: str = "") -> dict[str, Any]:
    return {"voice": voice, "language": language, "state": state, "error_rate": error_rate, "note": note}


def _state(engine: Engine, language: str) -> tuple[str, str]:
    from voicebot.tts.port import NORMAL, EngineError

    try:
        engine.synthesise(_SAMPLES[language], language, NORMAL)
    except EngineError as error:
        return "fails", str(error)
    return "here", engine.fingerprint


def _recordings(configuration: Configuration) -> tuple[Recordings, tuple[str, ...]]:
    """The configured pack's recordings, and what is wrong with some of them."""
    from voicebot.loading import content_folder
    from voicebot.tts.recordings import load

    named = Path(configuration.pack)
    folder = named if len(named.parts) > 1 else content_folder(configuration) / configuration.pack
    folders = ((language, folder / language / "recordings") for language in ("ko", "en"))
    return load(folders, thorough=True)


def _play(pcm: Pcm) -> None:
    from voicebot.audio.format import SAMPLE_RATE
    from voicebot.errors import VoicebotError

    try:
        import sounddevice

        sounddevice.play(pcm, SAMPLE_RATE, blocking=True)
    except Exception as error:  # no PortAudio (OSError), no sound card (its own error), and whatever drivers do
        raise VoicebotError(
            f"there is no sound card to play it on ({type(error).__name__}); write a file with --out say.wav"
        ) from None


def print_json(value: Any) -> None:
    """For `--json`."""
    sys.stdout.write(as_text(value))


def as_text(value: Any) -> str:
    """JSON to be read by people too."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
