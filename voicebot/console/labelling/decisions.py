"""/console/labelling/decisions: labels that contradict each other, and labels that a second person has to see."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from voicebot.console.access.guard import needs, reader
from voicebot.console.interface_language import text
from voicebot.console.labelling.workbench import Workbench
from voicebot.learning.labelling.accuracy import understood_rightly
from voicebot.store.labels import LabelError

_SHOWN = 20
_WAITING = 50


def add_decisions(blueprint: Blueprint, bench: Workbench) -> None:
    """The page, and what is decided on it."""

    @blueprint.get("/decisions")
    @needs("label")
    def decisions() -> str:
        return shown()

    @blueprint.post("/decisions")
    @needs("label")
    def decide() -> ResponseReturnValue:
        asking = reader()
        assert asking is not None
        by, entitled, form = asking.user.name, asking.may("approve"), request.form
        try:
            ids = [int(one) for one in form.getlist("label")]
            if form.get("what") == "agree":
                changed = bench.labels.agree(ids, by, entitled=entitled)
            else:
                right = form.get("right", "")
                changed = bench.labels.decide(ids, int(right) if right else None, by, entitled=entitled)
        except LabelError as error:
            return shown(text(g.interface_language, f"labelling.problem_{error.kind}")), 409
        except ValueError:
            return shown(text(g.interface_language, "labelling.nothing_chosen")), 400
        for label in changed:
            bench.scene.access.put(
                "decide label", call_id=label.call, details={"label": label.id, "state": label.state}
            )
        return redirect(url_for("labelling.decisions", done=len(changed)))

    def shown(problem: str = "") -> str:
        pack, language = bench.pack().name, g.interface_language
        asking = reader()
        assert asking is not None
        found = bench.labels.find(pack)
        conflicts, waiting = bench.labels.conflicts(pack), bench.labels.waiting(pack)
        mine = [label for label in waiting if label.by == asking.user.name and not asking.may("approve")]
        others = [label for label in waiting if label not in mine]
        shown_labels = [*(label for one in conflicts[:_SHOWN] for label in one.labels), *others[:_WAITING]]
        for call in sorted({label.call for label in shown_labels}):
            bench.scene.access.put("view turn", call_id=call)
        return render_template(
            "labelling/decisions.html",
            conflicts=conflicts[:_SHOWN],
            more=max(len(conflicts) - _SHOWN, 0),
            waiting=others[:_WAITING],
            more_waiting=max(len(others) - _WAITING, 0),
            mine=len(mine),
            gone=[(bench.scene.title(name, language), count) for name, count in bench.gone(found).items()],
            left_out=bench.labels.approved(pack, intents=bench.intents()).reasons(),
            agreement=bench.labels.agreement(pack),
            accuracy=understood_rightly(found),
            counts=bench.labels.counts(pack),
            title=lambda name: bench.scene.title(name, language),
            problem=problem,
            done=request.args.get("done", 0, int) if request.method == "GET" else 0,
        )
