"""`voicebot serve`: take calls until told to stop."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from typing import Annotated, Any

import typer

from voicebot.cli import app


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 8080 by default, 0 for any.")] = None,
    pack: Annotated[str | None, typer.Option(help="Name or folder of the pack; shop by default.")] = None,
    language: Annotated[str | None, typer.Option(help="Language callers are greeted in: ko or en.")] = None,
    follow: Annotated[bool, typer.Option(help="Show conversations as they happen, with what callers say.")] = False,
) -> None:
    """Take calls on one port until SIGTERM or Ctrl-C, then let the running ones finish."""
    from rich.console import Console

    from telephony.callbacks import calling_back
    from telephony.calls_api import calls_blueprint
    from telephony.people.moving import open_moving
    from telephony.server import serve as serve_until_told
    from voicebot import config
    from voicebot.cli.follow import follower
    from voicebot.logs import set_up
    from voicebot.service import Service

    configuration = config.load(host=host, port=port, pack=pack, language=language)
    set_up(configuration)
    console = Console()
    service = Service(configuration, followers=(follower(console),) if follow else ())

    def listening(port: int) -> None:
        console.print(f"voicebot: listening on http://{configuration.host}:{port}", highlight=False)

    failure: list[BaseException] = []

    def load() -> None:
        try:
            service.load()
            # Millions of objects that stay to the end: looking through them again costs pauses, and a second at exit.
            gc.collect()
            gc.freeze()
            console.print("voicebot: ready", highlight=False)
        except BaseException as error:  # told to the main thread, which ends the process with one sentence
            failure.append(error)
            os.kill(os.getpid(), signal.SIGTERM)

    @contextlib.asynccontextmanager
    async def lifespan(*_: Any) -> AsyncIterator[None]:
        threading.Thread(target=load, name="loading", daemon=True).start()
        with calling_back(configuration, service.office):
            yield

    try:
        serve_until_told(
            configuration,
            service,
            ready=lambda: service.ready,
            blueprints=[calls_blueprint(service.journal)],
            office=service.office,
            moving=open_moving(configuration),
            lifespan=lifespan,
            listening=listening,
        )
    finally:
        service.close()
    if failure:
        raise failure[0]
    sys.stdout.flush()
