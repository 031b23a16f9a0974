"""The pages of experiments: what a manager sees there, and who may decide."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask

from tests.console.conftest import LogIn, csrf
from tests.support.history import NOON
from voicebot.analytics.experiments.assignment import variant_of
from voicebot.analytics.experiments.runs import Runs
from voicebot.config import Configuration
from voicebot.console.application import add_console
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.store.bus import LocalBus
from voicebot.store.history.database import Database
from voicebot.store.history.tables import calls

NAME = "where_the_number_is"
PAGE = f"/console/experiments/shop/{NAME}"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(Path(__file__).parents[2] / "prompts", "shop")


@pytest.fixture
def flask(tmp_path: Path, database: Database, pack: Pack) -> Flask:
    flask = Flask("voicebot")
    served = SimpleNamespace(pack=pack)
    access = add_console(flask, Configuration(var=tmp_path), database, LocalBus(), lambda: served)  # type: ignore[arg-type,return-value]
    flask.config["access"] = access
    return flask


def _run(database: Database, pack: Pack) -> None:
    """With 1,600 callers, of whom the variant's are helped far more often."""
    run = Runs(database, lambda: NOON).start(pack.experiments[NAME].design, "lee", 4000)
    rows = []
    for number in range(1600):
        variant = variant_of(run.salt, NAME, f"caller {number}", run.design.weights)
        row = {"id": f"CA{number}", "pack": "shop", "version": "1", "language": "ko", "channel": "twilio"}
        row |= {
            "caller": f"caller {number}",
            "variants": {NAME: variant},
            "caller_turns": 2,
            "duration_ms": 60_000 + number,
        }
        began = NOON + timedelta(seconds=number)
        contained = number % 20 != 0 if variant == "with_a_hint" else number % 5 != 0
        rows.append(row | {"began": began, "ended": began, "contained": contained})
    with database.writing() as connection:
        connection.execute(calls.insert(), rows)


def test_the_list_tells_in_a_sentence_how_each_stands(log_in: LogIn, database: Database, pack: Pack) -> None:
    viewer = log_in("viewer")
    before = viewer.get("/console/experiments?lang=en").text
    assert NAME in before
    assert "Not started" in before
    _run(database, pack)
    after = viewer.get("/console/experiments?lang=en").text
    assert "with_a_hint is better: Containment differs by +" in after
    assert "with_a_hint 변형이 더 낫습니다" in viewer.get("/console/experiments?lang=ko").text


def test_effects_are_drawn_and_stand_in_a_table_and_both_wordings_are_shown(
    log_in: LogIn, database: Database, pack: Pack
) -> None:
    _run(database, pack)
    page = log_in("viewer").get(f"{PAGE}?lang=en").text
    assert page.count("<svg viewBox") == 2  # nobody was asked to rate
    assert 'aria-label="with_a_hint: +' in page
    assert 'class="effect-range better"' in page
    assert "text message that confirmed your order" in page
    assert 'name="what"' not in page  # a viewer decides nothing


def test_who_may_approve_starts_stops_and_decides(log_in: LogIn, database: Database) -> None:
    admin, runs = log_in("admin"), Runs(database)

    def press(what: str, **fields: str) -> int:
        data = {"csrf_token": csrf(admin, PAGE), "what": what, **fields}
        return admin.post(PAGE, data=data).status_code

    assert press("start") == 302
    assert [run.started_by for run in runs.running()] == ["admin"]
    assert press("start") == 400
    assert press("stop", reason="holidays") == 302
    assert not runs.running()
    assert press("start") == 302
    assert press("adopt:nothing") == 400
    assert press("adopt:with_a_hint") == 302
    latest = runs.latest("shop", NAME)
    assert latest is not None
    assert (latest.decision, latest.chosen, latest.decided_by) == ("adopt", "with_a_hint", "admin")
    assert "holidays" in admin.get(PAGE).text
    assert press("dance") == 400


def test_others_may_not(log_in: LogIn, database: Database) -> None:
    editor = log_in("editor")
    answer = editor.post(PAGE, data={"csrf_token": csrf(editor, "/account"), "what": "start"})
    assert answer.status_code == 403
    assert not Runs(database).running()


def test_an_unknown_experiment_is_not_found(log_in: LogIn) -> None:
    assert log_in("viewer").get("/console/experiments/shop/nothing").status_code == 404
