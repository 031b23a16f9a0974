"""How long the caller waits for an answer, and what for. All times on the call's clock, in milliseconds."""

from __future__ import annotations


class Waiting:
    """From the end of the caller's speech or keys to the first sound of the answer."""

    def __init__(self) -> None:
        self._due: int | None = None
        self._last = 0
        self._stages: dict[str, int] = {}

    def begin(self, ended_at: int, now: int) -> None:
        """The caller's turn is known; it had ended at `ended_at`. What lies between was `listening`."""
        self._due, self._last = ended_at, ended_at
        self._stages = {}
        self.spent("listening", now)

    def spent(self, stage: str, now: int) -> None:
        """The time until now belongs to this stage."""
        if self._due is not None:
            self._stages[stage] = self._stages.get(stage, 0) + max(0, now - self._last)
            self._last = max(now, self._last)

    def asked(self) -> tuple[int, dict[str, int]] | None:
        """When the caller's turn ended, and the stages so far; None where nobody waits. Ends the waiting."""
        if self._due is None:
            return None
        due, self._due = self._due, None
        return due, self._stages


def waited(waiting: tuple[int, dict[str, int]] | None, at: int) -> tuple[int | None, dict[str, int]]:
    """How long was waited in all for the sound that began at `at`, and by stage; the rest was `speaking`."""
    if waiting is None:
        return None, {}
    due, stages = waiting
    return at - due, {**stages, "speaking": max(0, at - due - sum(stages.values()))}
