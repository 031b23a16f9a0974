"""Which back end a pack talks to: the one that its backend.yaml declares, else a demonstration back end by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from voicebot.backends.bank_demo import BankDemo
from voicebot.backends.declared import FILE, open_declared
from voicebot.backends.port import Backend
from voicebot.backends.shop_demo import ShopDemo
from voicebot.errors import VoicebotError

Today = Callable[[], date]
"""Tells which day it is."""

_DEMONSTRATIONS: dict[str, Callable[[Today], Backend]] = {
    "bank_demo": lambda today: BankDemo(today=today),
    "shop_demo": lambda today: ShopDemo(today=today),
}


def open_backend(name: str, pack_folder: Path, *, today: Today = date.today) -> Backend:
    """The back end of the pack in `pack_folder`, whose pack.yaml names `name`; a `backend.yaml` there goes before it.

    Demonstrations keep what they are told in memory, and count their days from `today()`. Raises VoicebotError where
    there is no such back end.
    """
    if (declaration := pack_folder / FILE).is_file():
        return open_declared(declaration)
    try:
        return _DEMONSTRATIONS[name](today)
    except KeyError:
        known = ", ".join(sorted(_DEMONSTRATIONS))
        raise VoicebotError(
            f"pack.yaml: there is no demonstration back end called {name}; write one of {known}, or add a {FILE}."
        ) from None
