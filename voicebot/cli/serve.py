"""`voicebot serve`: take calls until told to stop."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    import socket

    from rich.console import Console

    from telephony.application import TelephonyApp
    from voicebot.config import Configuration
    from voicebot.service import Service
    from voicebot.store.history.database import Database


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8080 by default, 0 for any.")] = None,
    pack: Annotated[str | None, typer.Option(help="Name or folder of the pack; shop by default.")] = None,
    language: Annotated[str | None, typer.Option(help="Language callers are greeted in: ko or en.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that take calls; 1 by default.")] = None,
    cert: Annotated[Path | None, typer.Option(help="Certificate (PEM): the port speaks TLS. With --key.")] = None,
    key: Annotated[Path | None, typer.Option(help="The certificate's key (PEM).")] = None,
    follow: Annotated[bool, typer.Option(help="Show conversations as they happen, with what callers say.")] = False,
) -> None:
    """Take calls on one port until SIGTERM or Ctrl-C, then let the running ones finish."""
    # Calls use the cores already. Before numpy is imported: its threads would be there when workers are forked.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rich.console import Console

    from voicebot import config
    from voicebot.logs import set_up
    from voicebot.process_memory import bound_arenas
    from voicebot.sharing import check_sharing

    bound_arenas()
    configuration = config.load(
        host=host, port=port, pack=pack, language=language, workers=workers, tls_cert=cert, tls_key=key
    )
    set_up(configuration)
    check_sharing(configuration)
    console = Console()
    if configuration.workers > 1:
        raise typer.Exit(_serve_with_workers(configuration, console, follow=follow))
    _serve_alone(configuration, console, follow=follow)


def _serve_alone(configuration: Configuration, console: Console, *, follow: bool) -> None:
    """In this process: the port is open at once, and callers go to people until all is loaded."""
    from voicebot.cli.follow import follower
    from voicebot.service import Service
    from voicebot.sharing import open_bus, open_live

    bus = open_bus(configuration)
    followers = (follower(console),) if follow else ()
    service = Service(configuration, followers=followers, live=open_live(configuration), bus=bus)
    failure: list[BaseException] = []

    def load() -> None:
        try:
            service.load(functools.partial(_tell_phrases, console))
            _settle()
            _tell_ready(console, service.trouble)
        except BaseException as error:  # told to the main thread, which ends the process with one sentence
            failure.append(error)
            os.kill(os.getpid(), signal.SIGTERM)

    @contextlib.asynccontextmanager
    async def lifespan(*_: Any) -> AsyncIterator[None]:
        threading.Thread(target=load, name="loading", daemon=True).start()
        yield

    try:
        _take_calls(configuration, service, console, lifespan=lifespan)
    finally:
        service.close()
        if bus is not None:
            bus.close()
    if failure:
        raise failure[0]
    sys.stdout.flush()


def _serve_with_workers(configuration: Configuration, console: Console, *, follow: bool) -> int:
    """What can be shared is loaded here, then workers are forked; until they are ready another process answers."""
    import voicebot.console.application  # shared by the workers that are forked  # noqa: F401
    from telephony.metrics import forget_worker, share_between_workers
    from telephony.server import listen
    from telephony.shared_memory import shared_folder
    from telephony.tls import check_tls
    from telephony.workers import USAGE, Signs, Workers
    from voicebot.editions.packs import preload
    from voicebot.errors import VoicebotError
    from voicebot.store.live_sqlite import SqliteStore, make_sound
    from voicebot.store.live_steady import SteadyStore

    check_tls(configuration)
    listener = listen(configuration.host, configuration.port)
    listener.listen(_WAITING_CONNECTIONS)
    share_between_workers(configuration.var / "metrics")
    _tell_listening(configuration, console, listener.getsockname()[1])
    stand_in = _stand_in(configuration, listener)
    file = configuration.var / "live.db"
    make_sound(file)
    memory = shared_folder("live")
    preloaded = preload(configuration)
    _settle()
    supervisor = os.getpid()

    def work(parent: Signs, hurry: bool) -> int:
        from voicebot.cli.follow import follower
        from voicebot.service import Service
        from voicebot.sharing import open_bus, open_live
        from voicebot.store.bus_file import FileBus

        beside = SteadyStore(SqliteStore(memory / "live.db")) if memory else None
        live = open_live(configuration, beside) or SteadyStore(SqliteStore(file), beside=beside)
        bus = open_bus(configuration) or FileBus(configuration.var / "bus.db")
        followers = (follower(console),) if follow else ()
        service = Service(configuration, followers=followers, live=live, bus=bus, preloaded=preloaded, hurry=hurry)
        try:
            # A worker that can't hold calls yet accepts none: the others do, or the connection waits.
            service.load()
            _settle()
            if service.trouble:
                _tell_ready(console, service.trouble)
            parent.ready()
            alive = lambda busy: parent.alive(busy=busy)  # noqa: E731
            _take_calls(configuration, service, None, listener=listener, service_id=str(supervisor), alive=alive)
        except VoicebotError as error:
            sys.stderr.write(f"{error}\n")
            return USAGE
        finally:
            parent.leaves()
            service.close()
            bus.close()
        return 0

    def ready() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(stand_in, signal.SIGTERM)
        _tell_ready(console, "")

    return Workers(configuration.workers, work, ready=ready, ended=forget_worker).run()


def _stand_in(configuration: Configuration, listener: socket.socket) -> int:
    """A process that answers while nothing is loaded: callers go to people, probes are told to wait; its id."""
    from telephony.server import serve as serve_until_told
    from telephony.workers import end_with_parent
    from voicebot.service import Service
    from voicebot.sharing import machine, open_live

    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        end_with_parent()
        service = Service(configuration, live=open_live(configuration))
        serve_until_told(
            configuration,
            service,
            ready=lambda: False,
            live=service.live,
            machine=machine(configuration),
            office=service.office,
            listener=listener,
        )
        status = 0
    finally:
        os._exit(status)


_WAITING_CONNECTIONS = 1024
"""Connections that wait to be accepted while workers load or die: Twilio waits 5 s for one, and 15 s for an answer."""


def _take_calls(
    configuration: Configuration,
    service: Service,
    console: Console | None,
    *,
    lifespan: Any = contextlib.nullcontext,
    listener: socket.socket | None = None,
    service_id: str = "",
    alive: Callable[[bool], None] | None = None,
) -> None:
    from telephony.callbacks import calling_back
    from telephony.calls_api import calls_blueprint
    from telephony.people.moving import open_moving
    from telephony.server import serve as serve_until_told
    from voicebot.analytics.alerts.watch import watching_alerts
    from voicebot.analytics.guard.watch import watching_versions
    from voicebot.learning.jobs.scheduler import scheduled_work
    from voicebot.sharing import machine

    def listening(port: int) -> None:
        if console is not None:
            _tell_listening(configuration, console, port)

    history = service.history.database if service.history else None
    with (
        calling_back(configuration, service.office),
        watching_alerts(configuration, history),
        watching_versions(configuration, history),
        scheduled_work(configuration, history, lambda: service.is_crowded),
    ):
        serve_until_told(
            configuration,
            service,
            ready=lambda: service.ready,
            trouble=lambda: service.trouble,
            registry=service.monitor.registry,
            capacity=lambda: service.capacity,
            live=service.live,
            service_id=f"{machine(configuration)} {service_id or os.getpid()}",
            machine=machine(configuration),
            blueprints=[calls_blueprint(service.journal)],
            office=service.office,
            moving=open_moving(configuration),
            keyed=service.keyed,
            lifespan=lifespan,
            listening=listening,
            listener=listener,
            alive=alive,
            extend=functools.partial(_add_pages, configuration, service),
        )


def _add_pages(configuration: Configuration, service: Service, app: TelephonyApp) -> None:
    """The console and the browser phone beside the telephone."""
    from flask import Flask

    from telephony.agent_desk import AgentDesk
    from telephony.browser_phone import BrowserPhone
    from voicebot.console.application import add_console
    from voicebot.console.asgi import asgi_routes

    pages = Flask("voicebot")
    phone = None
    desk = AgentDesk(configuration, service, service.history.database if service.history else None)
    if configuration.talk:
        phone = BrowserPhone(
            app.exchange,
            desk.lines,
            takes_calls=app.takes_calls,
            public_url=configuration.public_url,
            people=desk.lines.people,
        )
        asgi_routes(pages)["/talk/media"] = phone
    database = _accounts(configuration, service)
    access = add_console(
        pages,
        configuration,
        database,
        service.bus,
        lambda: service.dialogue,
        line=phone,
        bases=lambda: service.knowledge,
    )
    desk.add_to(pages, access)
    app.add_pages(pages, asgi_routes(pages))


def _accounts(configuration: Configuration, service: Service) -> Database:
    """The database of the history; without one, accounts still need it."""
    import structlog

    from voicebot.store.history.database import DatabaseError, open_database

    if service.history is not None:
        return service.history.database
    database = open_database(configuration.database_url.get_secret_value(), configuration.var)

    def migrate() -> None:
        try:
            database.migrate()
        except DatabaseError as error:  # calls go on; the pages tell that they can't be used
            structlog.get_logger().error("the database of accounts can't be used", reason=str(error))

    threading.Thread(target=migrate, name="accounts", daemon=True).start()
    return database


_GC_THRESHOLDS = (20_000, 4, 2)
"""New objects after which a look for circles is worth its time (Python's own 700 are there several times a second); so
many looks at what is new until one at what is older, and of these until one at all. Calls that are over are circles,
and old."""


def _settle() -> None:
    from voicebot.process_memory import give_back

    # Millions of objects that stay to the end: looking through them again costs pauses, and a second at exit.
    gc.collect()
    gc.freeze()
    # Python looks through what is old only when it has grown by a quarter since it last did: from now on of nothing.
    gc.collect()
    give_back()
    # Calls make thousands of small objects a second, hardly any of them in circles.
    gc.set_threshold(*_GC_THRESHOLDS)


def _tell_listening(configuration: Configuration, console: Console, port: int) -> None:
    scheme = "https" if configuration.tls_cert else "http"
    console.print(f"voicebot: listening on {scheme}://{configuration.host}:{port}", highlight=False)


def _tell_phrases(console: Console, what: str) -> None:
    """What takes minutes on the first start with a neural voice."""
    if what.startswith("phrases"):
        console.print(f"voicebot: {what}", highlight=False)


def _tell_ready(console: Console, trouble: str) -> None:
    if trouble:
        console.print(f"voicebot: callers are served by keys only: {trouble}", highlight=False)
    else:
        console.print("voicebot: ready", highlight=False)
