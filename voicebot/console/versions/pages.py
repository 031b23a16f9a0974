"""Versions: the list, each with its card, evaluation, differences and history, and what may be done with it."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from voicebot.config import Configuration
from voicebot.console.access.guard import needs, reader
from voicebot.console.operators.scene import Scene
from voicebot.console.pages import error_page
from voicebot.console.versions.card import rendered
from voicebot.editions.differences import differences
from voicebot.editions.in_service import TOPIC
from voicebot.errors import VoicebotError
from voicebot.store.bus import Bus
from voicebot.store.history.database import Database
from voicebot.store.versions import Version, VersionError, Versions
from voicebot.store.versions.shadows import ShadowBook
from voicebot.store.versions.states import possible

_SHARES = (0.05, 0.1, 0.2, 0.3, 0.5)
_GUARD_ACTS_AT = 20.0
INSTALLED = "installed"


def versions_blueprint(scene: Scene, database: Database, configuration: Configuration, bus: Bus) -> Blueprint:
    """The pages below /console/versions. `bus`: where services of this host learn of a change at once."""
    blueprint = scene.access.protect(Blueprint("versions", __name__, url_prefix="/console/versions"))
    registry = Versions(
        database, configuration.var, now=scene.now, changed=lambda pack: bus.publish(TOPIC, {"pack": pack})
    )
    book = ShadowBook(database)

    @blueprint.get("")
    @needs("numbers")
    def page() -> str:
        found = registry.all()
        packs = dict.fromkeys([*([pack.name] if (pack := scene.pack()) else []), *(one.pack for one in found)])
        serving = {pack: registry.serving(pack) for pack in packs}
        return render_template("versions/page.html", found=found, serving=serving, by_id={one.id: one for one in found})

    @blueprint.get("/<version>")
    @needs("numbers")
    def version(version: str) -> str:
        return one_page(_found(registry, version))

    def one_page(one: Version, problem: str = "", sentence: str = "") -> str:
        who = reader()
        assert who is not None
        language = g.interface_language
        card = one.cards.get(language) or next(iter(one.cards.values()), "")
        may_read = who.may("calls")
        turns = book.turns(one.id, 50) if may_read else ()
        if turns:
            scene.access.put("view shadow turns", subject=one.id)
        return render_template(
            "versions/version.html",
            one=one,
            card=rendered(card) if card else "",
            card_language=language if language in one.cards else next(iter(one.cards), ""),
            changes=registry.changes(one.id),
            agreement=book.agreement(one.id),
            kinds=book.kinds(one.id, 10),
            turns=turns,
            guard=registry.guard(one.id),
            acts_at=_GUARD_ACTS_AT,
            actions=possible(one.state) if who.may("approve") else (),
            own=any(_same(name, who.user.name) for name in (one.author, one.added_by)),
            shares=_SHARES,
            title=lambda intent: scene.title(intent, language),
            may_compare=who.may("content"),
            problem=problem,
            sentence=sentence,
        )

    @blueprint.post("/<version>")
    @needs("approve")
    def change(version: str) -> ResponseReturnValue:
        who = reader()
        assert who is not None
        one, by = _found(registry, version), who.user.name
        seen, reason = request.form.get("revision", ""), request.form.get("reason", "").strip()[:500]
        if not seen.isdecimal():
            abort(400)
        try:
            _do(registry, one, request.form.get("what", ""), by, reason, int(seen))
        except VersionError as error:
            latest = registry.get(one.id)
            moved = latest.revision != int(seen)
            return one_page(latest, "versions.changed_meanwhile" if moved else "versions.refused", str(error)), 409
        return redirect(url_for("versions.version", version=one.id))

    @blueprint.get("/<version>/differences")
    @needs("content")
    def compared(version: str) -> ResponseReturnValue:
        one = _found(registry, version)
        against = request.args.get("against", one.parent or INSTALLED)
        before = None if against == INSTALLED else _found(registry, against)
        try:
            found, problem = differences(registry, configuration, one, before), ""
        except VoicebotError as error:
            found, problem = None, str(error)
        others = [other for other in registry.all(one.pack) if other.id != one.id]
        return render_template(
            "versions/differences.html", one=one, found=found, others=others, against=against, problem=problem
        )

    blueprint.register_error_handler(Exception, error_page)
    return blueprint


def _do(registry: Versions, one: Version, what: str, by: str, reason: str, seen: int) -> None:
    match what:
        case "evaluate":
            registry.evaluate(one.id, by, expected=seen)
        case "approve":
            registry.approve(one.id, by, reason, expected=seen)
        case "shadow":
            registry.shadow(one.id, by, reason, expected=seen)
        case "share":
            registry.share(one.id, _share(request.form.get("share", "")), by, reason, expected=seen)
        case "activate":
            registry.activate(one.id, by, reason, expected=seen)
        case "withdraw":
            registry.withdraw(one.id, by, reason, expected=seen)
        case "roll back":
            registry.roll_back(one.pack, by, reason, version=one.id, expected=seen)
        case "retire":
            registry.retire(one.id, by, reason, expected=seen)
        case _:
            abort(400)


def _share(sent: str) -> float:
    try:
        return float(sent)
    except ValueError:
        abort(400)


def _found(registry: Versions, version: str) -> Version:
    found = registry.find(version)
    if found is None:
        abort(404)
    return found


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
