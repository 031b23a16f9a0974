"""Progress bars on standard error, where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

Item = TypeVar("Item")


def over(items: Sequence[Item], what: str, *, quiet: bool = False) -> Iterator[Item]:
    """The items, one after the other, with a bar where there are several and standard error is a terminal."""
    if quiet or len(items) < 2 or not sys.stderr.isatty():
        yield from items
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(items, what, console=Console(stderr=True), transient=True)
