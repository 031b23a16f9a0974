"""backend.yaml of an SQL back end: its schema, each setting with its default."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator
from sqlalchemy import make_url, text
from sqlalchemy.exc import ArgumentError

from voicebot.backends.fields import ResultField
from voicebot.backends.settings import Declaration, FromEnvironment, Name, OperationName

_READS = re.compile(r"\s*(select|with|values)\b", re.IGNORECASE)


class SqlField(ResultField):
    """One field of a result, taken from the column `column`."""

    column: str = ""
    """The column in the statement's result; by default the field's own name."""


class SqlOperation(Declaration):
    """One statement, and how its rows become a result."""

    sql: str
    """Arguments stand in it as `:argument`; they are passed as parameters, never put into the text."""
    writes: bool = False
    """Whether it changes anything. Without this it runs in a transaction that can't."""
    rows: Literal["one", "many", "none"] = "one"
    """`one`: the row's fields, none found: no such thing. `many`: {rows, count, more}. `none`: {changed}, for writes;
    nothing changed: no such thing."""
    most_rows: int = Field(20, ge=1, le=100)
    """Of `many`; whether there were more stands in the result."""
    optional: list[Name] = Field(default_factory=list)
    """Arguments that may be missing; they are NULL then."""
    result: dict[Name, SqlField] = Field(default_factory=dict)
    """The fields; empty: every column as it comes."""

    @field_validator("result", mode="before")
    @classmethod
    def _short_fields(cls, value: Any) -> Any:
        """`number: no` is short for `number: {column: no}`."""
        if isinstance(value, dict):
            return {name: {"column": inner} if isinstance(inner, str) else inner for name, inner in value.items()}
        return value

    @field_validator("sql")
    @classmethod
    def _is_one_statement(cls, sql: str) -> str:
        stripped = sql.strip().removesuffix(";")
        if not stripped:
            raise ValueError("the statement is empty")
        if ";" in stripped:
            raise ValueError("write one statement without ; in it")
        return stripped

    @model_validator(mode="after")
    def _is_declared_rightly(self) -> SqlOperation:
        if not self.writes and not _READS.match(self.sql):
            raise ValueError("this statement does not begin with SELECT, WITH or VALUES; if it is meant to change "
                             "something, add `writes: true`")  # fmt: skip
        if self.rows == "none" and not self.writes:
            raise ValueError("`rows: none` is for statements with `writes: true`")
        for name in self.optional:
            if name not in self.arguments:
                raise ValueError(f"`optional` names {name}, which stands nowhere as :{name}")
        return self

    @property
    def arguments(self) -> frozenset[str]:
        """The arguments it takes."""
        return frozenset(text(self.sql).compile().params)


class SqlDeclaration(Declaration):
    """backend.yaml of `kind: sql`."""

    kind: Literal["sql"]
    url: str | FromEnvironment
    """As SQLAlchemy writes it: sqlite:///shop.db, postgresql+psycopg://host/shop."""
    timeout_s: float = Field(2.0, gt=0, le=60)
    """How long a statement may run, and how long a connection or a lock is waited for."""
    connections: int = Field(4, ge=1, le=50)
    operations: dict[OperationName, SqlOperation] = Field(min_length=1)

    @field_validator("url")
    @classmethod
    def _is_url(cls, value: str | FromEnvironment) -> str | FromEnvironment:
        if isinstance(value, str):
            if problem := url_problem(value):
                raise ValueError(problem)
            if make_url(value).password:
                raise ValueError("it holds a password; put the URL into the environment and write {env: NAME} here")
        return value


def url_problem(url: str) -> str:
    """What is wrong with a database's URL, without the URL; empty where it is well."""
    try:
        make_url(url).get_dialect()
    except (ArgumentError, ValueError, ImportError, AttributeError):
        return "this is not the URL of a database; write it like sqlite:///shop.db or postgresql+psycopg://host/shop"
    return ""
