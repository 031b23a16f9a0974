"""/console/labelling: one turn after the other, by the keyboard alone; it works without scripts too."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from flask import Blueprint, Response, abort, g, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from voicebot.config import Configuration
from voicebot.console.access.guard import Reader, needs, reader
from voicebot.console.interface_language import text, texts
from voicebot.console.labelling.clip import clip
from voicebot.console.labelling.decisions import add_decisions
from voicebot.console.labelling.workbench import Card, FieldError, Filled, NotLoadedError, Workbench, filled_of
from voicebot.console.operators.scene import Scene
from voicebot.console.pages import error_page
from voicebot.learning.labelling.queue import Item
from voicebot.store.history.database import Database
from voicebot.store.labels import LabelError, Turn
from voicebot.store.sealing import SealError

_MOST_AHEAD = 5
_MOST_SKIPPED = 200


def labelling_blueprint(scene: Scene, database: Database, configuration: Configuration) -> Blueprint:
    """The pages below /console/labelling."""
    bench = Workbench(scene, database, configuration)
    blueprint = scene.access.protect(Blueprint("labelling", __name__, url_prefix="/console/labelling"))
    blueprint.register_error_handler(NotLoadedError, lambda _error: error_page_of(503))
    blueprint.register_error_handler(Exception, error_page)
    add_decisions(blueprint, bench)

    def card_of(item: Item, filled: Filled | None = None) -> Card:
        scene.access.put("view turn", call_id=item.candidate.turn.call)
        return bench.card(item, g.interface_language, filled)

    def progress() -> dict[str, Any]:
        pack, by = bench.pack().name, who().user.name
        counts = bench.labels.counts(pack)
        return {
            "mine": counts.people.get(by, 0),
            "turns": counts.turns,
            "left": bench.queue.left(pack, by),
            "conflicts": len(bench.labels.conflicts(pack)),
            "waiting": len(bench.labels.waiting(pack)),
        }

    def page(card: Card | None, problem: FieldError | None = None) -> str:
        pack = bench.pack()
        return render_template(
            "labelling/page.html",
            card=card,
            problem=problem,
            progress=progress(),
            agreement=bench.labels.agreement(pack.name),
            settings={
                "intents": [asdict(choice) for choice in bench.choices(g.interface_language)],
                "words": {key: texts(g.interface_language)[f"labelling.{key}"] for key in _WORDS_OF_SCRIPT},
            },
            choices=bench.choices(g.interface_language),
        )

    @blueprint.get("", endpoint="page")
    @needs("label")
    def labelling() -> str:
        wanted = _turn(request.args)
        if wanted is not None:
            item = bench.item(wanted)
            if item is None:
                abort(404)
            return page(card_of(replace(item, sample="chosen")))
        items = bench.queue.next(bench.pack().name, who().user.name, skip=_skipped())
        return page(card_of(items[0]) if items else None)

    @blueprint.get("/next")
    @needs("label")
    def following() -> Response:
        count = min(max(request.args.get("count", 1, int), 1), _MOST_AHEAD)
        items = bench.queue.next(bench.pack().name, who().user.name, count, skip=_skipped())
        cards = [card_of(item) for item in items]
        return jsonify(
            cards=[
                {"turn": key(card.turn), "html": render_template("labelling/card.html", card=card, problem=None)}
                for card in cards
            ]
        )

    @blueprint.post("")
    @needs("label")
    def save() -> ResponseReturnValue:
        turn = _turn(request.form)
        item = bench.item(turn) if turn is not None else None
        if item is None:
            abort(404)
        filled = filled_of(request.form)
        wants_json = request.accept_mimetypes.best == "application/json"
        # What it was labelled for is the queue's to say: a random turn that somebody chose to see is none.
        sample = "chosen" if request.form.get("sample") == "chosen" else item.sample
        one = item.candidate
        try:
            judgement = bench.judgement(filled, one.language, one.began, g.interface_language)
            label = bench.labels.add(
                one.turn,
                judgement,
                by=who().user.name,
                entitled=who().may("approve"),
                sample=sample,
                asked=bench.asked(one.turn),
            )
        except FieldError as error:
            if wants_json:
                return jsonify(problem=problem_text(error), field=error.field), 422
            return page(card_of(item, filled), error), 422
        except LabelError as error:
            wrong = FieldError(f"problem_{error.kind}", str(error), "")
            if wants_json:
                return jsonify(problem=problem_text(wrong), field=""), 422
            return page(card_of(item, filled), wrong), 422
        scene.access.put("label turn", call_id=one.turn.call, details={"label": label.id, "meaning": label.meaning})
        if wants_json:
            return jsonify(label=label.id, state=label.state, progress=progress())
        return redirect(url_for("labelling.page", after=key(one.turn)))

    @blueprint.get("/sound/<call_id>/<int:part>/<int:number>")
    @needs("label")
    def sound(call_id: str, part: int, number: int) -> Response:
        item = bench.item(Turn(call_id, part, number))
        if item is None or scene.recordings is None:
            abort(404)
        try:
            found = scene.recordings.open(call_id)
        except (SealError, OSError):
            abort(503)
        if found is None:
            abort(404)
        scene.access.put("listen to turn", call_id=call_id)
        around = bench.card(item, g.interface_language).context
        return Response(clip(found, item.candidate, around.before_ms), mimetype="audio/wav")

    return blueprint


def who() -> Reader:
    """Who is asking: the guard has let nobody else in."""
    found = reader()
    assert found is not None
    return found


def problem_text(error: FieldError) -> str:
    """In the reader's language."""
    return text(g.interface_language, f"labelling.{error.key}", **error.values)


def error_page_of(status: int) -> tuple[str, int]:
    """The page that explains a status."""
    return render_template("console/error.html", status=status), status


def key(turn: Turn) -> str:
    """A turn in a URL's query."""
    return f"{turn.call}~{turn.part}~{turn.number}"


def _turn(sent: Any) -> Turn | None:
    """The turn that a form or a query names."""
    return turn_of(str(sent.get("turn", "")))


def turn_of(written: str) -> Turn | None:
    """The inverse of `key`; None for what is none."""
    call, _, place = written.partition("~")
    part, _, number = place.partition("~")
    if not call or len(call) > 200 or "\x00" in call or not (part.isdecimal() and number.isdecimal()):
        return None
    return Turn(call, int(part[:16]), int(number[:6]))


def _skipped() -> set[Turn]:
    written = request.args.get("skip", "").split(",")[:_MOST_SKIPPED]
    return {turn for turn in map(turn_of, written) if turn is not None}


_WORDS_OF_SCRIPT = (
    "saved", "save_failed", "signed_out", "nothing_left", "no_match", "options", "skipped", "chosen", "no_sound",
    "back_first", "keys_on", "keys_off",
)  # fmt: skip
