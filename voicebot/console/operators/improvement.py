"""What callers say that goes wrong: the clusters that mining found, and what editors decide about each."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from voicebot.console.access.guard import needs, reader
from voicebot.console.operators.scene import Scene
from voicebot.learning.mining.drafting import NEAR
from voicebot.learning.mining.suggesting import suggest
from voicebot.store.history.database import Database
from voicebot.store.mining import Suggestions
from voicebot.store.mining.clusters import Cluster, Clusters, ClusterState

STATES: tuple[ClusterState, ...] = ("open", "done", "ignored")
_SHOWN = 100
_FAINT = 0.2
"""Likeness below which the nearest intent is hardly alike."""


def add_improvement(blueprint: Blueprint, scene: Scene, database: Database) -> None:
    """The pages /console/improvement and /console/improvement/CLUSTER."""
    clusters, suggestions = Clusters(database), Suggestions(database)

    def known(number: int) -> Cluster:
        return clusters.find(number) or abort(404)

    @blueprint.get("/improvement")
    @needs("calls")
    def improvement() -> str:
        state = next((one for one in STATES if one == request.args.get("state")), "open")
        language = request.args.get("language", "")
        every = [one for one in clusters.ranked() if not language or one.language == language]
        scene.access.put("view clusters")
        return render_template(
            "operators/improvement.html",
            clusters=[one for one in every if one.state == state][:_SHOWN],
            counts={name: sum(one.state == name for one in every) for name in STATES},
            states=STATES,
            state=state,
            language=language,
            runs=[run for run in clusters.runs() if not language or run.language == language],
            drafts=len(suggestions.find_all(state="draft")),
            title=lambda name: scene.title(name, g.interface_language),
            nearness=nearness,
        )

    @blueprint.get("/improvement/<int:number>")
    @needs("calls")
    def cluster(number: int) -> str:
        return page(number)

    def page(number: int, problem: str = "") -> str:
        found = known(number)
        scene.access.put("view cluster", subject=str(number))
        return render_template(
            "operators/cluster.html",
            cluster=found,
            said=clusters.sayings(number, _SHOWN),
            suggestions=suggestions.find_all(cluster=number),
            title=lambda name: scene.title(name, g.interface_language),
            nearness=nearness,
            problem=problem,
        )

    @blueprint.post("/improvement/<int:number>")
    @needs("label")
    def decide_cluster(number: int) -> ResponseReturnValue:
        found = known(number)
        who = reader()
        assert who is not None
        what = request.form.get("what", "")
        if what == "suggest":
            return make_suggestion(found)
        state = next((one for one in STATES if one == what), None) or abort(400)
        clusters.decide(number, state, who.user.name)
        scene.access.put(f"set cluster {state}", subject=str(number))
        return redirect(url_for("console.improvement"))

    def make_suggestion(found: Cluster) -> ResponseReturnValue:
        pack = scene.pack()
        of_pack = pack is not None and pack.name == found.pack
        words = pack.languages.get(found.language) if pack and of_pack else None
        base = scene.bases().get(found.language) if of_pack else None
        draft = suggest(database, found, words, base)
        if draft is None:
            return page(found.id, "improvement.nothing_to_suggest"), 409
        number = suggestions.add(draft)
        scene.access.put("make suggestion", subject=str(number))
        return redirect(url_for("console.suggestion", number=number))


def nearness(cluster: Cluster) -> str:
    """How like its nearest intent a cluster is, in a word: `near`, `some`, `faint`."""
    likeness = cluster.likeness or 0.0
    return "near" if likeness >= NEAR else "some" if likeness >= _FAINT else "faint"
