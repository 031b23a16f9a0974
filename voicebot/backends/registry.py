"""Which back end a pack talks to: the one that its backend.yaml declares, else a demonstration back end by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voicebot.backends.declared import FILE, open_declared
from voicebot.backends.port import Backend
from voicebot.backends.shop_demo import ShopDemo
from voicebot.errors import VoicebotError

_DEMONSTRATIONS: dict[str, Callable[[Path], Backend]] = {"shop_demo": lambda _var: ShopDemo()}


def open_backend(name: str, var: Path, pack_folder: Path | None = None) -> Backend:
    """The back end of a pack whose pack.yaml names `name`; `var` is where a demonstration may keep files.

    A `backend.yaml` in `pack_folder` goes before the name. Raises VoicebotError where there is neither.
    """
    if pack_folder is not None and (declaration := pack_folder / FILE).is_file():
        return open_declared(declaration)
    try:
        return _DEMONSTRATIONS[name](var)
    except KeyError:
        known = ", ".join(sorted(_DEMONSTRATIONS))
        raise VoicebotError(
            f"pack.yaml: there is no demonstration back end called {name}; write one of {known}, or add a {FILE}."
        ) from None
