"""Where experiments' runs are kept: what runs, who began and ended it, and what was decided. Several may share it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from voicebot.analytics.experiments.design import CONTROL, Design
from voicebot.errors import VoicebotError
from voicebot.store.experiment_tables import experiment_runs
from voicebot.store.history.database import Database, DatabaseError
from voicebot.store.history.tables import audit

State = Literal["running", "stopped", "decided"]
Decision = Literal["adopt", "keep", "go_on"]
"""`adopt` a variant: an editor makes it the content; `keep` the content as it is; `go_on`: not yet."""

GUARD = "guard"
"""Who ended a run that no person ended."""


class ExperimentError(VoicebotError):
    """Something that can't be done with an experiment."""


@dataclass(frozen=True)
class Run:
    """One run of an experiment."""

    id: int
    design: Design
    """As it was when the run began."""
    state: State
    salt: str
    planned: int
    """Callers at most."""
    started: datetime
    started_by: str
    ended: datetime | None
    """None while it runs."""
    ended_by: str | None
    reason: str | None
    decision: Decision | None
    chosen: str | None
    """The variant that is adopted."""
    decided: datetime | None
    decided_by: str | None


class Runs:
    """Blocking; callable from any thread. Every method raises DatabaseError; what is changed is audited with it."""

    def __init__(self, database: Database, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database, self._now = database, now

    def all(self, pack: str = "") -> tuple[Run, ...]:
        """Of a pack, or of all, the latest first."""
        c = experiment_runs.c
        return self._select(*([c.pack == pack] if pack else []))

    def running(self) -> tuple[Run, ...]:
        """Of all packs."""
        return self._select(experiment_runs.c.state == "running")

    def latest(self, pack: str, name: str) -> Run | None:
        """The last one that began."""
        c = experiment_runs.c
        return next(iter(self._select(c.pack == pack, c.name == name)), None)

    def start(self, design: Design, by: str, planned: int) -> Run:
        """Begin to give variants to callers. Raises ExperimentError where it runs already."""
        row = {
            "pack": design.pack,
            "name": design.name,
            "state": "running",
            "salt": secrets.token_hex(16),
            "design": design.to_json(),
            "planned": planned,
            "started": self._now(),
            "started_by": by,
        }
        try:
            with self._database.writing() as connection:
                connection.execute(insert(experiment_runs).values(row))
                self._audit(connection, by, "start experiment", design, {"planned": planned})
        except DatabaseError as error:
            if isinstance(error.__cause__, IntegrityError):
                raise ExperimentError(f"{design.name} runs already; stop it before it is started anew.") from None
            raise
        found = self.latest(design.pack, design.name)
        assert found is not None
        return found

    def stop(self, run: Run, by: str, reason: str = "") -> bool:
        """Give all callers the content as it is again, at once; False where somebody else stopped it meanwhile."""
        return self._change(
            run,
            "running",
            {"state": "stopped", "ended": self._now(), "ended_by": by, "reason": reason or None},
            (by, "stop experiment", {"reason": reason} if reason else {}),
        )

    def decide(self, run: Run, by: str, decision: Decision, chosen: str = "", reason: str = "") -> None:
        """What becomes of it: a run that is adopted or kept ends with that, one that goes on is only put on record.

        Raises ExperimentError for a variant that the run lacks, and where it was decided or stopped meanwhile.
        """
        if decision == "adopt" and chosen not in run.design.contenders:
            known = ", ".join(run.design.contenders)
            raise ExperimentError(f"{run.design.name} has no variant {chosen!r} to adopt; it has: {known}.")
        if run.state == "decided":
            raise ExperimentError(f"{run.design.name} was decided already; start it anew to try again.")
        told = (by, "decide experiment", {"decision": decision, "variant": chosen, "reason": reason})
        if decision == "go_on":
            if run.state != "running":
                raise ExperimentError(f"{run.design.name} is not running; start it anew to go on.")
            done = self._change(run, "running", {"decision": "go_on", "decided": self._now(), "decided_by": by}, told)
        else:
            now = self._now()
            values = {
                "state": "decided",
                "decision": decision,
                "chosen": chosen or CONTROL,
                "decided": now,
                "decided_by": by,
                "reason": reason or run.reason,
            }
            if run.ended is None:
                values |= {"ended": now, "ended_by": by}
            done = self._change(run, run.state, values, told)
        if not done:
            raise ExperimentError(f"{run.design.name} was stopped or decided meanwhile; look at it again.")

    def _change(self, run: Run, state: State, values: dict[str, Any], told: tuple[str, str, dict[str, Any]]) -> bool:
        c = experiment_runs.c
        with self._database.writing() as connection:
            changed = connection.execute(
                update(experiment_runs).where(c.id == run.id, c.state == state).values(values)
            ).rowcount
            if changed:
                self._audit(connection, told[0], told[1], run.design, told[2])
        return bool(changed)

    def _audit(self, connection: Any, by: str, action: str, design: Design, details: dict[str, Any]) -> None:
        subject = f"{design.pack}/{design.name}"
        connection.execute(
            insert(audit).values(at=self._now(), who=by, action=action, subject=subject, details=details or None)
        )

    def _select(self, *conditions: ColumnElement[bool]) -> tuple[Run, ...]:
        c = experiment_runs.c
        query = select(experiment_runs).where(*conditions).order_by(c.started.desc(), c.id.desc())
        with self._database.reading() as connection:
            return tuple(_run(row) for row in connection.execute(query))


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    return Run(
        design=Design.from_json(values.pop("design")),
        **{name: value for name, value in values.items() if name not in ("pack", "name")},
    )
