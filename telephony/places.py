"""How many calls may stream at once, and which do: counted across all workers."""

from __future__ import annotations

from collections.abc import Callable

from voicebot.store.live import LiveStore

_KIND = "places"


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
    ) -> None:
        """`capacity`: the most there are. `service`: a name for the workers that start and stop together.

        `announced_s`: seconds for which a place waits for its stream; `lease_s`: for which it is held without `hold`.
        """
        self._store = store
        self._capacity = capacity
        self._service = service
        self._announced_s = announced_s
        self._lease_s = lease_s

    @property
    def capacity(self) -> int:
        """Calls that may stream at once."""
        return self._capacity()

    def take(self, call_sid: str) -> bool:
        """A place for a call that is about to stream; whether there is one. Asked again, the same one."""
        added = self._store.add(_KIND, call_sid, self._service, self._announced_s, self._capacity())
        return added or self._store.get(_KIND, call_sid) is not None

    def announce(self, call_sid: str) -> None:
        """A call that streamed already is about to stream again: it has its place, however many there are."""
        self._store.put(_KIND, call_sid, self._service, self._announced_s)

    def hold(self, call_sid: str) -> None:
        """The call streams, or streams still."""
        self._store.put(_KIND, call_sid, self._service, self._lease_s)

    def give_back(self, call_sid: str) -> None:
        """The call streams no more."""
        self._store.remove(_KIND, call_sid)

    @property
    def taken(self) -> int:
        """Calls that stream, or are about to, in all workers of all services."""
        return self._store.count(_KIND)

    @property
    def ours(self) -> int:
        """Those of this service."""
        return self._store.count(_KIND, self._service)
