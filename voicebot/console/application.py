"""Puts the pages into the service's Flask application."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from flask import Flask, redirect
from werkzeug.wrappers import Response

from voicebot.config import Configuration
from voicebot.console.access.guard import Access, public
from voicebot.console.access.identity_provider import IdentityProvider
from voicebot.console.access.people import people_blueprint
from voicebot.console.access.sign_in import sign_in_blueprint
from voicebot.console.api.pages import add_api
from voicebot.console.asgi import asgi_routes
from voicebot.console.labelling.pages import labelling_blueprint
from voicebot.console.live.feed import LiveFeed
from voicebot.console.live.pages import live_blueprint
from voicebot.console.navigation import navigation
from voicebot.console.operators.pages import operators_blueprint
from voicebot.console.operators.scene import Scene
from voicebot.console.pages import prepare_pages
from voicebot.console.talk.line import Line
from voicebot.console.talk.pages import talk_blueprint
from voicebot.console.versions.pages import versions_blueprint
from voicebot.dialogue.engine import Dialogue
from voicebot.knowledge.base import KnowledgeBase
from voicebot.live.watching import Watching
from voicebot.loading import open_sealer
from voicebot.store.bus import Bus
from voicebot.store.call_recordings import CallRecordings
from voicebot.store.history.database import Database
from voicebot.store.history.desk import Desk
from voicebot.store.key_file import key_from


def add_console(
    flask: Flask,
    configuration: Configuration,
    database: Database,
    bus: Bus,
    dialogue: Callable[[], Dialogue | None],
    *,
    line: Line | None = None,
    bases: Callable[[], Mapping[str, KnowledgeBase]] = dict,
) -> Access:
    """Add accounts and all pages; further blueprints are held to their needs by `Access.protect`.

    `bus`: where calls are announced. `dialogue`: the one in service, None before it is loaded. `line`: what /talk
    calls over; without one there is no such page. `bases`: the knowledge in service by language. Connections that stay
    open are `voicebot.console.asgi.asgi_routes`.
    Raises KeyFileError where the key of the sessions can't be read or made.
    """
    key = configuration.console_key.get_secret_value().encode() or key_from(configuration.var / "console.key")
    access = Access(flask, database, key, redis_url=configuration.redis_url.get_secret_value())
    zone = ZoneInfo(configuration.time_zone)
    prepare_pages(
        flask,
        default_language=configuration.language,
        zone=zone,
        navigation=navigation,
    )
    flask.config["SESSION_COOKIE_SECURE"] = (
        configuration.public_url.startswith("https:") or configuration.tls_cert is not None
    )
    provider = None
    if configuration.oidc_issuer:
        provider = IdentityProvider(flask, configuration)
        flask.register_blueprint(provider.blueprint(access))
    flask.register_blueprint(sign_in_blueprint(access, provider))
    flask.register_blueprint(people_blueprint(access))
    recordings = CallRecordings(configuration.var / "recordings", open_sealer(configuration))
    scene = Scene.of(access, database, Watching(bus), dialogue, zone, recordings, bases)
    flask.register_blueprint(operators_blueprint(scene, database))
    add_api(flask, scene, database)
    flask.register_blueprint(labelling_blueprint(scene, database, configuration))
    flask.register_blueprint(versions_blueprint(scene, database, configuration, bus))
    flask.register_blueprint(live_blueprint(scene, bus))
    asgi_routes(flask)["/console/live/feed"] = LiveFeed(access, scene.watching)
    if line is not None:
        desk = Desk(database) if configuration.keep_history else None
        flask.register_blueprint(talk_blueprint(scene, line, desk))

    @flask.get("/")
    @public
    def home() -> Response:
        return redirect("/console")

    return access
