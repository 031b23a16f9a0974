"""Suggestions for the content: a list, and a form to accept, change or refuse each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, cast

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from voicebot.console.access.guard import needs, reader
from voicebot.console.operators.scene import Scene
from voicebot.dialogue.pack import COMMANDS
from voicebot.learning.mining.drafting import problems
from voicebot.store.history.database import Database
from voicebot.store.mining import Draft, Suggestion, Suggestions
from voicebot.store.mining.clusters import Clusters
from voicebot.store.mining.suggestions import State

STATES: tuple[State, ...] = ("draft", "accepted", "refused")
_MOST_VARIANTS = 50
_DRAFT = [field.name for field in fields(Draft)]


def add_suggestions(blueprint: Blueprint, scene: Scene, database: Database) -> None:
    """The pages /console/improvement/suggestions and /console/improvement/suggestions/NUMBER."""
    store, clusters = Suggestions(database), Clusters(database)

    def known(number: int) -> Suggestion:
        return store.find(number) or abort(404)

    def title(name: str) -> str:
        return scene.title(name, g.interface_language)

    def titles(one: Suggestion) -> Mapping[str, str]:
        """Intents and FAQ entries of the suggestion's pack, where that is loaded."""
        pack = scene.pack()
        words = pack.languages.get(one.language) if pack is not None and pack.name == one.pack else None
        if words is None:
            return {one.entry: one.entry} if one.kind == "wording" else {}
        return {name: told for name, told in words.titles.items() if name not in COMMANDS}

    @blueprint.get("/improvement/suggestions")
    @needs("calls")
    def suggestions() -> str:
        state = next((one for one in STATES if one == request.args.get("state")), "draft")
        every = store.find_all()
        scene.access.put("view suggestions")
        return render_template(
            "operators/suggestions.html",
            suggestions=[one for one in every if one.state == state],
            counts={name: sum(one.state == name for one in every) for name in STATES},
            states=STATES,
            state=state,
            title=title,
        )

    @blueprint.get("/improvement/suggestions/<int:number>")
    @needs("calls")
    def suggestion(number: int) -> str:
        found = known(number)
        scene.access.put("view suggestion", subject=str(number))
        return page(found, found)

    def page(found: Suggestion, shown: Draft, wrong: list[str] | None = None) -> str:
        options = titles(found)
        cluster = clusters.find(found.cluster) if found.cluster is not None else None
        nearest = cluster.nearest if cluster else None
        who = reader()
        return render_template(
            "operators/suggestion.html",
            suggestion=found,
            draft=shown,
            entries=sorted(options.items(), key=lambda one: one[1]),
            chosen=shown.entry if shown.kind == "wording" else nearest,
            wrong=wrong or [],
            may_judge=bool(who and who.may("label")),
            title=title,
        )

    @blueprint.post("/improvement/suggestions/<int:number>")
    @needs("label")
    def judge_suggestion(number: int) -> ResponseReturnValue:
        found = known(number)
        who = reader()
        assert who is not None
        name, what = who.user.name, request.form.get("what", "")
        if what == "withdraw":
            if not store.withdraw(number, name):
                abort(409)
            scene.access.put("withdraw suggestion", subject=str(number))
            return redirect(url_for("console.suggestion", number=number))
        if found.state != "draft":
            return page(found, found, ["judged"]), 409
        if what == "refuse":
            store.judge(number, "refused", name)
            scene.access.put("refuse suggestion", subject=str(number))
            return redirect(url_for("console.suggestions"))
        if what not in ("accept", "save"):
            abort(400)
        draft = written(found, request.form)
        pack = scene.pack()
        wrong = problems(draft, titles(found), pack.slots if pack and pack.name == found.pack else ())
        if what == "accept" and wrong:
            return page(found, draft, wrong), 400
        if what == "save":
            store.change(number, draft, name)
            scene.access.put("change suggestion", subject=str(number))
            return redirect(url_for("console.suggestion", number=number))
        store.judge(number, "accepted", name, draft)
        scene.access.put("accept suggestion", subject=str(number), details={"kind": draft.kind, "entry": draft.entry})
        return redirect(url_for("console.suggestions"))


def written(found: Suggestion, form: Mapping[str, Any]) -> Draft:
    """What an editor made of a suggestion, by the form."""

    def line(name: str, most: int) -> str:
        return " ".join(str(form.get(name, "")).split())[:most]

    lines = [" ".join(text.split()) for text in str(form.get("variants", "")).splitlines()]
    variants = tuple(dict.fromkeys(text[:200] for text in lines if text))[:_MOST_VARIANTS]
    kind = "wording" if form.get("kind") == "wording" else "faq"
    question = found.question if found.question in variants or not variants else variants[0]
    as_draft = Draft(**{name: getattr(found, name) for name in _DRAFT})
    return replace(
        as_draft,
        kind=cast("Any", kind),
        entry=line("entry" if kind == "wording" else "name", 80),
        title=line("title", 80) if kind == "faq" else "",
        question=question,
        variants=variants,
        answer=line("answer", 600) if kind == "faq" else "",
    )
