"""Memory of this process that is in no use any more, given back to the system: glibc keeps it by itself."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_ARENA_MAX = -8
"""M_ARENA_MAX of malloc.h."""
_ARENAS = 4
"""glibc would give every thread an arena of its own up to eight a core, each with its own holes; few threads allocate
at the same moment."""


def bound_arenas() -> None:
    """Keep threads to few arenas. To be called before threads are started; nothing off glibc."""
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "linux":
            ctypes.CDLL("libc.so.6").mallopt(_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """After loading: some 80 MB that models and training needed for a moment. Takes some 20 ms, the GIL released; waits
    are only for those who allocate in the arena that is looked through. Nothing off glibc."""
    with contextlib.suppress(OSError, AttributeError):
        if sys.platform == "linux":
            ctypes.CDLL("libc.so.6").malloc_trim(0)
