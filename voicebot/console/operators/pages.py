"""The operators' blueprint."""

from __future__ import annotations

from flask import Blueprint

from voicebot.console.operators.alerts import add_alerts
from voicebot.console.operators.calls import add_calls
from voicebot.console.operators.content import add_content
from voicebot.console.operators.experiments import add_experiments
from voicebot.console.operators.improvement import add_improvement
from voicebot.console.operators.overview import add_overview
from voicebot.console.operators.reports import add_reports
from voicebot.console.operators.scene import Scene
from voicebot.console.operators.sound import add_sound
from voicebot.console.operators.suggestions import add_suggestions
from voicebot.console.pages import error_page
from voicebot.store.history.database import Database


def operators_blueprint(scene: Scene, database: Database) -> Blueprint:
    """The pages below /console."""
    blueprint = scene.access.protect(Blueprint("console", __name__, url_prefix="/console"))
    add_overview(blueprint, scene, database)
    add_calls(blueprint, scene)
    add_sound(blueprint, scene)
    add_content(blueprint, scene)
    add_alerts(blueprint, scene, database)
    add_improvement(blueprint, scene, database)
    add_suggestions(blueprint, scene, database)
    add_experiments(blueprint, scene, database)
    add_reports(blueprint, scene, database)
    blueprint.register_error_handler(Exception, error_page)
    return blueprint
