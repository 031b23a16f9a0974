"""A back end that is a database, as its backend.yaml declares it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import Connection, Engine, Row, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

from voicebot.backends.fields import plain
from voicebot.backends.port import BackendError
from voicebot.backends.settings import DeclarationError, Environment, value_of
from voicebot.backends.sql_declaration import SqlDeclaration, SqlOperation, url_problem

_INSTRUCTIONS = 1000
"""Of SQLite's virtual machine, between two looks at the clock: some 10 microseconds."""


class SqlBackend:
    """Implements the Backend port. Connections are made when they are needed."""

    def __init__(
        self, declaration: SqlDeclaration, environment: Environment, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Raises MissingVariableError for a URL that is not set, DeclarationError for one that can't be used."""
        url = value_of(declaration.url, environment).get_secret_value()
        if problem := url_problem(url):
            raise DeclarationError(problem)
        self._declaration, self._clock = declaration, clock
        try:
            self._reading = self._engine(url, writes=False)
            self._writing = self._engine(url, writes=True)
        except ImportError:
            raise DeclarationError("the driver of this database is not installed; `pip install` it") from None

    def close(self) -> None:
        """Close the connections."""
        self._reading.dispose()
        self._writing.dispose()

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """See `Backend`."""
        declared = self._declaration.operations.get(operation)
        if declared is None:
            raise BackendError(f"backend.yaml has no operation {operation}")
        parameters = {name: _parameter(operation, name, arguments, declared) for name in declared.arguments}
        try:
            with (self._writing if declared.writes else self._reading).connect() as connection:
                with self._limited(connection):
                    result = _result(operation, declared, connection, parameters)
                    if declared.writes:
                        connection.commit()
                return result
        except SQLAlchemyError as error:
            # The kind only: the texts of databases quote values.
            origin = getattr(error, "orig", None)
            raise BackendError(f"{operation}: the database failed ({type(origin or error).__name__})") from None

    def _engine(self, url: str, *, writes: bool) -> Engine:
        declaration = self._declaration
        made = create_engine(
            make_url(url),
            hide_parameters=True,
            poolclass=QueuePool,
            pool_size=declaration.connections,
            max_overflow=0,
            pool_timeout=declaration.timeout_s,
            pool_pre_ping=True,
            connect_args=_connect_arguments(url, declaration.timeout_s),
            execution_options={} if writes else {"postgresql_readonly": True},
        )
        if not writes:
            event.listen(made, "connect", _read_only(made.dialect.name))
        return made

    @contextmanager
    def _limited(self, connection: Connection) -> Iterator[None]:
        """Bound the time of each of this connection's statements."""
        milliseconds = round(self._declaration.timeout_s * 1000)
        match connection.dialect.name:
            case "sqlite":
                ends = self._clock() + self._declaration.timeout_s
                driver: Any = connection.connection.driver_connection
                driver.set_progress_handler(lambda: int(self._clock() > ends), _INSTRUCTIONS)
                try:
                    yield
                finally:
                    driver.set_progress_handler(None, 0)
                return
            case "postgresql":
                connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")
            case "mysql":
                connection.exec_driver_sql(f"SET SESSION max_execution_time = {milliseconds}")
            case "mariadb":
                connection.exec_driver_sql(f"SET SESSION max_statement_time = {milliseconds / 1000}")
        yield


def _connect_arguments(url: str, timeout_s: float) -> dict[str, Any]:
    match make_url(url).get_backend_name():
        case "sqlite":
            return {"timeout": timeout_s, "check_same_thread": False}
        case "postgresql" | "mysql" | "mariadb":
            return {"connect_timeout": max(1, round(timeout_s))}
        case _:
            return {}


def _read_only(dialect: str) -> Callable[[Any, Any], None]:
    """What makes a new connection unable to write, beside the check that statements read and the roll-back.

    PostgreSQL: the engine's option does it.
    """
    statement = {"sqlite": "PRAGMA query_only = ON"}.get(dialect)
    statement = "SET SESSION TRANSACTION READ ONLY" if dialect in ("mysql", "mariadb") else statement

    def connected(connection: Any, _record: Any) -> None:
        if statement:
            cursor = connection.cursor()
            cursor.execute(statement)
            cursor.close()

    return connected


def _parameter(operation: str, name: str, arguments: Mapping[str, Any], declared: SqlOperation) -> Any:
    value = arguments.get(name)
    if value is None and name not in declared.optional:
        raise BackendError(f"{operation} needs the argument {name}")
    if value is None or isinstance(value, str | int | float | bool | date):
        return value
    raise BackendError(f"{operation}: the argument {name} is neither text, number, date nor yes/no")


def _result(
    operation: str, declared: SqlOperation, connection: Connection, parameters: Mapping[str, Any]
) -> dict[str, Any] | None:
    answer = connection.execute(text(declared.sql), parameters)
    if declared.rows == "none":
        return {"changed": answer.rowcount} if answer.rowcount else None
    if not answer.returns_rows:
        raise BackendError(f"{operation}: the statement returns no rows; declare `rows: none`")
    if declared.rows == "one":
        rows = answer.fetchmany(2)
        if len(rows) > 1:
            raise BackendError(f"{operation}: more than one row; add LIMIT 1 or declare `rows: many`")
        return _fields(operation, declared, rows[0]) if rows else None
    rows = answer.fetchmany(declared.most_rows + 1)
    kept = [_fields(operation, declared, row) for row in rows[: declared.most_rows]]
    return {"rows": kept, "count": len(kept), "more": len(rows) > len(kept)}


def _fields(operation: str, declared: SqlOperation, row: Row[Any]) -> dict[str, Any]:
    columns = row._mapping
    if not declared.result:
        return {str(name): plain(value, f"{operation}: `{name}`") for name, value in columns.items()}
    found = {}
    for name, field in declared.result.items():
        column = field.column or name
        if column not in columns:
            raise BackendError(f"{operation}: the statement returns no column {column}")
        found[name] = field.checked(columns[column], f"{operation}: `{name}`")
    return found
