"""`voicebot evaluate nlu|labels|asr`: how well texts are understood and speech is recognised, on labelled data."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app
from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from rich.console import Console

    from voicebot.asr.port import Domain
    from voicebot.config import Configuration
    from voicebot.nlu.evaluation import Evaluation

evaluate = typer.Typer(no_args_is_help=True, help="Accuracy with intervals, confusions and errors on labelled data.")
app.add_typer(evaluate, name="evaluate")

Html = Annotated[Path | None, typer.Option(help="Write a page with plots here.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print figures and errors as JSON.")]

_OUTSIDE = ("", "oos", "none", "out_of_scope")
"""Labels of texts that mean nothing known."""
_MOST_ERRORS = 30
_ALL = 10**9


class DataError(VoicebotError):
    """Labelled data that can't be used."""


@dataclass(frozen=True)
class Labelled:
    """One text, or one sound file with its text, and what it means."""

    text: str
    label: str | None
    sound: Path | None = None


@evaluate.command("nlu")
def evaluate_nlu(
    data: Annotated[Path, typer.Argument(help="CSV with text and intent (or category), or JSON lines of the same.")],
    train: Annotated[Path | None, typer.Option(help="Train on this data instead of a pack's sentences.")] = None,
    pack: Annotated[str | None, typer.Option(help="Name or folder of the pack; shop by default.")] = None,
    language: Annotated[str | None, typer.Option(help="Language: ko or en.")] = None,
    examples: Annotated[int, typer.Option(min=1, help="With --train: sentences taken of each intent.")] = 10,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Intents from text: accuracy, out-of-scope recall, confusions, calibration."""
    from voicebot import config
    from voicebot.cli.progress import over
    from voicebot.loading import open_dialogue, open_pack
    from voicebot.nlu.encoder import load_encoder
    from voicebot.nlu.evaluation import Answer
    from voicebot.nlu.evaluation import evaluate as figures
    from voicebot.nlu.intents import IntentModel

    configuration = config.load(pack=pack, language=language)
    rows = read_labelled(data)
    encoder = load_encoder(configuration.encoder) if configuration.encoder else None
    if train is not None:
        chosen = _first_of_each(read_labelled(train), examples)
        model: Any = IntentModel.train(chosen, encoder=encoder, cache=configuration.var / "embeddings")
    else:
        model = open_dialogue(open_pack(configuration), configuration.var, encoder).understander(configuration.language)
    answers, times = [], []
    for row in over(rows, "understanding", quiet=as_json):
        began = time.perf_counter()
        found = model.understand(row.text)
        times.append(time.perf_counter() - began)
        answers.append(Answer(row.text, row.label, found.intent, found.score))
    middle_ms = 1000 * sorted(times)[len(times) // 2]
    _report(figures(answers), {"median_ms": round(middle_ms, 2)}, html, as_json, f"Understanding of {data.name}")


@evaluate.command("labels")
def evaluate_labels(
    pack: Annotated[str | None, typer.Option(help="Name or folder of the pack; shop by default.")] = None,
    language: Annotated[str | None, typer.Option(help="Language: ko or en.")] = None,
    heard: Annotated[bool, typer.Option("--heard", help="Understand what was heard, not what was said.")] = False,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Intents of callers' turns that chance chose to be labelled: today's content, and how it went in the calls."""
    from voicebot import config
    from voicebot.cli.database import opened
    from voicebot.learning.labelling.accuracy import understood_rightly
    from voicebot.learning.labelling.checking import intents_of
    from voicebot.loading import open_dialogue, open_pack
    from voicebot.nlu.encoder import load_encoder
    from voicebot.nlu.evaluation import Answer
    from voicebot.nlu.evaluation import evaluate as figures
    from voicebot.store.labels import Labels

    configuration = config.load(pack=pack, language=language)
    content = open_pack(configuration)
    labels = Labels(opened(configuration))
    spoken = configuration.language
    # Every random turn counts, however often its caller called: caps are for training.
    usable = labels.approved(content.name, intents=intents_of(content), most_per_caller=_ALL, most_of_unknown=_ALL)
    random = [label for label in usable if label.sample == "random" and label.language == spoken]
    rows = [Labelled(label.heard if heard else label.transcript, label.intent) for label in random]
    if not rows:
        raise DataError(f"no random turn of {content.name} in {spoken} has an approved label; label some first.")
    encoder = load_encoder(configuration.encoder) if configuration.encoder else None
    understander = open_dialogue(content, configuration.var, encoder).understander(spoken)
    answers = []
    for row in rows:
        found = understander.understand(row.text)
        answers.append(Answer(row.text, row.label, found.intent, found.score))
    in_calls = understood_rightly(random)
    costs = {"right_in_the_calls": str(in_calls), "random_turns": len(rows)}
    _report(figures(answers), costs, html, as_json, f"Understanding of labelled turns of {content.name}")


@evaluate.command("asr")
def evaluate_asr(
    data: Annotated[Path, typer.Argument(help="JSON lines with path (of a WAV file, beside this one) and text.")],
    pack: Annotated[
        str | None, typer.Option(help="Recognise against this pack; by default against the texts of the data.")
    ] = None,
    state: Annotated[str, typer.Option(help="With --pack, what was asked: open, yes_no, or slot:NAME.")] = "open",
    language: Annotated[str | None, typer.Option(help="Language: ko or en; other rows are left out.")] = None,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Speech through 8 kHz mu-law: right sentences, character errors, verdicts, the second listener's share, cost."""
    from voicebot import config
    from voicebot.audio import mulaw
    from voicebot.audio.wav import read_wav
    from voicebot.cli.progress import over
    from voicebot.cli.transcribe import recognise
    from voicebot.listeners import open_recogniser
    from voicebot.loading import open_pack
    from voicebot.nlu.evaluation import Answer
    from voicebot.nlu.evaluation import evaluate as figures

    configuration = config.load(pack=pack, language=language)
    rows = read_labelled(data, sound_of=configuration.language)
    content = open_pack(configuration)
    domain = _domain(rows, configuration, content if pack else None, state)
    recogniser = open_recogniser(content, configuration)
    answers, verdicts, second, errors, letters, cpu_s, seconds = [], dict[str, int](), 0, 0, 0, 0.0, 0.0
    try:
        for row in over(rows, "recognising", quiet=as_json):
            assert row.sound is not None
            pcm = mulaw.decode(mulaw.encode(read_wav(row.sound)))
            began = time.process_time()
            heard = recognise(recogniser, domain, pcm)
            cpu_s += time.process_time() - began
            seconds += len(pcm) / 8000
            verdicts[heard.verdict.value] = verdicts.get(heard.verdict.value, 0) + 1
            second += heard.listener.startswith("whisper")
            errors += _distance(_letters(row.text), _letters(heard.text))
            letters += len(_letters(row.text))
            # A sentence that the domain doesn't have should be rejected; one that it has should be found.
            expected = (
                _letters(row.text) if any(_letters(s.text) == _letters(row.text) for s in domain.sentences) else None
            )
            found = None if heard.verdict.value == "reject" else _letters(heard.text)
            answers.append(Answer(row.text, expected, found, heard.score))
    finally:
        recogniser.close()
    costs = {
        "character_error_rate": round(errors / max(letters, 1), 4),
        "verdicts": verdicts,
        "second_listener_share": round(second / len(rows), 4),
        "cpu_seconds_per_second": round(cpu_s / max(seconds, 0.001), 4),
    }
    _report(figures(answers), costs, html, as_json, f"Recognition of {data.name}")


def _domain(rows: Sequence[Labelled], configuration: Configuration, content: Any, state: str) -> Domain:
    from voicebot.asr.port import Domain, Sentence
    from voicebot.cli.understand import check_state
    from voicebot.dialogue.domains import PackDomains

    if content is not None:
        check_state(content, state)
        return PackDomains(content).domain(state, configuration.language)
    texts = dict.fromkeys(row.text for row in rows)
    return Domain("evaluated", configuration.language, tuple(Sentence(text, _letters(text)) for text in texts))


def read_labelled(path: Path, *, sound_of: str = "") -> list[Labelled]:
    """The rows of labelled data. With `sound_of`, a language: rows with a sound file in that language.

    Raises DataError for what is no such data, with the line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: can't be read as UTF-8 text ({type(error).__name__}); check the path.") from None
    records: Iterable[Mapping[str, Any]]
    if path.suffix == ".csv":
        records = csv.DictReader(text.splitlines(), skipinitialspace=True)
    else:
        records = _json_lines(path, text)
    rows = []
    for number, record in enumerate(records, start=2 if path.suffix == ".csv" else 1):
        said = record.get("text")
        if not isinstance(said, str):
            raise DataError(f"{path}, line {number}: there is no text; a row needs text and intent (or category).")
        if sound_of:
            if record.get("lang", record.get("language", sound_of)) == sound_of and record.get("path"):
                rows.append(Labelled(said, None, path.parent / str(record["path"])))
            continue
        label = record.get("intent", record.get("category", record.get("label")))
        if label is None:
            raise DataError(f"{path}, line {number}: there is no intent; name the column intent, category or label.")
        rows.append(Labelled(said, None if str(label).lower() in _OUTSIDE else str(label)))
    if not rows:
        raise DataError(f"{path}: there is nothing to evaluate in it; it needs at least one row.")
    return rows


def _json_lines(path: Path, text: str) -> Iterable[Mapping[str, Any]]:
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise DataError(f"{path}, line {number}: not a JSON object; write one row a line, or use a .csv file.")
        yield record


def _first_of_each(rows: Sequence[Labelled], count: int) -> dict[str, list[str]]:
    chosen: dict[str, list[str]] = {}
    for row in rows:
        if row.label is not None and len(texts := chosen.setdefault(row.label, [])) < count:
            texts.append(row.text)
    return chosen


def _letters(text: str) -> str:
    from voicebot.nlu.normalise import normalise

    return "".join(char for char in normalise(text).lower() if char.isalnum())


def _distance(wanted: str, heard: str) -> int:
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(wanted, heard)


def _report(e: Evaluation, costs: Mapping[str, Any], html: Path | None, as_json: bool, title: str) -> None:
    from rich.console import Console

    from voicebot.nlu.evaluation_report import report_html

    if html is not None:
        try:
            html.parent.mkdir(parents=True, exist_ok=True)
            html.write_text(report_html(e, title), encoding="utf-8")
        except OSError as error:
            raise DataError(f"{html}: can't be written ({error.strerror}); choose another place.") from None
    wrong = [answer for answer in e.answers if not answer.right]
    if as_json:
        shares = {"accuracy": e.accuracy, "in_scope": e.in_scope, "out_of_scope_recall": e.out_of_scope_recall}
        figures = {
            name: {
                "value": round(share.value, 4),
                "interval": [round(end, 4) for end in share.interval],
                "of": share.total,
            }
            for name, share in shares.items()
        }
        confusions = [{"expected": a, "found": b, "count": n} for a, b, n in e.confusions]
        listed = [
            {"text": a.text, "expected": a.expected, "found": a.intent, "score": round(a.score, 3)} for a in wrong
        ]
        result = {**figures, "calibration_error": round(e.calibration_error, 4), **costs}
        typer.echo(json.dumps({**result, "confusions": confusions, "errors": listed}, ensure_ascii=False))
        return
    _tables(Console(), e, costs, title)


def _tables(console: Console, e: Evaluation, costs: Mapping[str, Any], title: str) -> None:
    from rich.table import Table

    table = Table("figure", "value", "95 % interval", "of", title=title)
    for name, share in (
        ("right", e.accuracy),
        ("right, of those in scope", e.in_scope),
        ("noticed, of those out of scope", e.out_of_scope_recall),
    ):
        if share.total:
            low, high = share.interval
            table.add_row(name, f"{share.value:.1%}", f"{low:.1%} - {high:.1%}", str(share.total))
    table.add_row("calibration error", f"{e.calibration_error:.3f}", "", "")
    for name, value in costs.items():
        table.add_row(name.replace("_", " "), str(value), "", "")
    console.print(table)
    if e.confusions:
        confusions = Table("expected", "found", "times", title="Most confused")
        for expected, found, count in e.confusions[:10]:
            confusions.add_row(expected, found, str(count))
        console.print(confusions)
    wrong = [answer for answer in e.answers if not answer.right]
    if wrong:
        errors = Table("text", "expected", "found", "score", title=f"Errors ({len(wrong)})")
        for answer in wrong[:_MOST_ERRORS]:
            errors.add_row(answer.text, answer.expected or "-", answer.intent or "-", f"{answer.score:.2f}")
        console.print(errors)
