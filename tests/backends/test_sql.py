"""SQL back ends against a real SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from voicebot.backends.port import BackendError
from voicebot.backends.sql import SqlBackend
from voicebot.backends.sql_declaration import SqlDeclaration

OPERATIONS = {
    "order.find": {
        "sql": "SELECT number AS no, status, price, ordered FROM orders WHERE number = :number",
        "result": {
            "number": "no",
            "status": {"values": {"S": "shipping", "P": "preparing"}},
            "price": {"type": "number"},
            "ordered": {"type": "date", "optional": True},
        },
    },
    "order.list": {"sql": "SELECT number, price FROM orders ORDER BY number", "rows": "many", "most_rows": 2},
    "order.cancel": {
        "sql": "UPDATE orders SET status = 'C' WHERE number = :number AND status = 'P'",
        "writes": True,
        "rows": "none",
    },
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE orders (number TEXT PRIMARY KEY, status TEXT, price NUMERIC, ordered TEXT, photo BLOB);"
            "INSERT INTO orders VALUES ('1', 'S', 79000, '2026-11-20', x'00'), ('2', 'P', 4.5, NULL, NULL),"
            "('3', 'P', 10, '2026-11-01', NULL), ('4', '?', 10, 'yesterday', NULL);"
        )
    connection.close()
    return path


@pytest.fixture
def opened(database: Path) -> Iterator[Callable[..., SqlBackend]]:
    made: list[SqlBackend] = []

    def open_(clock: Callable[[], float] | None = None, **operations: Any) -> SqlBackend:
        declaration = SqlDeclaration.model_validate(
            {"kind": "sql", "url": {"env": "SHOP_DATABASE"}, "operations": OPERATIONS | operations}
        )
        environment = {"SHOP_DATABASE": f"sqlite:///{database}"}
        made.append(SqlBackend(declaration, environment, *([clock] if clock else [])))
        return made[-1]

    yield open_
    for backend in made:
        backend.close()


def test_a_row_becomes_the_declared_fields(opened: Callable[..., SqlBackend]) -> None:
    backend = opened()
    assert backend.call("order.find", {"number": "1"}) == {
        "number": "1",
        "status": "shipping",
        "price": 79000,
        "ordered": "2026-11-20",
    }
    assert backend.call("order.find", {"number": "2", "unused": object()}) == {
        "number": "2",
        "status": "preparing",
        "price": 4.5,
        "ordered": None,
    }


def test_no_row_is_none(opened: Callable[..., SqlBackend]) -> None:
    assert opened().call("order.find", {"number": "99"}) is None


@pytest.mark.parametrize("number", ["' OR '1'='1", "1'; DROP TABLE orders; --", ":number", "%", "{number}"])
def test_arguments_are_never_part_of_the_statement(number: str, opened: Callable[..., SqlBackend]) -> None:
    backend = opened()
    assert backend.call("order.find", {"number": number}) is None
    assert backend.call("order.find", {"number": "1"}) is not None


def test_many_rows_are_cut_and_said_to_be(opened: Callable[..., SqlBackend]) -> None:
    assert opened().call("order.list", {}) == {
        "rows": [{"number": "1", "price": 79000}, {"number": "2", "price": 4.5}],
        "count": 2,
        "more": True,
    }


def test_a_declared_write_changes_once(opened: Callable[..., SqlBackend], database: Path) -> None:
    backend = opened()
    assert backend.call("order.cancel", {"number": "2"}) == {"changed": 1}
    assert backend.call("order.cancel", {"number": "2"}) is None
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT status FROM orders WHERE number = '2'").fetchone() == ("C",)
    connection.close()


def test_a_write_in_disguise_changes_nothing(opened: Callable[..., SqlBackend], database: Path) -> None:
    disguised = {"sql": "WITH one AS (SELECT 1) DELETE FROM orders WHERE number = :number RETURNING number"}
    with pytest.raises(BackendError):
        opened(**{"order.steal": disguised}).call("order.steal", {"number": "1"})
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (4,)
    connection.close()


def test_a_statement_that_runs_too_long_is_stopped(opened: Callable[..., SqlBackend]) -> None:
    endless = {"sql": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS total FROM n"}
    ticks = count()
    backend = opened(lambda: float(next(ticks)), **{"count.all": endless})
    with pytest.raises(BackendError):
        backend.call("count.all", {})
    assert opened().call("order.find", {"number": "1"}) is not None


def test_a_locked_database_is_a_failure(database: Path) -> None:
    declaration = SqlDeclaration.model_validate(
        {"kind": "sql", "url": f"sqlite:///{database}", "timeout_s": 0.05, "operations": OPERATIONS}
    )
    backend = SqlBackend(declaration, {})
    other = sqlite3.connect(database)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(BackendError):
        backend.call("order.cancel", {"number": "2"})
    other.rollback()
    other.close()
    assert backend.call("order.cancel", {"number": "2"}) == {"changed": 1}
    backend.close()


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        ("order.eat", {}),
        ("order.find", {}),
        ("order.find", {"number": ["1"]}),
        ("order.find", {"number": "4"}),
        ("broken.column", {}),
        ("broken.table", {}),
        ("broken.two", {}),
        ("broken.blob", {}),
    ],
)
def test_what_can_not_be_answered_is_a_failure_without_values(
    operation: str, arguments: dict[str, Any], opened: Callable[..., SqlBackend]
) -> None:
    broken = {
        "broken.column": {"sql": "SELECT number FROM orders WHERE number = '1'", "result": {"price": {}}},
        "broken.table": {"sql": "SELECT * FROM nowhere"},
        "broken.two": {"sql": "SELECT number FROM orders"},
        "broken.blob": {"sql": "SELECT photo FROM orders WHERE number = '1'"},
    }
    with pytest.raises(BackendError) as raised:
        opened(**broken).call(operation, arguments)
    assert "yesterday" not in str(raised.value)


def test_a_database_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    declaration = SqlDeclaration.model_validate(
        {"kind": "sql", "url": f"sqlite:///{tmp_path}/no/such.db", "operations": OPERATIONS}
    )
    backend = SqlBackend(declaration, {})
    with pytest.raises(BackendError, match="OperationalError"):
        backend.call("order.find", {"number": "1"})
    backend.close()
