"""The command line. Each command stands in the module of its name; this one puts them together.

Exit status: 0 done, 1 it ran and failed, 2 bad usage or bad input.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from voicebot.errors import VoicebotError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="An offline voice and telephony support bot.",
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        sys.stdout.write(f"voicebot {version('voicebot')}\n")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell the version.")]


@app.callback()
def every_command(version: Version = False) -> None:
    """An offline voice and telephony support bot."""


def main() -> None:
    """Run the command line. A VoicebotError becomes one line on standard error and exit status 2."""
    from voicebot.cli import commands  # noqa: F401

    try:
        app()
    except VoicebotError as error:
        sys.stderr.write(f"voicebot: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
