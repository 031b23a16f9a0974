"""`voicebot knowledge`: documents that the bot answers from."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.nlu.encoder import Encoder

knowledge = typer.Typer(no_args_is_help=True, help="What the bot answers from: import, search, list, remove.")
app.add_typer(knowledge, name="knowledge")

Pack = Annotated[str, typer.Option(help="The pack whose callers ask; by default the configured one.")]
Language = Annotated[str, typer.Option(help="ko or en; by default the configured one.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@knowledge.command("import")
def import_(
    paths: Annotated[
        list[Path], typer.Argument(help="Files or folders: Markdown, HTML, PDF, CSV.", metavar="FILE|DIR")
    ],
    pack: Pack = "",
    language: Language = "",
    as_json: AsJson = False,
) -> None:
    """Import documents; one of the same name is replaced. What can't be read is named, the rest is imported."""
    from voicebot.errors import VoicebotError
    from voicebot.knowledge.base import import_document
    from voicebot.knowledge.reading import find_documents
    from voicebot.knowledge.store import KnowledgeStore

    configuration = _configuration(pack, language)
    store = KnowledgeStore(configuration.var)
    encoder = _encoder(configuration)
    documents = [document for path in paths for document in find_documents(path)]
    rows: list[dict[str, Any]] = []
    for name, path in documents:
        try:
            done = import_document(
                store,
                configuration.pack,
                name,
                path,
                configuration.language,
                encoder=encoder,
                progress=lambda so_far, of, name=name: _progress(f"{name}: {so_far} of {of} passages embedded"),  # type: ignore[misc]
            )
            rows.append({"document": name, "passages": done.passages, "changed": done.changed, "error": None})
        except VoicebotError as error:
            rows.append({"document": name, "passages": 0, "changed": False, "error": str(error)})
    if as_json:
        _print_json(rows)
    else:
        for row in rows:
            what = f"{row['passages']} passages" if row["changed"] else "unchanged"
            if row["error"] is None:
                sys.stdout.write(f"{row['document']}: {what}\n")
    problems = [row["error"] for row in rows if row["error"]]
    if problems:
        for problem in problems:
            sys.stderr.write(f"voicebot: {problem}\n")
        raise typer.Exit(2 if len(problems) == len(rows) else 1)


@knowledge.command()
def search(
    text: Annotated[str, typer.Argument(help="A question, as a caller would put it.")],
    pack: Pack = "",
    language: Language = "",
    most: Annotated[int, typer.Option(min=1, max=20, help="How many topics to show.")] = 3,
    as_json: AsJson = False,
) -> None:
    """What the bot would answer, and the topics that fit best; exit status 1 where it would not be sure."""
    from voicebot.knowledge.base import KnowledgeBase
    from voicebot.knowledge.store import KnowledgeStore

    configuration = _configuration(pack, language)
    base = KnowledgeBase(
        KnowledgeStore(configuration.var), configuration.pack, configuration.language, _encoder(configuration)
    )
    if not len(base):
        from voicebot.knowledge.passage import KnowledgeError

        raise KnowledgeError(
            f"nothing is imported for the pack {configuration.pack} in {configuration.language}; "
            "run `voicebot knowledge import FILE`."
        )
    answer = base.answer(text)
    finding = base.search(text, most)
    found: list[dict[str, Any]] = [
        {
            "titles": list(one.passage.titles),
            "question": one.passage.question,
            "text": one.passage.text,
            "score": round(one.score, 3),
            "source": _source(one.passage.source),
        }
        for one in finding.found
    ]
    if as_json:
        said = None
        if answer is not None:
            said = {
                "text": answer.text,
                "more": list(answer.more),
                "source": _source(answer.source),
                "score": round(answer.score, 3),
                "sure": answer.sure,
            }
        _print_json({"answer": said, "found": found})
    elif answer is None:
        sys.stdout.write("nothing resembles this\n")
    else:
        sys.stdout.write(f"{'sure' if answer.sure else 'not sure'} ({answer.score:.2f}): {answer.text}\n")
        for piece in answer.more:
            sys.stdout.write(f"  more: {piece}\n")
        for number, one in enumerate(found, start=1):
            where = " > ".join(filter(None, [*one["titles"], one["question"]]))
            sys.stdout.write(f"{number}. {one['score']:.2f} {where} ({_place(one['source'])})\n")
    if answer is None or not answer.sure:
        raise typer.Exit(1)


@knowledge.command("list")
def list_documents(pack: Pack = "", as_json: AsJson = False) -> None:
    """List what is imported for a pack."""
    from voicebot.knowledge.store import KnowledgeStore

    configuration = _configuration(pack, "")
    documents = KnowledgeStore(configuration.var).documents(configuration.pack)
    if as_json:
        _print_json(
            [
                {
                    "document": document.name,
                    "language": document.language,
                    "passages": document.passages,
                    "imported": document.imported,
                }
                for document in documents
            ]
        )
        return
    for document in documents:
        sys.stdout.write(
            f"{document.name}: {document.passages} passages, {document.language}, imported {document.imported}\n"
        )


@knowledge.command()
def remove(
    names: Annotated[list[str], typer.Argument(help="Documents, as `voicebot knowledge list` names them.")],
    pack: Pack = "",
    as_json: AsJson = False,
) -> None:
    """Forget documents; exit status 1 where one is not there."""
    from voicebot.knowledge.store import KnowledgeStore

    configuration = _configuration(pack, "")
    store = KnowledgeStore(configuration.var)
    rows = [{"document": name, "removed": store.remove(configuration.pack, name)} for name in names]
    if as_json:
        _print_json(rows)
    for row in rows:
        if not row["removed"]:
            sys.stderr.write(f"voicebot: no document {row['document']} is imported for {configuration.pack}.\n")
        elif not as_json:
            sys.stdout.write(f"{row['document']}: removed\n")
    if not all(row["removed"] for row in rows):
        raise typer.Exit(1)


def _configuration(pack: str, language: str) -> Configuration:
    from voicebot.config import load

    given = {"pack": pack, "language": language}
    return load(**{name: value for name, value in given.items() if value})


def _encoder(configuration: Configuration) -> Encoder | None:
    """The configured encoder; without it installed, words alone are searched, and that is said."""
    from voicebot.nlu.encoder import EncoderError, load_encoder

    try:
        return load_encoder(configuration.encoder) if configuration.encoder else None
    except EncoderError as error:
        sys.stderr.write(f"voicebot: searching by words alone: {error}\n")
        return None


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\x1b[K")


def _source(source: Any) -> dict[str, Any]:
    return {"document": source.document, "page": source.page, "row": source.row}


def _place(source: dict[str, Any]) -> str:
    page = f", page {source['page']}" if source["page"] else ""
    row = f", row {source['row']}" if source["row"] else ""
    return f"{source['document']}{page}{row}"


def _print_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
