"""Alert rules: what they watch, how things are, and who was told."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from voicebot.analytics.alerts.book import AlertBook, KeptRule
from voicebot.analytics.alerts.rules import FIGURES, AlertRule, RuleError
from voicebot.analytics.alerts.wording import condition, scope, shown
from voicebot.console.access.guard import needs, reader
from voicebot.console.operators.scene import Scene
from voicebot.store.history.database import Database

CHANNELS = ("twilio", "browser", "mic", "keypad")
_FIELDS = ("name", "figure", "direction", "threshold", "hours", "pack", "language", "channel", "min_calls")
_NEW: Mapping[str, Any] = {"direction": "below", "hours": 1, "min_calls": 20, "cool_down_min": 60, "enabled": True}
_SHARE = 100.0
"""People write percent."""


def add_alerts(blueprint: Blueprint, scene: Scene, database: Database) -> None:
    """The pages under /console/alerts."""
    book = AlertBook(database, scene.now)

    def page(form: Mapping[str, Any], problem: str = "", editing: KeptRule | None = None) -> str:
        language = g.interface_language
        pack = scene.pack()
        return render_template(
            "operators/alerts.html",
            rules=book.rules(),
            events=book.events(30),
            figures=[(figure.name, figure.titles[language], figure.unit) for figure in FIGURES.values()],
            titles={figure.name: figure.titles[language] for figure in FIGURES.values()},
            packs=[pack.name] if pack else [],
            channels=CHANNELS,
            shown=lambda rule, value: shown(rule, value, language),
            condition=lambda rule: condition(rule, language),
            scope=lambda rule: scope(rule, language),
            form=form,
            problem=problem,
            editing=editing,
        )

    def known(rule_id: int) -> KeptRule:
        return book.find(rule_id) or abort(404)

    @blueprint.get("/alerts")
    @needs("alerts")
    def alerts() -> str:
        return page(_NEW)

    @blueprint.get("/alerts/<int:rule_id>")
    @needs("alerts")
    def alert_rule(rule_id: int) -> str:
        kept = known(rule_id)
        return page(_written(kept.rule), editing=kept)

    @blueprint.post("/alerts")
    @needs("alerts")
    def add_alert_rule() -> ResponseReturnValue:
        return save(None)

    @blueprint.post("/alerts/<int:rule_id>")
    @needs("alerts")
    def change_alert_rule(rule_id: int) -> ResponseReturnValue:
        kept = known(rule_id)
        if request.form.get("what") == "delete":
            book.remove(rule_id)
            scene.access.put("delete alert rule", subject=kept.rule.name)
            return redirect(url_for("console.alerts"))
        return save(kept)

    def save(editing: KeptRule | None) -> ResponseReturnValue:
        form = {name: value.strip() for name, value in request.form.items()} | {"enabled": "enabled" in request.form}
        who = reader()
        assert who is not None
        try:
            rule = _rule(form)
            if editing is None:
                book.add(rule, who.user.name)
            else:
                book.change(editing.id, rule, who.user.name)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False)[0]
            field = str(first["loc"][0]) if first["loc"] else "threshold"
            return page(form, f"alerts.bad_{field}" if field in _FIELDS else "alerts.bad_cool_down", editing), 400
        except RuleError:
            return page(form, "alerts.bad_taken", editing), 400
        scene.access.put("change alert rule" if editing else "add alert rule", subject=rule.name)
        return redirect(url_for("console.alerts"))


def _rule(form: Mapping[str, Any]) -> AlertRule:
    """The rule in a form. Raises ValidationError."""
    values = {name: form.get(name, "") for name in (*_FIELDS, "cool_down_min", "enabled")}
    figure = FIGURES.get(str(values["figure"]))
    if figure is not None and figure.unit == "share":
        with contextlib.suppress(ValueError):  # told with the rest
            values["threshold"] = float(values["threshold"]) / _SHARE
    return AlertRule.model_validate(values)


def _written(rule: AlertRule) -> dict[str, Any]:
    """The rule as a form has it."""
    is_share = FIGURES[rule.figure].unit == "share"
    threshold = rule.threshold * _SHARE if is_share else rule.threshold
    return {**rule.model_dump(), "threshold": f"{threshold:.6g}"}
