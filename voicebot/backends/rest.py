"""A back end spoken to over HTTP, as its backend.yaml declares it."""

from __future__ import annotations

import json
import logging
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import jmespath
import structlog
from jmespath.exceptions import JMESPathError

from voicebot.backends.breaker import Circuit, CircuitBreaker
from voicebot.backends.port import BackendError
from voicebot.backends.rest_declaration import (
    PLACEHOLDER,
    Authentication,
    Constant,
    RestDeclaration,
    RestOperation,
    url_problem,
)
from voicebot.backends.settings import DeclarationError, Environment, FromEnvironment, value_of

_log = structlog.get_logger()

# httpx logs the URL of every request, and httpcore its headers: callers' numbers and keys stand in them.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

_PASSING = frozenset({429, 500, 502, 503, 504})
"""Statuses that tell of the back end's own trouble, which may pass."""


@dataclass(frozen=True)
class Surroundings:
    """What a REST back end takes from outside, so that tests need no waiting."""

    clock: Callable[[], float] = time.monotonic
    """Seconds; only ever grows."""
    sleep: Callable[[float], None] = time.sleep
    chance: random.Random = field(default_factory=random.Random)
    transport: httpx.BaseTransport | None = None
    """What carries requests; None: the network."""


class _TryError(Exception):
    """One try failed; the message is a BackendError's."""

    def __init__(self, message: str, *, passing: bool, after_s: float = 0.0, ours: bool = False) -> None:
        """`passing`: another try may do better, `after_s` seconds later at the earliest; `ours`: the request is at
        fault, the back end is well."""
        super().__init__(message)
        self.passing, self.after_s, self.ours = passing, after_s, ours


class RestBackend:
    """Implements the Backend port."""

    def __init__(
        self, declaration: RestDeclaration, environment: Environment, surroundings: Surroundings | None = None
    ) -> None:
        """Raises MissingVariableError for a secret that is not set, DeclarationError for one that can't be used."""
        self._declaration = declaration
        self._around = surroundings or Surroundings()
        base_url = value_of(declaration.base_url, environment).get_secret_value()
        if problem := url_problem(base_url, declaration.allow_http):
            raise DeclarationError(problem)
        self._base_url = base_url.rstrip("/")
        auth, headers, self._query = _credentials(declaration.auth, environment)
        self._client = httpx.Client(
            auth=auth,
            # Compressed answers are not asked for: a small one may unpack to a huge one.
            headers={"Accept": "application/json", "Accept-Encoding": "identity", **declaration.headers, **headers},
            timeout=httpx.Timeout(declaration.timeout_s, connect=declaration.connect_timeout_s),
            follow_redirects=False,
            # No proxy that the environment happens to name: callers' data goes where backend.yaml says.
            trust_env=False,
            transport=self._around.transport,
            verify=_certificates(declaration.ca_file) if self._base_url.startswith("https:") else False,
        )
        breaker = declaration.breaker
        self._breaker = CircuitBreaker(breaker.failures, breaker.open_s, self._around.clock)

    @property
    def circuit(self) -> Circuit:
        """The state of the circuit breaker."""
        return self._breaker.state

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """See `Backend`."""
        declared = self._declaration.operations.get(operation)
        if declared is None:
            raise BackendError(f"backend.yaml has no operation {operation}")
        request = self._request(operation, declared, arguments)
        if not self._breaker.allows():
            raise BackendError(f"{operation}: the back end keeps failing and is left alone for a while")
        answered: bool | None = None
        try:
            result = self._tried(operation, declared, request)
            answered = True
            return result
        except _TryError as failure:
            answered = failure.ours
            raise BackendError(f"{operation}: {failure}") from None
        finally:
            self._tell_breaker(answered)

    def _tell_breaker(self, answered: bool | None) -> None:
        before = self._breaker.state
        if answered is None:
            self._breaker.withdrawn()
        elif answered:
            self._breaker.succeeded()
        else:
            self._breaker.failed()
        if (after := self._breaker.state) is not before:
            _log.warning("circuit breaker", before=before.value, after=after.value)

    def _tried(self, operation: str, declared: RestOperation, request: httpx.Request) -> dict[str, Any] | None:
        retries, around = self._declaration.retries, self._around
        ends = around.clock() + self._declaration.deadline_s
        most = retries.times if declared.repeatable else 0
        for attempt in range(most + 1):
            try:
                return self._once(declared, request, ends)
            except _TryError as failure:
                bound = min(retries.longest_wait_s, retries.first_wait_s * 2**attempt)
                wait = max(failure.after_s, around.chance.uniform(0, bound))
                if not failure.passing or attempt == most or around.clock() + wait >= ends:
                    raise
                _log.info("back end is tried again", operation=operation, attempt=attempt + 2, problem=str(failure))
                around.sleep(wait)
        raise AssertionError("unreachable: the last try returns or raises")

    def _once(self, declared: RestOperation, request: httpx.Request, ends: float) -> dict[str, Any] | None:
        try:
            response = self._client.send(request, stream=True)
            try:
                return self._answer(declared, response, ends)
            finally:
                response.close()
        except httpx.TimeoutException as error:
            raise _TryError(f"no answer in time ({type(error).__name__})", passing=True) from None
        except httpx.TransportError as error:
            raise _TryError(f"not reachable ({type(error).__name__})", passing=True) from None
        except httpx.HTTPError as error:
            raise _TryError(f"not well-formed HTTP ({type(error).__name__})", passing=False) from None

    def _answer(self, declared: RestOperation, response: httpx.Response, ends: float) -> dict[str, Any] | None:
        status = response.status_code
        if status in declared.not_found:
            return None
        if response.is_redirect:
            raise _TryError(f"status {status}: redirects are not followed, mend base_url", passing=False)
        if not response.is_success:
            passing = status in _PASSING
            ours = status < 500 and not passing
            raise _TryError(f"status {status}", passing=passing, after_s=_retry_after(response), ours=ours)
        answer = _json(self._body(response, ends))
        if _holds(declared.failed_when, answer):
            raise _TryError("the answer says that it failed", passing=False)
        if _holds(declared.not_found_when, answer):
            return None
        try:
            return {
                name: wanted.checked(_found(wanted.path, answer), f"`{name}`")
                for name, wanted in declared.result.items()
            }
        except BackendError as error:
            raise _TryError(str(error), passing=False) from None

    def _body(self, response: httpx.Response, ends: float) -> bytes:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise _TryError("the answer is compressed though that was not asked for", passing=False)
        largest = self._declaration.largest_bytes
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > largest:
                raise _TryError(f"the answer is larger than {largest} bytes", passing=False)
            if self._around.clock() > ends:
                raise _TryError("the answer did not end in time", passing=True)
        return bytes(body)

    def _request(self, operation: str, declared: RestOperation, arguments: Mapping[str, Any]) -> httpx.Request:
        given = {name: value for name, value in arguments.items() if value is not None}
        for name in sorted(declared.arguments - set(declared.optional) - set(given)):
            raise BackendError(f"{operation} needs the argument {name}")
        query: dict[str, Constant] = dict(self._query)
        for name, value in declared.query.items():
            if not isinstance(value, str):
                query[name] = value
            elif all(argument in given for argument in PLACEHOLDER.findall(value)):
                query[name] = PLACEHOLDER.sub(lambda match: _text(operation, match[1], given), value)
        path = PLACEHOLDER.sub(lambda match: _segment(operation, match[1], given), declared.path)
        try:
            return self._client.build_request(
                declared.method,
                self._base_url + path,
                params=query or None,
                headers=declared.headers,
                json=None if declared.body is None else _filled(declared.body, given),
            )
        except (httpx.InvalidURL, ValueError, TypeError):
            raise BackendError(f"{operation}: these arguments make no valid request") from None


