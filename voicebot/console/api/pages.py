"""The blueprint of the API."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any, Literal

from flask import Flask, jsonify
from flask.wrappers import Response
from pydantic import BaseModel, Field

from voicebot.analytics.alerts.book import AlertBook
from voicebot.console.access.guard import public
from voicebot.console.api.alerts import add_alerts
from voicebot.console.api.calls import add_calls
from voicebot.console.api.document import document
from voicebot.console.api.figures import add_figures
from voicebot.console.api.labels import add_labels
from voicebot.console.api.operations import RATE, Api, ApiError, Asked, explain_unknown_paths
from voicebot.console.api.people import add_people
from voicebot.console.api.versions import add_versions
from voicebot.console.operators.scene import Scene
from voicebot.console.operators.trial import LONGEST_LINE, MOST_LINES, TrialTurn, attempt
from voicebot.store.history.database import Database, DatabaseError
from voicebot.store.versions import Versions
from voicebot.store.versions.shadows import ShadowBook


class Health(BaseModel):
    """Whether the service can do its work."""

    version: str
    content: bool
    """Whether the pack is loaded."""
    database: bool
    """Whether the history can be asked."""


class Trial(Asked):
    """A conversation to be tried."""

    language: Literal["ko", "en"] = "ko"
    lines: list[Annotated[str, Field(max_length=LONGEST_LINE)]] = Field(min_length=1, max_length=MOST_LINES)
    """What the caller says, one turn each; digits alone are keys, an empty line is silence."""


class Tried(BaseModel):
    """What the bot would do; the first turn is its greeting."""

    turns: list[TrialTurn]


def add_api(flask: Flask, scene: Scene, database: Database, *, rate: str = RATE) -> Api:
    """Everything under /api/v1, of one application once."""
    api = Api(scene.access, rate=rate)
    add_calls(api, scene, database)
    add_figures(api, scene)
    add_people(api, scene)
    add_alerts(api, AlertBook(database, scene.now))
    add_labels(api, scene, database)

    add_versions(api, Versions(database, None), ShadowBook(database))

    @api.operation("post", "/understand", "content")
    def understand(body: Trial) -> Tried:
        """What the bot would answer; touches no call and no back end"""
        dialogue = scene.dialogue()
        if dialogue is None:
            raise ApiError(503, "the content is being loaded; try again in a few seconds.")
        if body.language not in dialogue.pack.languages:
            raise ApiError(409, f"the pack {dialogue.pack.name} has no such language; leave language out.")
        return Tried(turns=attempt(dialogue, body.language, body.lines, scene.now().astimezone(scene.zone).date()))

    @api.operation("get", "/health", "public")
    def get_health() -> Health:
        """Whether content and database are there"""
        try:
            database.revisions()
            is_there = True
        except DatabaseError:
            is_there = False
        return Health(version=version("voicebot"), content=scene.dialogue() is not None, database=is_there)

    told: dict[str, Any] = document(api.operations)

    @api.blueprint.get("/openapi.json")
    @public
    def openapi() -> Response:
        return jsonify(told)

    flask.register_blueprint(api.blueprint)
    explain_unknown_paths(flask)
    return api
