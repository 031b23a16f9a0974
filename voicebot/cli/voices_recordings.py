"""`voicebot voices script` and `voicebot voices import`: from a pack to a speaker and back."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli.progress import bar
from voicebot.cli.voices import AsJson, as_text, print_json, voices

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.dialogue.pack import Pack
    from voicebot.tts.recordings.coverage import Coverage
    from voicebot.tts.recordings.importing import Listen
    from voicebot.tts.recordings.script import Script

LARGEST_AMOUNT = 9_999_999
"""The largest number whose pieces a script has, unless it is told another: as in `tts.recordings.values`, which
takes time to import."""
_SHOWN = 10
"""Replies and pieces that are listed as missing; `--json` has them all."""

PackArgument = Annotated[str | None, typer.Argument(help="Name or folder of the pack; the configured one by default.")]
LanguageOption = Annotated[str | None, typer.Option(help="Language: ko or en; the configured one by default.")]
LargestOption = Annotated[int, typer.Option(help="The largest number that is to be joined.", min=99, max=999_999_999)]


class Format(StrEnum):
    """Of a script."""

    text = "text"
    csv = "csv"
    html = "html"


@voices.command("script")
def script_command(
    pack: PackArgument = None,
    language: LanguageOption = None,
    out: Annotated[Path | None, typer.Option(help="Write a file instead of the terminal.")] = None,
    form: Annotated[Format, typer.Option("--format", help="What the speaker reads from.")] = Format.text,
    missing: Annotated[bool, typer.Option("--missing", help="Only what is not recorded yet.")] = False,
    largest: LargestOption = LARGEST_AMOUNT,
    as_json: AsJson = False,
) -> None:
    """Write what a speaker has to read so that the pack speaks with recordings: sentences, parts, numbers, values."""
    from dataclasses import replace

    from voicebot.tts.recordings import load
    from voicebot.tts.recordings.sheet import sheet

    script, content, _ = open_script(pack, language, largest)
    folder = recordings_folder(content, script.language)
    if missing:
        recorded, _ = load([(script.language, folder)], thorough=True)
        lines = tuple(line for line in script.lines if not recorded.has(line.piece, script.language))
        script = replace(script, lines=lines)
    text = as_text(_described(script)) if as_json else sheet(script, form.value)
    if out is None:
        sys.stdout.write(text)
        return
    _write(out, text, bom=form is Format.csv and not as_json)
    sys.stderr.write(f"{out}: {len(script.lines)} lines, about {script.minutes} minutes of reading\n")


@voices.command("import")
def import_command(
    source: Annotated[Path, typer.Argument(help="Folder with one WAV file for each line of the script.")],
    pack: PackArgument = None,
    language: LanguageOption = None,
    to: Annotated[Path | None, typer.Option(help="Folder to import into; the pack's own by default.")] = None,
    listen: Annotated[bool, typer.Option(help="Let the second listener check the words, where installed.")] = True,
    largest: LargestOption = LARGEST_AMOUNT,
    as_json: AsJson = False,
) -> None:
    """Check, trim and equalise a speaker's recordings and put them into the pack; tell what is missing.

    Exit status 1 where a file was refused.
    """
    from voicebot.tts.recordings import load
    from voicebot.tts.recordings.coverage import coverage
    from voicebot.tts.recordings.importing import import_recordings

    script, content, configuration = open_script(pack, language, largest)
    folder = to or recordings_folder(content, script.language)
    listener = _listener(configuration, script.language) if listen else None
    with bar("checking", quiet=as_json) as progress:
        done = import_recordings(source, script, folder, listen=listener, progress=progress)
    recorded, problems = load([(script.language, folder)], thorough=True)
    found = coverage(script, recorded)
    if as_json:
        told = {
            "imported": len(done.imported),
            "refused": list(done.refused),
            "hints": list(done.hints),
            "unknown_files": list(done.unknown),
            "words_checked": listener is not None,
            "problems": list(problems),
            "folder": str(folder),
            "coverage": _covered(found),
        }
        print_json(told)
    else:
        for kind, sentences in (("refused", done.refused), ("note", done.hints), ("problem", problems)):
            for sentence in sentences:
                sys.stdout.write(f"{kind}: {sentence}\n")
        for name in done.unknown:
            sys.stdout.write(f"note: {name}: no line of the script has this name; it was left out.\n")
        sys.stdout.write(f"{len(done.imported)} imported into {folder}, {len(done.refused)} refused\n")
        sys.stdout.write(_coverage_text(found))
    if done.refused:
        raise typer.Exit(1)


def open_script(
    pack: str | None, language: str | None, largest: int = LARGEST_AMOUNT
) -> tuple[Script, Pack, Configuration]:
    """A pack's recording script, in the configured language where none is named. Raises VoicebotError."""
    from voicebot import config
    from voicebot.carriers import carriers
    from voicebot.errors import VoicebotError
    from voicebot.loading import open_pack
    from voicebot.tts.recordings.script import write_script

    configuration = config.load(pack=pack, language=language)
    content = open_pack(configuration)
    language = configuration.language
    if language not in content.languages:
        raise VoicebotError(f"the pack {content.name} has no {language}; it has: {', '.join(content.languages)}.")
    return write_script(carriers(content, language), language, largest=largest), content, configuration


