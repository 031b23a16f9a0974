"""Puts the desk among the pages."""

from __future__ import annotations

from flask import Flask

from voicebot.console.agents.feed import DeskFeed
from voicebot.console.agents.pages import agents_blueprint
from voicebot.console.agents.scene import DeskScene
from voicebot.console.asgi import asgi_routes


def add_desk(flask: Flask, scene: DeskScene) -> None:
    """Add /agent to the pages that `add_console` made. The agent's sound comes over `WS /agent/media`, elsewhere."""
    flask.register_blueprint(agents_blueprint(scene))
    asgi_routes(flask)["/agent/feed"] = DeskFeed(scene)
