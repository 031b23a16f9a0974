"""How many calls may stream at once, and which do: counted across all workers of a host.

What a host holds is its own affair; where several share the store, each counts its own calls. The host that answered
a call's webhook need not be the one to which its stream comes: the place moves there.
"""

from __future__ import annotations

from collections.abc import Callable

from voicebot.store.live import LiveStore

_KIND = "places"
_PLACED = "placed"
"""On which host a call has its place."""


class Places:
    """Blocking, from any thread. A place whose worker died is free again after its lease, if nobody took it over."""

    def __init__(
        self,
        store: LiveStore,
        capacity: Callable[[], int],
        *,
        service: str,
        announced_s: float,
        lease_s: float,
        machine: str = "",
    ) -> None:
        """`capacity`: the most there are. `service`: a name for the workers that start and stop together. `machine`:
        this host's name among those that share the store; empty where it is alone.

        `announced_s`: seconds for which a place waits for its stream; `lease_s`: for which it is held without `hold`.
        """
        self._store = store
        self._capacity = capacity
        self._service = service
        self._announced_s = announced_s
        self._lease_s = lease_s
        self._machine = machine
        self._kind = _kind_of(machine)

    @property
    def capacity(self) -> int:
        """Calls that may stream at once."""
        return self._capacity()

    def take(self, call_sid: str) -> bool:
        """A place for a call that is about to stream; whether there is one. Asked again, the same one."""
        added = self._store.add(self._kind, call_sid, self._service, self._announced_s, self._capacity())
        if added and self._machine:
            self._store.put(_PLACED, call_sid, self._machine, self._announced_s)
        return added or self._store.get(self._kind, call_sid) is not None

    def announce(self, call_sid: str) -> None:
        """A call that streamed already is about to stream again: it has its place, however many there are."""
        self._store.put(self._kind, call_sid, self._service, self._announced_s)
        self._leave_others(call_sid)
        if self._machine:
            self._store.put(_PLACED, call_sid, self._machine, self._announced_s)

    def hold(self, call_sid: str) -> None:
        """The call streams here from now on."""
        self.renew(call_sid)
        self._leave_others(call_sid)

    def renew(self, call_sid: str) -> None:
        """The call streams still."""
        self._store.put(self._kind, call_sid, self._service, self._lease_s)

    def give_back(self, call_sid: str) -> None:
        """The call streams no more."""
        self._store.remove(self._kind, call_sid)
        self._leave_others(call_sid)

    def _leave_others(self, call_sid: str) -> None:
        placed = self._store.get(_PLACED, call_sid) if self._machine else None
        if placed is not None and placed != self._machine:
            self._store.remove(_kind_of(placed), call_sid)

    @property
    def taken(self) -> int:
        """Calls that stream, or are about to, in all workers of all services of this host."""
        return self._store.count(self._kind)

    @property
    def ours(self) -> int:
        """Those of this service."""
        return self._store.count(self._kind, self._service)


def _kind_of(machine: str) -> str:
    return f"{_KIND} {machine}" if machine else _KIND
