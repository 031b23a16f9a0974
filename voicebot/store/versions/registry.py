"""The registry of versions: what there is, who did what to it, and which versions serve a pack.

Every change is one transaction with its line of the audit trail. It is refused where the version is not in the state
that the change needs, or not as whoever asked for it last saw it; so of two people, or two hosts, one gets it.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from voicebot.store.audit import put_down
from voicebot.store.history.database import Database, DatabaseError
from voicebot.store.versions import bundle, packing
from voicebot.store.versions.bundle import BundleError
from voicebot.store.versions.states import Action, VersionError, after
from voicebot.store.versions.tables import version_changes, version_chunks, versions
from voicebot.store.versions.version import Change, Serving, Version

FOLDER = "versions"
"""Under var: versions as they are unpacked on this host."""
STILL_USED = timedelta(hours=1)
"""So long after new calls ceased to get a version, running ones may still be on it. A call lasts half an hour at most
by default (`longest_call_s`)."""
_SHORTEST_ID = 4

_v, _c = versions.c, version_changes.c


class Versions:
    """Blocking; callable from any thread. Every method raises DatabaseError; those that change, VersionError."""

    def __init__(
        self,
        database: Database,
        var: Path | None,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        changed: Callable[[str], None] = lambda _pack: None,
    ) -> None:
        """`var`: where files are unpacked; None where none are looked at. `changed` is told the pack after each change
        of what serves it."""
        self._database, self._var, self._now, self._changed = database, var, now, changed
        self._unpacking = threading.Lock()

    # Looking

    def all(self, pack: str = "") -> tuple[Version, ...]:
        """The newest first; of one pack, or of all."""
        wanted = select(versions).order_by(_v.added.desc(), _v.id)
        with self._database.reading() as connection:
            return tuple(_version(row) for row in connection.execute(wanted.where(_v.pack == pack) if pack else wanted))

    def find(self, name: str) -> Version | None:
        """The version of this id, or of an id that begins so where only one does; None where there is none."""
        if len(name) < _SHORTEST_ID or not all(letter in "0123456789abcdef" for letter in name):
            return None
        with self._database.reading() as connection:
            rows = connection.execute(select(versions).where(_v.id.startswith(name)).limit(2)).all()
        return _version(rows[0]) if len(rows) == 1 else None

    def get(self, name: str) -> Version:
        """As `find`. Raises VersionError."""
        found = self.find(name)
        if found is None:
            raise VersionError(f"there is no version {name[:40]!r}; `voicebot versions list` shows which there are.")
        return found

    def changes(self, version: str) -> tuple[Change, ...]:
        """What was done to the version, the latest first."""
        wanted = select(version_changes).where(_c.version == version).order_by(_c.id.desc())
        with self._database.reading() as connection:
            return tuple(
                Change(r.at, r.by, r.action, r.version, r.before, r.after, r.reason, r.details or {})
                for r in connection.execute(wanted)
            )

    def serving(self, pack: str) -> Serving:
        """Which versions serve the pack's callers now. Two small queries: it may be asked every second."""
        wanted = select(_v.id, _v.state, _v.share, _v.key, _v.replaced)
        left = select(_c.version).where(
            _c.pack == pack, _c.at > self._now() - STILL_USED, _c.before.in_(("shared", "active"))
        )
        with self._database.reading() as connection:
            rows = {row.state: row for row in connection.execute(wanted.where(_v.pack == pack, _v.state.in_(_SERVING)))}
            gone = {row.version for row in connection.execute(left)}
        active, shared, shadow = rows.get("active"), rows.get("shared"), rows.get("shadow")
        return Serving(
            active.id if active else None,
            (shared.id, shared.share) if shared else None,
            shadow.id if shadow else None,
            active.replaced if active else None,
            tuple(sorted(gone - {row.id for row in rows.values()})),
            shared.key if shared else "",
        )

    # The files

    def add(self, folder: Path, by: str) -> Version:
        """Take in a bundle; it is a draft then. Raises BundleError, VersionError where it is there already."""
        _named(by)
        found = bundle.verify(folder)
        cards = {language: text for language, name in bundle.CARDS.items() if (text := bundle.read_text(folder, name))}
        bundle.read_json(folder)  # an evaluation that can't be read is told now
        manifest, now = found.manifest, self._now()
        row = {
            "id": found.id,
            "digest": found.digest,
            "pack": manifest.pack,
            "state": "draft",
            "key": secrets.token_hex(16),
            "parent": manifest.parent,
            "author": manifest.author,
            "reason": manifest.reason,
            "made": manifest.made,
            "manifest": dict(found.written),
            "cards": cards,
            "size": found.size,
            "added": now,
            "added_by": by,
            "changed": now,
            "changed_by": by,
        }
        try:
            with self._database.writing() as connection:
                if connection.execute(select(_v.id).where(_v.id == found.id)).first() is not None:
                    raise VersionError(f"version {found.id} is there already; it can't be added twice.")
                connection.execute(insert(versions).values(row))
                for number, piece in enumerate(packing.packed(folder, found)):
                    connection.execute(
                        insert(version_chunks).values({"version": found.id, "number": number, "data": piece})
                    )
                self._put(connection, found.id, manifest.pack, by, "add", "", "draft", manifest.reason, {})
        except OSError as error:
            raise BundleError(f"{folder} can't be read ({error.strerror}); check its permissions.") from None
        return self.get(found.id)

    def folder(self, version: str) -> Path:
        """Where the version's files stand on this host, all of them verified just now; unpacked where they were not.

        Raises BundleError, VersionError.
        """
        known = self.get(version)
        assert self._var is not None
        folder = self._var / FOLDER / known.id
        with self._unpacking:
            if folder.is_dir():
                try:
                    bundle.verify(folder, known.digest)
                    return folder
                except BundleError:
                    packing.unpack(self._pieces(known.id), folder, known.digest)
            else:
                packing.unpack(self._pieces(known.id), folder, known.digest)
        return folder

    def _pieces(self, version: str) -> Iterator[bytes]:
        k = version_chunks.c
        number = 0
        while True:  # one at a time: a transaction must not last as long as a disk takes
            with self._database.reading() as connection:
                row = connection.execute(select(k.data).where(k.version == version, k.number == number)).first()
            if row is None:
                return
            yield row.data
            number += 1

    # Changing

    def evaluate(
        self, version: str, by: str, evaluation: Mapping[str, Any] | None = None, *, expected: int | None = None
    ) -> Version:
        """Put down how good it is: what its bundle says, or `evaluation`. `expected`: see `approve`."""
        if evaluation is None:
            evaluation = bundle.read_json(self.folder(version))
            if evaluation is None:
                raise VersionError(f"version {version} brings no {bundle.EVALUATION}; give an evaluation of it.")
        gate = evaluation.get("gate")
        if not isinstance(gate, Mapping) or not isinstance(gate.get("passed"), bool):
            raise VersionError(f"the evaluation of version {version} lacks its gate: {{passed: true or false}}.")
        with self._changing(version, expected) as (connection, row):
            values = {"evaluation": dict(evaluation)}
            self._do(connection, row, "evaluate", by, values, details={"gate": dict(gate)})
        return self.get(row.id)

    def approve(self, version: str, by: str, reason: str = "", *, expected: int | None = None) -> Version:
        """Let it serve callers. Refused to its author and to whoever added it, and where the gate did not let it pass.

        `expected`: the revision that whoever asks has seen; None: whichever it is.
        """
        with self._changing(version, expected) as (connection, row):
            known = _version(row)
            after("approve", known.state, known.id)
            for who, what in ((known.author, "made"), (known.added_by, "added")):
                if _same(who, by):
                    raise VersionError(f"{by} {what} version {known.id}: another person must approve it.")
            if not known.gate_passed:
                why = "; ".join(known.gate_reasons) or "the evaluation gives no reason"
                raise VersionError(f"version {known.id} did not pass the gate and can't be approved: {why}.")
            values = {"approved": self._now(), "approved_by": by}
            self._do(connection, row, "approve", by, values, reason=reason)
        return self.get(row.id)

    def shadow(self, version: str, by: str, reason: str = "", *, expected: int | None = None) -> Version:
        """Let it understand beside the active version, unheard. What was in its place is approved again."""
        with self._changing(version, expected) as (connection, row):
            after("shadow", row.state, row.id)
            self._withdraw_other(connection, row, "shadow", by)
            self._do(connection, row, "shadow", by, {}, reason=reason)
        return self._told(row)

    def share(self, version: str, share: float, by: str, reason: str = "", *, expected: int | None = None) -> Version:
        """Give it to a share of callers, above 0 and below 1. What was in its place is approved again."""
        if not 0 < share < 1:
            raise VersionError("a share lies above 0 and below 1; write 0.1 for every tenth caller.")
        with self._changing(version, expected) as (connection, row):
            after("share", row.state, row.id)
            self._withdraw_other(connection, row, "shared", by)
            values = {"share": share, "shared_at": self._now(), "guarded": None, "guard": None}
            self._do(connection, row, "share", by, values, reason=reason, details={"share": share})
        return self._told(row)

    def activate(self, version: str, by: str, reason: str = "", *, expected: int | None = None) -> Version:
        """Give it to all callers from their next call on."""
        with self._changing(version, expected) as (connection, row):
            after("activate", row.state, row.id)
            active = self._one(connection, row.pack, "active")
            if active is not None:
                self._move(connection, active, "retired", by, {})
                self._put(connection, active.id, row.pack, by, "replace", "active", "retired", reason, {"by": row.id})
            values = {"share": None, "replaced": active.id if active else None}
            self._do(connection, row, "activate", by, values, reason=reason)
        return self._told(row)

    def withdraw(self, version: str, by: str, reason: str = "", *, expected: int | None = None) -> Version:
        """Run it beside the active version no more; it stays approved."""
        with self._changing(version, expected) as (connection, row):
            self._do(connection, row, "withdraw", by, {"share": None}, reason=reason)
        return self._told(row)

    def roll_back(
        self,
        pack: str,
        by: str,
        reason: str,
        *,
        version: str = "",
        expected: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Version:
        """Take out of service what went wrong: `version`, else the shared version where there is one, else the active.

        In place of an active one its predecessor serves again, or the content as installed. Returns what was rolled
        back. `details`: for the audit trail.
        """
        if not version:
            serving = self.serving(pack)
            version = serving.shared[0] if serving.shared else serving.active or ""
        if not version:
            raise VersionError(f"{pack} is served by the content as installed: there is nothing to roll back.")
        with self._changing(version, expected) as (connection, row):
            was_active = row.state == "active"
            told = dict(details or {})
            if was_active:
                told["to"] = row.replaced or "the content as installed"
            self._do(connection, row, "roll back", by, {"share": None}, reason=reason, details=told)
            if was_active and row.replaced is not None:
                before = connection.execute(select(versions).where(_v.id == row.replaced)).one()
                self._do(connection, before, "restore", by, {}, reason=reason, details={"instead of": row.id})
        return self._told(row)

    def retire(self, version: str, by: str, reason: str = "", *, expected: int | None = None) -> Version:
        """Use it no more. An active one is rolled back instead."""
        with self._changing(version, expected) as (connection, row):
            self._do(connection, row, "retire", by, {"share": None}, reason=reason)
        return self._told(row)

    # The guard of a share

    def claim(self, every: timedelta) -> tuple[tuple[Version, datetime], ...]:
        """Shared versions whose calls this process is to compare now, and since when they are shared.

        No other process gets them, until so much time has passed.
        """
        now = self._now()
        due = (_v.state == "shared") & (_v.guarded.is_(None) | (_v.guarded <= now - every))
        with self._database.reading() as connection:
            if connection.execute(select(_v.id).where(due).limit(1)).first() is None:
                return ()
        with self._database.writing() as connection:
            rows = connection.execute(update(versions).where(due).values(guarded=now).returning(*versions.c)).all()
        return tuple((_version(row), row.shared_at) for row in rows)

    def guarded(self, version: str, found: Mapping[str, Any]) -> None:
        """Put down what the comparison found."""
        with self._database.writing() as connection:
            connection.execute(update(versions).where(_v.id == version, _v.state == "shared").values(guard=dict(found)))

    def guard(self, version: str) -> Mapping[str, Any] | None:
        """What the last comparison found; None before the first one."""
        with self._database.reading() as connection:
            row = connection.execute(select(_v.guard).where(_v.id == version)).first()
        return row.guard if row is not None else None

    # How it is done

    @contextmanager
    def _changing(self, version: str, expected: int | None) -> Iterator[tuple[Connection, Row[Any]]]:
        """The version's row, with all of its pack held until the change is done."""
        known = self.get(version)
        try:
            with self._database.writing() as connection:
                held = select(versions).where(_v.pack == known.pack).order_by(_v.id).with_for_update()
                rows = {row.id: row for row in connection.execute(held)}
                row = rows[known.id]
                if expected is not None and row.revision != expected:
                    raise VersionError(
                        f"version {known.id} was changed meanwhile: {row.changed_by} made it {row.state}; look again."
                    )
                yield connection, row
        except DatabaseError as error:
            if isinstance(error.__cause__, IntegrityError):
                raise VersionError(
                    f"{known.pack} was changed by somebody else at the same moment; look again."
                ) from None
            raise

    def _do(
        self,
        connection: Connection,
        row: Row[Any],
        action: Action,
        by: str,
        values: Mapping[str, Any],
        *,
        reason: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        _named(by)
        then = after(action, row.state, row.id)
        self._move(connection, row, then, by, {"note": reason, **values})
        self._put(connection, row.id, row.pack, by, action, row.state, then, reason, details or {})

    def _move(self, connection: Connection, row: Row[Any], then: str, by: str, values: Mapping[str, Any]) -> None:
        changed = {"state": then, "revision": row.revision + 1, "changed": self._now(), "changed_by": by, **values}
        mine = update(versions).where(_v.id == row.id, _v.revision == row.revision).values(changed)
        if not connection.execute(mine).rowcount:
            raise VersionError(f"version {row.id} was changed by somebody else at the same moment; look again.")

    def _withdraw_other(self, connection: Connection, row: Row[Any], state: str, by: str) -> None:
        other = self._one(connection, row.pack, state)
        if other is not None and other.id != row.id:
            self._do(connection, other, "withdraw", by, {"share": None}, details={"instead": row.id})

    def _one(self, connection: Connection, pack: str, state: str) -> Row[Any] | None:
        return connection.execute(select(versions).where(_v.pack == pack, _v.state == state)).first()

    def _put(
        self,
        connection: Connection,
        version: str,
        pack: str,
        by: str,
        action: str,
        before: str,
        then: str,
        reason: str,
        details: Mapping[str, Any],
    ) -> None:
        now = self._now()
        values = {"version": version, "pack": pack, "at": now, "by": by, "action": action, "before": before}
        connection.execute(
            insert(version_changes).values({**values, "after": then, "reason": reason, "details": dict(details)})
        )
        told = {"pack": pack, "from": before, "to": then, "reason": reason, **details}
        put_down(connection, now, by, f"version: {action}", subject=version, details=told)

    def _told(self, row: Row[Any]) -> Version:
        self._changed(row.pack)
        return self.get(row.id)


_SERVING = ("active", "shared", "shadow")


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _named(by: str) -> None:
    if not by.strip():
        raise VersionError("nobody is named who does this; say who with --by.")


def _version(row: Row[Any]) -> Version:
    return Version(
        id=row.id,
        digest=row.digest,
        pack=row.pack,
        state=row.state,
        share=row.share,
        revision=row.revision,
        parent=row.parent,
        author=row.author,
        reason=row.reason,
        made=row.made,
        manifest=row.manifest,
        evaluation=row.evaluation,
        cards=row.cards,
        size=row.size,
        added=row.added,
        added_by=row.added_by,
        approved=row.approved,
        approved_by=row.approved_by,
        changed=row.changed,
        changed_by=row.changed_by,
        replaced=row.replaced,
        note=row.note,
    )