def _credentials(
    auth: Authentication | None, environment: Environment
) -> tuple[httpx.Auth | None, dict[str, str], dict[str, str]]:
    """Basic authentication, headers and query entries."""
    if auth is None:
        return None, {}, {}
    if auth.bearer:
        return None, {"Authorization": f"Bearer {_header_secret(auth.bearer, environment)}"}, {}
    if auth.basic:
        user, password = value_of(auth.basic.user, environment), value_of(auth.basic.password, environment)
        return httpx.BasicAuth(user.get_secret_value(), password.get_secret_value()), {}, {}
    if auth.header:
        return None, {auth.header.name: _header_secret(auth.header.value, environment)}, {}
    assert auth.query is not None
    return None, {}, {auth.query.name: value_of(auth.query.value, environment).get_secret_value()}


def _header_secret(setting: FromEnvironment, environment: Environment) -> str:
    secret = value_of(setting, environment).get_secret_value()
    if not (secret.isascii() and secret.isprintable()):
        raise DeclarationError(f"the environment variable {setting.env} holds what can't stand in a header; correct it")
    return secret


def _certificates(ca_file: str) -> ssl.SSLContext | bool:
    if not ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise DeclarationError("ca_file can't be read as PEM certificates; correct its path") from None


def _text(operation: str, name: str, given: Mapping[str, Any]) -> str:
    value = given[name]
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise BackendError(f"{operation}: the argument {name} is neither text nor number")


def _segment(operation: str, name: str, given: Mapping[str, Any]) -> str:
    """An argument as one segment of a path: it can't lead anywhere else."""
    text = _text(operation, name, given)
    if not text.strip(".") or not text.strip():
        raise BackendError(f"{operation}: the argument {name} is empty or dots only")
    return quote(text, safe="")


def _filled(body: Any, given: Mapping[str, Any]) -> Any:
    if isinstance(body, dict):
        return {name: _filled(value, given) for name, value in body.items()}
    if isinstance(body, list):
        return [_filled(value, given) for value in body]
    if not isinstance(body, str):
        return body
    if whole := PLACEHOLDER.fullmatch(body):
        return given.get(whole[1])
    return PLACEHOLDER.sub(lambda match: str(given.get(match[1], "")), body)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise _TryError("the answer is not JSON", passing=False) from None


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _found(path: str, answer: Any) -> Any:
    try:
        return jmespath.search(path, answer)
    except (JMESPathError, TypeError, RecursionError):
        return None


def _holds(path: str, answer: Any) -> bool:
    return bool(path) and bool(_found(path, answer))


def _retry_after(response: httpx.Response) -> float:
    """Seconds that the back end asks to be left alone (RFC 9110, 10.2.3), of its two forms the one in seconds."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() and len(value) < 6 else 0.0
