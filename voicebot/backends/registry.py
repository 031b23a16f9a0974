"""Back ends by the name that a pack gives them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from voicebot.backends.port import Backend
from voicebot.backends.shop_demo import ShopDemo
from voicebot.errors import VoicebotError

_KNOWN: dict[str, Callable[[Path], Backend]] = {"shop_demo": lambda _var: ShopDemo()}


def open_backend(name: str, var: Path) -> Backend:
    """The back end called `name`; `var` is where it may keep files. Raises VoicebotError where there is none."""
    try:
        return _KNOWN[name](var)
    except KeyError:
        known = ", ".join(sorted(_KNOWN))
        raise VoicebotError(f"pack.yaml: there is no back end called {name}; there are: {known}.") from None
