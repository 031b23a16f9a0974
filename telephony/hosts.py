"""Which other hosts take calls just now, so that one that can't sends its callers there and not to people."""

from __future__ import annotations

from voicebot.store.live import LiveStore

_KIND = "hosts"
_ROOM, _FULL = "room", "full"


class Hosts:
    """Blocking, from any thread. A host that says nothing for its lease is not there."""

    def __init__(self, store: LiveStore, machine: str, *, lease_s: float) -> None:
        """`machine`: this host's name; empty where it is alone."""
        self._store, self._machine, self._lease_s = store, machine, lease_s

    def tell(self, *, has_room: bool) -> None:
        """Whether this host takes new calls; to be told again within the lease."""
        if self._machine:
            self._store.put(_KIND, self._machine, _ROOM if has_room else _FULL, self._lease_s)

    def others_have_room(self) -> bool:
        """Whether another host takes new calls. This one counts as full from now on, until it tells otherwise."""
        if not self._machine:
            return False
        self.tell(has_room=False)
        return self._store.count(_KIND, _ROOM) > 0
