"""Which back end a pack talks to: the one that its backend.yaml declares, else a demonstration back end by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from voicebot.backends.bank_demo import BankDemo
from voicebot.backends.civic_open_data import open_civic_demo
from voicebot.backends.declared import FILE, open_declared
from voicebot.backends.hr_demo import HrDemo
from voicebot.backends.port import Backend
from voicebot.backends.shop_demo import ShopDemo
from voicebot.errors import VoicebotError

Today = Callable[[], date]
"""Tells which day it is."""

_DEMONSTRATIONS: dict[str, Callable[[Today], Backend]] = {
    "bank_demo": lambda today: BankDemo(today=today),
    "hr_demo": lambda today: HrDemo(today=today),
    "shop_demo": lambda today: ShopDemo(today=today),
}

_SERVED: dict[str, Callable[[Path, Today], Backend]] = {
    "civic_demo": lambda declaration, today: open_civic_demo(declaration, today=today),
}
"""Demonstrations that answer what the pack's backend.yaml declares, in the place of the service itself."""


def open_demonstration(name: str, pack_folder: Path, *, today: Today = date.today) -> Backend | None:
    """A fresh demonstration back end, on which anything may be tried; None where the pack's is a real one."""
    if name in _SERVED or (name in _DEMONSTRATIONS and not (pack_folder / FILE).is_file()):
        return open_backend(name, pack_folder, today=today)
    return None


def open_backend(name: str, pack_folder: Path, *, today: Today = date.today) -> Backend:
    """The back end of the pack in `pack_folder`, whose pack.yaml names `name`.

    A `backend.yaml` there goes before a demonstration, unless that is the declared service's own (`civic_demo`).
    Demonstrations keep what they are told in memory, and count their days from `today()`. Raises VoicebotError where
    there is no such back end.
    """
    declaration = pack_folder / FILE
    if name in _SERVED:
        return _SERVED[name](declaration, today)
    if declaration.is_file():
        return open_declared(declaration)
    try:
        return _DEMONSTRATIONS[name](today)
    except KeyError:
        known = ", ".join(sorted([*_DEMONSTRATIONS, *_SERVED]))
        raise VoicebotError(
            f"pack.yaml: there is no demonstration back end called {name}; write one of {known}, or add a {FILE}."
        ) from None
