"""`voicebot transcribe`: what the listeners make of sound files, and how they decided."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.asr.port import Domain, Recogniser, Recognition
    from voicebot.audio.format import Pcm

_BATCH_SAMPLES = 800


@app.command()
def transcribe(
    files: Annotated[list[Path], typer.Argument(help="WAV files.")],
    pack: Annotated[str | None, typer.Option(help="Name or folder of the pack; shop by default.")] = None,
    language: Annotated[str | None, typer.Option(help="Language: ko or en.")] = None,
    state: Annotated[str, typer.Option(help="What was asked: open, yes_no, or slot:NAME.")] = "open",
    telephone: Annotated[bool, typer.Option(help="Pass the sound through 8 kHz mu-law first, as a call does.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file.")] = False,
) -> None:
    """Recognise sound files as a call would: text, listener, decision, score and its parts, intent, slots, cost."""
    from voicebot import config
    from voicebot.audio import mulaw
    from voicebot.audio.wav import read_wav
    from voicebot.cli.progress import over
    from voicebot.cli.understand import check_state, meaning
    from voicebot.dialogue.domains import PackDomains
    from voicebot.listeners import open_recogniser
    from voicebot.loading import open_dialogue, open_pack
    from voicebot.nlu.encoder import load_encoder

    configuration = config.load(pack=pack, language=language)
    content = open_pack(configuration)
    check_state(content, state)
    sounds = [(path, read_wav(path)) for path in files]  # bad input is told before anything is loaded
    domain = PackDomains(content).domain(state, configuration.language)
    encoder = load_encoder(configuration.encoder) if configuration.encoder else None
    understander = open_dialogue(content, configuration.var, encoder).understander(configuration.language)
    recogniser = open_recogniser(content, configuration)
    today = datetime.now(ZoneInfo("Asia/Seoul")).date().isoformat()
    try:
        for path, pcm in over(sounds, "transcribing", quiet=as_json):
            began = time.process_time()
            heard = recognise(recogniser, domain, mulaw.decode(mulaw.encode(pcm)) if telephone else pcm)
            cpu_s = time.process_time() - began
            understood = meaning(understander, content, heard.text, state, configuration.language, today)
            result = {
                "file": str(path),
                "listener": heard.listener,
                "language": heard.language,
                "decision": heard.verdict.value,
                "score": round(heard.score, 4),
                "evidence": {name: round(value, 4) for name, value in heard.evidence.items()},
                "hypothesis": heard.hypothesis,
                **{("intent_score" if name == "score" else name): value for name, value in understood.items()},
                "seconds": round(len(pcm) / 8000, 3),
                "cpu_seconds": round(cpu_s, 4),
                "real_time_factor": round(cpu_s / max(len(pcm) / 8000, 0.001), 4),
            }
            typer.echo(json.dumps(result, ensure_ascii=False) if as_json else _in_words(result))
    finally:
        recogniser.close()


def recognise(recogniser: Recogniser, domain: Domain, pcm: Pcm) -> Recognition:
    """One utterance heard as in a call: the first listener, and the second where that is in doubt."""
    from voicebot.asr.two_opinions import better, is_doubtful

    utterance = recogniser.listen(domain)
    raw = pcm.tobytes()
    for start in range(0, len(raw), _BATCH_SAMPLES * 2):
        utterance.feed(raw[start : start + _BATCH_SAMPLES * 2])
    first = utterance.finish()
    return better(first, recogniser.second_opinion(raw, domain), domain) if is_doubtful(first, domain) else first


def _in_words(result: dict[str, Any]) -> str:
    slots = ", ".join(f"{name}={value}" for name, value in result["slots"].items())
    lines = [
        f"{result['file']}",
        f"  heard     {result['text'] or '(nothing)'}",
        f"  listener  {result['listener']}: {result['decision']} {result['score']:.2f}",
        f"  intent    {result['intent'] or '(none known)'} {result['intent_score']:.2f}"
        + (f"; {slots}" if slots else ""),
        f"  cost      {result['cpu_seconds']:.2f} s of a core for {result['seconds']:.2f} s of sound "
        f"({result['real_time_factor']:.3f})",
        "  because   " + ", ".join(f"{name} {value:.2f}" for name, value in result["evidence"].items()),
    ]
    return "\n".join(lines)
