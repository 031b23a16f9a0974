"""The operators' blueprint."""

from __future__ import annotations

from flask import Blueprint

from voicebot.console.operators.calls import add_calls
from voicebot.console.operators.content import add_content
from voicebot.console.operators.overview import add_overview
from voicebot.console.operators.scene import Scene
from voicebot.console.operators.sound import add_sound
from voicebot.console.pages import error_page


def operators_blueprint(scene: Scene) -> Blueprint:
    """The pages below /console."""
    blueprint = scene.access.protect(Blueprint("console", __name__, url_prefix="/console"))
    add_overview(blueprint, scene)
    add_calls(blueprint, scene)
    add_sound(blueprint, scene)
    add_content(blueprint, scene)
    blueprint.register_error_handler(Exception, error_page)
    return blueprint
