"""The civic pack's demonstration: an open-data service, asked through the pack's own backend.yaml."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from voicebot.backends.civic_open_data import PATH, SERVICE_KEY, CivicOpenData, open_civic_demo
from voicebot.backends.declared import open_declared
from voicebot.backends.port import Backend, BackendError
from voicebot.backends.registry import open_backend
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.errors import VoicebotError

PROMPTS = Path(__file__).parents[2] / "prompts"
SUNDAY = date(2026, 11, 22)
SLOT_OF = {
    "certificate": "certificate.find",
    "procedure": "procedure.find",
    "office": "office.find",
    "interpreter": "interpreter.find",
}


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PROMPTS, "civic")


@pytest.fixture
def backend() -> Backend:
    return open_backend("civic_demo", PROMPTS / "civic", today=lambda: SUNDAY)


@pytest.fixture
def served() -> Iterator[str]:
    """The service on loopback, over real HTTP."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with make_server("127.0.0.1", 0, CivicOpenData(today=lambda: SUNDAY), handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}{PATH}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("slot", sorted(SLOT_OF))
def test_everything_that_a_caller_can_name_is_known_in_both_languages(pack: Pack, backend: Backend, slot: str) -> None:
    for value in pack.slots[slot].values:
        found = backend.call(SLOT_OF[slot], {slot: value})
        assert found is not None, value
        assert set(found["name"]) == {"ko", "en"}
        assert all(found["name"].values())


def test_an_unknown_receipt_number_is_not_found(backend: Backend) -> None:
    assert backend.call("application.find", {"number": "0000000000"}) is None


def test_status_codes_become_the_names_that_the_flows_use(backend: Backend) -> None:
    numbers = ["2611180001", "2611170002", "2611160003", "2611100004", "2611090005"]
    found = [backend.call("application.find", {"number": number}) for number in numbers]
    statuses = [answer["status"] for answer in found if answer]
    assert statuses == ["received", "reviewing", "supplement", "completed", "rejected"]


def test_days_are_counted_from_today(backend: Backend) -> None:
    answer = backend.call("application.find", {"number": "2611180001"})
    assert answer is not None
    assert answer["due"] == "2026-11-26"


def test_nothing_is_done_or_due_on_a_weekend(backend: Backend) -> None:
    done = backend.call("application.find", {"number": "2611100004"})
    due = backend.call("application.find", {"number": "2611160003"})
    assert done is not None
    assert due is not None
    assert (done["due"], due["due"]) == ("2026-11-20", "2026-11-30")


@pytest.mark.parametrize(("day", "expected"), [(20, "yes"), (21, "no"), (22, "no"), (23, "yes")])
def test_an_office_is_open_on_weekdays_only(day: int, expected: str) -> None:
    backend = open_backend("civic_demo", PROMPTS / "civic", today=lambda: date(2026, 11, day))
    answer = backend.call("office.find", {"office": "main_office"})
    assert answer is not None
    assert answer["open_today"] == expected


def test_the_same_declaration_asks_a_service_at_an_address(served: str) -> None:
    environment = {"CIVIC_OPEN_DATA_URL": served, "CIVIC_OPEN_DATA_KEY": SERVICE_KEY}
    backend = open_declared(PROMPTS / "civic" / "backend.yaml", environment)
    answer = backend.call("certificate.find", {"certificate": "resident_register"})
    assert answer is not None
    assert answer["counter_fee"] == 400


def test_a_key_that_the_service_does_not_know_is_a_failure(served: str) -> None:
    environment = {"CIVIC_OPEN_DATA_URL": served, "CIVIC_OPEN_DATA_KEY": "another"}
    backend = open_declared(PROMPTS / "civic" / "backend.yaml", environment)
    with pytest.raises(BackendError):
        backend.call("certificate.find", {"certificate": "resident_register"})


def test_another_name_in_pack_yaml_asks_the_declared_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CIVIC_OPEN_DATA_URL", raising=False)
    with pytest.raises(VoicebotError, match="CIVIC_OPEN_DATA_URL"):
        open_backend("open_data", PROMPTS / "civic")


def test_a_declaration_that_is_not_rest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "backend.yaml"
    path.write_text("kind: sql\nurl: sqlite:///x.db\noperations:\n  a.b: {statement: select 1 as one, result: [one]}\n")
    with pytest.raises(VoicebotError):
        open_civic_demo(path)