def recordings_folder(content: Pack, language: str) -> Path:
    """Where a pack's recordings are."""
    return content.folder / language / "recordings"


def _listener(configuration: Configuration, language: str) -> Listen | None:
    """The second listener; None where it is not installed."""
    from asr_models import catalogue, resolver
    from voicebot.asr.whisper import WhisperModel, installed

    found = resolver.find(catalogue.model("whisper-base"), configuration.model_paths, configuration.var)
    if found is None or not installed():
        return None
    model = WhisperModel(found.folder)

    def listen(pcm: Any) -> str:
        heard = model.transcribe(pcm, lambda _among, _known: language)
        return heard.readings[0].text if heard and heard.readings else ""

    return listen


def _described(script: Script) -> dict[str, Any]:
    return {
        "language": script.language,
        "minutes": script.minutes,
        "lines": [
            {
                "id": line.id,
                "file": f"{line.id}.wav",
                "text": line.piece.written,
                "piece": str(line.piece),
                "position": line.piece.position,
                "ending": line.piece.ending.value,
                "section": line.section,
                "context": line.context,
                "replies": list(line.used_by),
                "seconds": round(line.seconds(script.language), 2),
            }
            for line in script.lines
        ],
    }


def _covered(found: Coverage) -> dict[str, Any]:
    return {
        "recorded": found.recorded,
        "lines": found.lines,
        "replies_complete": found.complete,
        "replies": [
            {"name": reply.name, "recorded": reply.recorded, "needed": reply.needed, "open": reply.is_open}
            for reply in found.replies
        ],
        "missing": [{"id": line.id, "text": str(line.piece), "replies": list(line.used_by)} for line in found.missing],
    }


def _coverage_text(found: Coverage) -> str:
    rows = [
        f"recorded: {found.recorded} of {found.lines} pieces; "
        f"{found.complete} of {len(found.replies)} replies are complete\n"
    ]
    if found.missing:
        rows.append("replies with least recorded:\n")
        rows += [
            f"  {reply.name}: {reply.recorded} of {reply.needed}{' (an engine speaks its value)' * reply.is_open}\n"
            for reply in found.replies[:_SHOWN]
            if not reply.is_complete
        ]
        rows.append("to record first:\n")
        rows += [f"  {line.id}.wav  {line.piece}\n" for line in found.missing[:_SHOWN]]
    return "".join(rows)


def _write(path: Path, text: str, *, bom: bool) -> None:
    """`bom` tells spreadsheet programs that the text is UTF-8."""
    from voicebot.errors import VoicebotError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8-sig" if bom else "utf-8")
    except OSError as error:
        raise VoicebotError(f"{path}: can't be written ({error.strerror}); choose another place.") from None
