"""The registry: what may be done in which state, by whom, and by one of two at the same time."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from tests.versions.conftest import Made, migrated
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.tables import audit
from voicebot.store.versions import STATES, Serving, Version, VersionError, Versions, bundle
from voicebot.store.versions.states import TRANSITIONS

Approved = Callable[[str], Version]


def test_neither_author_nor_whoever_added_it_approves(registry: Versions, made: Made) -> None:
    version = registry.add(made(author="kim"), "park")
    registry.evaluate(version.id, "kim")
    for who in ("kim", " Kim ", "PARK"):
        with pytest.raises(VersionError, match="another person"):
            registry.approve(version.id, who)
    assert registry.approve(version.id, "lee").approved_by == "lee"


def test_a_version_that_is_worse_can_not_be_approved(registry: Versions, made: Made) -> None:
    version = registry.add(made(gate={"passed": False, "reasons": ["return_request falls from 91 to 74 %"]}), "kim")
    registry.evaluate(version.id, "kim")
    with pytest.raises(VersionError, match="return_request falls"):
        registry.approve(version.id, "lee")
    with pytest.raises(VersionError, match="must be"):
        registry.activate(version.id, "lee")


def test_a_roll_back_leads_to_what_was_active_before(registry: Versions, approved: Approved) -> None:
    one, two = approved("one"), approved("two")
    registry.activate(one.id, "lee")
    registry.activate(two.id, "lee")
    assert registry.get(one.id).state == "retired"
    registry.roll_back("shop", "lee", "callers complain")
    assert registry.serving("shop").active == one.id
    registry.roll_back("shop", "lee", "this one too")
    assert registry.serving("shop").active is None
    with pytest.raises(VersionError, match="nothing to roll back"):
        registry.roll_back("shop", "lee", "once more")


def test_the_shared_version_is_rolled_back_first(registry: Versions, approved: Approved) -> None:
    one, two = approved("one"), approved("two")
    registry.activate(one.id, "lee")
    registry.share(two.id, 0.1, "lee")
    assert registry.serving("shop").shared == (two.id, 0.1)
    assert registry.roll_back("shop", "lee", "").id == two.id
    assert registry.serving("shop").shared is None
    assert registry.serving("shop").left == (two.id,)
    assert registry.serving("shop").active == one.id


def test_everything_is_in_the_audit_trail(registry: Versions, approved: Approved, database: Database) -> None:
    version = approved("one")
    registry.share(version.id, 0.2, "lee", "a trial")
    with database.reading() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.id)).all()
    assert [(row.who, row.action) for row in rows] == [
        ("kim", "version: add"),
        ("kim", "version: evaluate"),
        ("lee", "version: approve"),
        ("lee", "version: share"),
    ]
    assert rows[-1].subject == version.id
    assert rows[-1].details["share"] == 0.2


def test_what_changed_since_it_was_seen_is_not_changed_again(registry: Versions, approved: Approved) -> None:
    seen = approved("one")
    registry.share(seen.id, 0.1, "lee", expected=seen.revision)
    with pytest.raises(VersionError, match="meanwhile: lee made it shared"):
        registry.activate(seen.id, "park", expected=seen.revision)


def test_of_two_who_activate_at_once_one_wins(registry: Versions, approved: Approved) -> None:
    version = approved("one")
    results: list[str] = []

    def activate(who: str) -> None:
        try:
            registry.activate(version.id, who)
            results.append("done")
        except VersionError:
            results.append("refused")

    threads = [threading.Thread(target=activate, args=(who,)) for who in ("lee", "park", "choi")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["done", "refused", "refused"]


def test_one_process_at_a_time_looks_at_a_share(registry: Versions, approved: Approved) -> None:
    version = approved("one")
    registry.share(version.id, 0.1, "lee")
    assert [claimed.id for claimed, _ in registry.claim(timedelta(seconds=60))] == [version.id]
    assert registry.claim(timedelta(seconds=60)) == ()


class Versioning(RuleBasedStateMachine):
    """Any order of actions leaves a registry as the table of states has it."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(migrated(), self.folder / "history.db")
        self.database = open_database("", self.folder)
        self.registry = Versions(self.database, self.folder)
        self.ids: list[str] = []
        for mark in ("a", "b", "c"):
            folder = self.folder / mark
            (folder / "content/shop").mkdir(parents=True)
            (folder / "content/common").mkdir()
            (folder / "content/shop/pack.yaml").write_text(mark)
            (folder / "content/common/x.yaml").write_text(mark)
            bundle.write(folder, pack="shop", author="kim", reason=mark)
            self.ids.append(self.registry.add(folder, "kim").id)

    @rule(
        which=st.integers(0, 2),
        action=st.sampled_from([one for one in TRANSITIONS if one != "restore"]),
        share=st.floats(0.01, 0.99),
    )
    def act(self, which: int, action: str, share: float) -> None:
        name = self.ids[which]
        before = self.registry.get(name)
        serving = self.registry.serving("shop")
        try:
            match action:
                case "evaluate":
                    self.registry.evaluate(name, "kim", {"gate": {"passed": True}})
                case "share":
                    self.registry.share(name, share, "lee")
                case "roll back":
                    self.registry.roll_back("shop", "lee", "", version=name)
                case _:
                    getattr(self.registry, action)(name, "lee")
        except VersionError:
            assert before.state not in TRANSITIONS[action][0]  # type: ignore[index]
            assert self.registry.get(name) == before
            assert self.registry.serving("shop") == serving
        else:
            assert before.state in TRANSITIONS[action][0]  # type: ignore[index]
            assert self.registry.get(name).state == TRANSITIONS[action][1]  # type: ignore[index]

    @invariant()
    def at_most_one_of_each(self) -> None:
        states = [version.state for version in self.registry.all("shop")]
        assert all(states.count(one) <= 1 for one in ("active", "shared", "shadow"))
        assert set(states) <= set(STATES)
        for version in self.registry.all("shop"):
            assert (version.share is not None) == (version.state == "shared")

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder)


TestVersioning = Versioning.TestCase
TestVersioning.settings = settings(max_examples=6, stateful_step_count=20, deadline=None)


def test_a_pack_without_versions_is_served_as_installed(registry: Versions) -> None:
    assert registry.serving("shop") == Serving()
