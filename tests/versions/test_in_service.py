"""Versions in service: who gets which, calls that keep theirs, switches and roll backs amid calls."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from support.line import Line, hold
from support.untrained import PROMPTS, without_training

from tests.versions.conftest import Made
from voicebot.call import Conversation
from voicebot.channel import Caller
from voicebot.config import Configuration
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.events import CallStarted, Heard
from voicebot.editions.choosing import is_in_share
from voicebot.editions.edition import Edition, Opening
from voicebot.editions.in_service import InService
from voicebot.editions.packs import LastServing, first_pack, version_pack
from voicebot.editions.shadowing import Shadowing
from voicebot.loading import open_pack
from voicebot.nlu.encoder import Encoder
from voicebot.store.history.database import Database
from voicebot.store.versions import Version, Versions
from voicebot.store.versions.shadows import ShadowBook
from voicebot.store.versions.tables import version_chunks

Approved = Callable[[str], Version]


class _Quickly(Opening):
    """Opens editions without the seconds of training."""

    registry: Versions

    def open(self, version: str | None, encoder: Encoder | None = None) -> Edition:
        pack = installed() if version is None else version_pack(self.registry.folder(version), version)
        return self.of(pack, dialogue=without_training(pack))


def installed() -> object:
    return open_pack(Configuration(content=PROMPTS, pack="shop"))


@pytest.fixture
def failed() -> list[str]:
    return []


@pytest.fixture
def service(registry: Versions, tmp_path: Path, failed: list[str]) -> InService:
    configuration = Configuration(var=tmp_path, content=PROMPTS, pack="shop")
    opening = _Quickly(configuration, registry, None, today=lambda: date(2026, 11, 22))
    opening.registry = registry
    return InService(opening.open(None), opening, registry, LastServing(tmp_path, "shop"), failed=failed.append)


def callers(count: int) -> list[Caller]:
    return [Caller(f"CA{n}", f"+82101234{n:04}") for n in range(count)]


def test_a_share_of_callers_gets_a_version_and_always_the_same(
    service: InService, registry: Versions, approved: Approved
) -> None:
    version = approved("one")
    registry.share(version.id, 0.25, "lee")
    service.look()
    got = {caller.number for caller in callers(2000) if service.for_call(caller).version == version.id}
    assert 400 < len(got) < 600
    again = {c.number for c in callers(2000) if service.for_call(replace(c, call_id="CAx")).version == version.id}
    assert got == again
    registry.share(version.id, 0.5, "lee")
    service.look()
    assert got < {c.number for c in callers(2000) if service.for_call(c).version == version.id}


def test_withheld_numbers_are_shared_call_by_call() -> None:
    calls = [is_in_share("key", f"call CA{n}", 0.5) for n in range(1000)]
    assert 400 < sum(calls) < 600


def test_a_switch_and_a_roll_back_reach_new_calls_and_no_running_one(
    service: InService, registry: Versions, approved: Approved
) -> None:
    one = approved("one")
    caller = callers(1)[0]
    before = service.for_call(caller)

    async def script(line: Line) -> None:
        await line.until_quiet()
        registry.activate(one.id, "lee")
        service.look()
        assert service.for_call(caller).version == one.id
        line.keys("1")
        await line.until_quiet()
        registry.roll_back("shop", "lee", "worse")
        service.look()
        assert service.for_call(caller).version is None
        line.keys("12345678")
        await line.until_quiet()

    line = hold(before.dialogue, before.backend, script)
    assert line.call is not None
    assert line.call.state.version == before.pack.version
    assert line.outcome is not None
    assert line.outcome.kind == "caller_left"
    assert len(line.said) >= 3


def test_a_call_that_another_worker_goes_on_with_stays_on_its_version(
    service: InService, registry: Versions, approved: Approved
) -> None:
    one = approved("one")
    registry.activate(one.id, "lee")
    service.look()
    edition = service.active

    async def begins(line: Line) -> None:
        await line.until_quiet()
        line.keys("1")
        await line.until_quiet()

    first = hold(edition.dialogue, edition.backend, begins)
    registry.roll_back("shop", "lee", "")
    service.look()
    assert service.active.version is None
    assert first.call is not None
    template = first.call._shared

    def on_version(version: str) -> Conversation | None:
        found = service.of(version)
        return replace(template, dialogue=found.dialogue, domains=found.domains) if found else None

    async def goes_on(line: Line) -> None:
        await line.until_quiet()

    active = service.active
    second = hold(active.dialogue, active.backend, goes_on, options={"on_version": on_version}, resumes=first)
    assert second.call is not None
    assert second.call.state.version == one.id
    assert second.call.state.stack == first.call.state.stack
    lost = hold(active.dialogue, active.backend, goes_on, resumes=first)  # its version is not to be had
    assert lost.call is not None
    assert lost.call.state.version == active.pack.version
    assert lost.said


@pytest.mark.parametrize("what", ["damaged", "too new"])
def test_a_version_that_can_not_be_loaded_changes_nothing(
    service: InService, registry: Versions, made: Made, failed: list[str], what: str
) -> None:
    folder = made()
    if what == "too new":
        (folder / "content/shop/pack.yaml").write_text("of_the_future: yes\n")
        from voicebot.store.versions import bundle

        bundle.write(folder, pack="shop", author="kim", reason="new")
    version = registry.add(folder, "kim")
    registry.evaluate(version.id, "kim")
    registry.approve(version.id, "lee")
    if what == "damaged":
        shutil.rmtree(registry.folder(version.id))
        with registry._database.writing() as connection:
            connection.execute(version_chunks.update().values(data=b"damaged"))
    registry.activate(version.id, "lee")
    service.look()
    service.look()
    assert service.active.version is None
    assert failed == [version.id]


def test_a_process_begins_with_the_active_version(
    registry: Versions, approved: Approved, tmp_path: Path, made: Made
) -> None:
    configuration = Configuration(var=tmp_path, content=PROMPTS, pack="shop")
    assert len(first_pack(configuration).version) == 16
    one, two = approved("one"), approved("two")
    registry.activate(one.id, "lee")
    registry.activate(two.id, "lee")
    assert first_pack(configuration).version == two.id
    with registry._database.writing() as connection:
        connection.execute(version_chunks.delete().where(version_chunks.c.version == two.id))
    shutil.rmtree(tmp_path / "versions" / two.id)
    assert first_pack(configuration).version == one.id


def test_a_shadow_is_compared_and_its_crash_harms_nobody(
    service: InService, registry: Versions, approved: Approved, database: Database
) -> None:
    one = approved("one")
    registry.shadow(one.id, "lee")
    service.look()
    active, shadow = service.active, service.shadow
    assert shadow is not None
    assert all(service.for_call(caller).version is None for caller in callers(50))
    state = active.dialogue.begin("ko")
    state, _ = active.dialogue.turn(state, CallStarted("ko", "2026-11-22"))
    shadowing = Shadowing(database, "redacted")
    for words, does in (("배송 언제 와요", active), ("제 번호는 010-1234-5678이에요", active)):
        event = Heard(words)
        _, actions = does.dialogue.turn(state, event)
        shadowing.compare(active.pack, shadow, "CA1", state, event, actions)
    broken = replace(shadow, dialogue=Dialogue(shadow.pack, {}))
    event = Heard("제 번호는 010-1234-5678이에요")
    shadowing.compare(active.pack, broken, "CA1", state, event, active.dialogue.turn(state, event)[1])
    shadowing.keep(shadow)
    book = ShadowBook(database)
    (agreement,) = book.agreement(one.id)
    assert (agreement.turns, agreement.agreed, agreement.crashed) == (3, 2, 1)
    (turn,) = book.turns(one.id)
    assert turn.crashed
    assert turn.words is not None
    assert "1234" not in turn.words
