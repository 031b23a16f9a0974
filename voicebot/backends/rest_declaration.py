"""backend.yaml of a REST back end: its schema, each setting with its default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import jmespath
from jmespath.exceptions import JMESPathError
from pydantic import Field, ValidationInfo, field_validator, model_validator

from voicebot.backends.fields import ResultField
from voicebot.backends.settings import Declaration, FromEnvironment, Name, OperationName

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""`{argument}`: an argument's place in a path, a query or a body."""

Constant = str | int | float | bool
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$", max_length=100)]
HeaderValue = Annotated[str, Field(pattern=r"^[\x20-\x7e]*$", max_length=500)]
Status = Annotated[int, Field(ge=400, le=499)]


class HeaderSecret(Declaration):
    name: HeaderName
    value: FromEnvironment


class QuerySecret(Declaration):
    name: str
    value: FromEnvironment


class BasicSecret(Declaration):
    user: FromEnvironment
    password: FromEnvironment


class Authentication(Declaration):
    """How the bot proves who it is: at most one way. Secrets stand in the environment only."""

    bearer: FromEnvironment | None = None
    basic: BasicSecret | None = None
    header: HeaderSecret | None = None
    query: QuerySecret | None = None
    """A key in the URL's query, as the open-data services of many governments want it."""

    @model_validator(mode="after")
    def _is_one(self) -> Authentication:
        if sum(way is not None for way in (self.bearer, self.basic, self.header, self.query)) != 1:
            raise ValueError("name exactly one of bearer, basic, header and query")
        return self


class Retries(Declaration):
    """Tries after the first, of operations that may be repeated without harm."""

    times: int = Field(default=2, ge=0, le=5)
    first_wait_s: float = Field(default=0.1, gt=0, le=10)
    """The first wait is random between 0 and this; each further bound is twice as long ("full jitter", M. Brooker,
    Exponential Backoff And Jitter, AWS Architecture Blog, 2015)."""
    longest_wait_s: float = Field(default=1.0, gt=0, le=30)


class Breaker(Declaration):
    """When the back end is left alone."""

    failures: int = Field(default=5, ge=1, le=1000)
    """Failed calls in a row that open it."""
    open_s: float = Field(default=20, gt=0, le=3600)


class RestField(ResultField):
    """One field of a result, found by `path` (JMESPath) in the answer."""

    path: str

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        return _checked_path(path)


class RestOperation(Declaration):
    """One request, and how its answer becomes a result."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: str = Field(pattern=r"^/[^?#\s]*$")
    query: dict[str, Constant] = Field(default_factory=dict)
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    body: Any = None
    """Sent as JSON; a text that is one `{argument}` and nothing else keeps the argument's type."""
    optional: list[Name] = Field(default_factory=list)
    """Arguments that may be missing; entries of `query` that hold one are then left out."""
    idempotent: bool | None = None
    """Whether it may be repeated after a failure; by default as RFC 9110 has it: GET, PUT and DELETE may."""
    not_found: list[Status] = Field(default_factory=lambda: [404])
    """Statuses that mean: there is no such thing."""
    not_found_when: str = ""
    """JMESPath; where it is true of the answer there is no such thing."""
    failed_when: str = ""
    """JMESPath; where it is true of the answer the back end failed, whatever the status says."""
    result: dict[Name, RestField] = Field(min_length=1)

    @field_validator("result", mode="before")
    @classmethod
    def _short_fields(cls, value: Any) -> Any:
        """`number: order.no` is short for `number: {path: order.no}`."""
        if isinstance(value, dict):
            return {name: {"path": inner} if isinstance(inner, str) else inner for name, inner in value.items()}
        return value

    @field_validator("not_found_when", "failed_when")
    @classmethod
    def _is_path(cls, path: str) -> str:
        return _checked_path(path) if path else path

    @model_validator(mode="after")
    def _optional_are_used(self) -> RestOperation:
        in_path = set(PLACEHOLDER.findall(self.path))
        for name in self.optional:
            if name in in_path:
                raise ValueError(f"the argument {name} stands in `path` and can't be optional")
            if name not in self.arguments:
                raise ValueError(f"`optional` names {name}, which stands nowhere as {{{name}}}")
        return self

    @property
    def repeatable(self) -> bool:
        """Whether a failed request may be made again."""
        return self.method in ("GET", "PUT", "DELETE") if self.idempotent is None else self.idempotent

    @property
    def arguments(self) -> frozenset[str]:
        """The arguments it takes."""
        return frozenset(
            name for text in (self.path, *_texts(self.query), *_texts(self.body)) for name in PLACEHOLDER.findall(text)
        )


class RestDeclaration(Declaration):
    """backend.yaml of `kind: rest`."""

    kind: Literal["rest"]
    allow_http: bool = False
    """Whether a host other than this machine may be spoken to without TLS."""
    base_url: str | FromEnvironment
    auth: Authentication | None = None
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    timeout_s: float = Field(default=3.0, gt=0, le=60)
    """How long one try may take without a byte arriving."""
    connect_timeout_s: float = Field(default=1.0, gt=0, le=60)
    deadline_s: float = Field(default=6.0, gt=0, le=120)
    """How long a call may take with all its tries: no try begins and no answer is read beyond it."""
    largest_bytes: int = Field(default=256_000, ge=1, le=10_000_000)
    """The largest answer that is read."""
    ca_file: str = ""
    """Certificates to trust, PEM, where the back end's are not signed by a public authority."""
    retries: Retries = Retries()
    breaker: Breaker = Breaker()
    operations: dict[OperationName, RestOperation] = Field(min_length=1)

    @field_validator("base_url")
    @classmethod
    def _is_base_url(cls, value: str | FromEnvironment, known: ValidationInfo) -> str | FromEnvironment:
        if isinstance(value, str) and (problem := url_problem(value, known.data.get("allow_http", False))):
            raise ValueError(problem)
        return value


LOOPBACK = ("localhost", "127.0.0.1", "::1")


def url_problem(url: str, allow_http: bool) -> str:
    """What is wrong with a base URL and what would be right, without the URL; empty where it is well."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        return "write base_url as https://orders.example.com/api, without ? or #"
    if parts.username or parts.password:
        return "base_url holds a user or a password; put them into the environment and name them under `auth`"
    if parts.scheme == "http" and not allow_http and host not in LOOPBACK:
        return "base_url is not encrypted; write https://, or `allow_http: true` inside a network of your own"
    return ""


def _checked_path(path: str) -> str:
    try:
        jmespath.compile(path)
    except (JMESPathError, ValueError):
        raise ValueError("this is not a JMESPath expression; write it like order.items[0].name") from None
    return path


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
