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

voices = typer.Typer(no_args_is_help=True, help="The bot's voices: list, try.")
app.add_typer(voices, name="voices")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_LANGUAGES = ("ko", "en")
_SAMPLES = {"ko": "안녕하세요.", "en": "Hello."}


@voices.command("list")
def list_voices(as_json: AsJson = False) -> None:
    """List engines and recordings for each language; exit status 1 where the configured language has no voice."""
    from voicebot import config
    from voicebot.tts.engines import engines

    configuration = config.load()
    recordings, problems = _recordings(configuration)
    rows: list[dict[str, Any]] = [
        {"voice": "recordings", "language": language, "works": True, "note": f"{count} texts"}
        for language in _LANGUAGES
        if (count := sum(spoken == language for spoken, _ in recordings.texts))
    ]
    for engine in engines():
        rows += [_state(engine, language) for language in sorted(engine.languages)]
        engine.close()
    if as_json:
        _print_json({"voices": rows, "problems": list(problems)})
    else:
        for row in rows:
            state = "ok" if row["works"] else "fails"
            sys.stdout.write(f"{row['language']}  {row['voice']:<12} {state:<6} {row['note']}\n")
        for problem in problems:
            sys.stdout.write(f"recording: {problem}\n")
    if not any(
        row["works"] and row["voice"] != "recordings" for row in rows if row["language"] == configuration.language
    ):
        raise typer.Exit(1)


@voices.command("try")
def try_voice(
    text: Annotated[str, typer.Argument(help="What to say, as a reply would write it.")],
    language: Annotated[str | None, typer.Option(help="Language: ko or en; the configured one by default.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a WAV file instead of playing it here.")] = None,
    rate: Annotated[float, typer.Option(help="Relative speed.", min=0.5, max=2.0)] = 1.0,
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
    from voicebot.tts.speech_text import spoken
    from voicebot.tts.voice import TelephoneVoice

    configuration = config.load(**({"language": language} if language else {}))
    language = configuration.language
    recordings, _ = _recordings(configuration)
    available = engines()
    voice = TelephoneVoice(available, SoundCache(configuration.var / "voices"), recordings)
    style = Style(rate=rate)
    try:
        was_ready = voice.is_ready(text, language, style)
        started = time.monotonic()
        pcm = voice.speak(text, language, style)
        took_ms = round((time.monotonic() - started) * 1000)
        if not len(pcm) and any(map(str.isalnum, spoken(text, language))):
            for engine in available:
                engine.synthesise(spoken(text, language), language, style)
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
        _print_json(said)
    else:
        where = "cached or recorded" if was_ready else "new"
        sys.stdout.write(f"{said['spoken']}\n{said['sound_ms']} ms of sound in {took_ms} ms ({where})\n")
    if out is None:
        _play(pcm)


def _state(engine: Engine, language: str) -> dict[str, Any]:
    from voicebot.tts.port import NORMAL, EngineError

    row = {"voice": engine.name, "language": language}
    try:
        engine.synthesise(_SAMPLES[language], language, NORMAL)
    except EngineError as error:
        return row | {"works": False, "note": str(error)}
    return row | {"works": True, "note": engine.fingerprint}


def _recordings(configuration: Configuration) -> tuple[Recordings, tuple[str, ...]]:
    """The configured pack's recordings, and what is wrong with some of them."""
    from voicebot.service import content_folder
    from voicebot.tts.recordings import load

    named = Path(configuration.pack)
    folder = named if len(named.parts) > 1 else content_folder(configuration) / configuration.pack
    return load((language, folder / language / "recordings") for language in _LANGUAGES)


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


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
