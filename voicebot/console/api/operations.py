"""Operations of the API: each is a function whose types say what it takes and answers.

From the types come the checks of what is sent, the answers' JSON and the OpenAPI document. A library for it was looked
for: flask-openapi3 and APIFlask want to be the Flask application themselves, flask-smorest wants marshmallow beside
pydantic, and the pages and errors of spectree go past the guard that holds every view to what it says that it needs.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Generic, Literal, TypeVar, get_type_hints

import structlog
from flask import Blueprint, Flask, Response, request
from flask_limiter.errors import RateLimitExceeded
from flask_limiter.util import get_remote_address
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from werkzeug.exceptions import HTTPException

from voicebot.analytics.alerts.rules import RuleError
from voicebot.analytics.scope import ScopeError
from voicebot.console.access.guard import Access, needs, public, reader, signed_in
from voicebot.failure import place
from voicebot.store.accounts.accounts import AccountError
from voicebot.store.accounts.permissions import PERMISSIONS
from voicebot.store.history.database import DatabaseError
from voicebot.store.history.filters import CursorError

_log = structlog.get_logger(__name__)

PREFIX = "/api/v1"
RATE = "600 per minute; 20 per second"
"""Requests of one user, of one worker."""
PROBLEM = "application/problem+json"
_MOST_BYTES = 64 * 1024
_KEPT_HEADERS = ("Allow", "WWW-Authenticate", "Retry-After")

T = TypeVar("T")
Function = Callable[..., Any]
Method = Literal["get", "post", "put", "patch", "delete"]


class Problem(BaseModel):
    """What went wrong, after RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    """One sentence: what is wrong, and what to do."""


class Listed(BaseModel, Generic[T]):
    """Some of what was asked for, in its order."""

    items: list[T]
    after: str
    """Give this back as `after` for what follows; empty where nothing does."""


class Asked(BaseModel):
    """What is sent: nothing that isn't known."""

    model_config = ConfigDict(extra="forbid")


class ApiError(Exception):
    """An answer that is a problem."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: Method
    path: str
    """As OpenAPI writes it: `/calls/{call_id}`."""
    name: str
    need: str
    """A permission, `public` or `signed in`."""
    summary: str
    tag: str
    status: int
    parameters: Mapping[str, type]
    """In the path."""
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    answer: TypeAdapter[Any] | None
    """None where it is no JSON."""
    media: str
    """Content type of the answer."""


class Api:
    """The operations and the blueprint that serves them."""

    def __init__(self, access: Access, *, rate: str = RATE) -> None:
        self.access = access
        self.operations: list[Operation] = []
        self.blueprint = access.protect(Blueprint("api", __name__, url_prefix=PREFIX))
        self.blueprint.register_error_handler(Exception, problem)
        access.limiter.limit(rate, key_func=_who)(self.blueprint)

    def operation(
        self, method: Method, path: str, need: str, *, status: int = 200, media: str = "application/json"
    ) -> Callable[[Function], Function]:
        """Register a function. Its docstring's first line is the summary.

        Parameters `query` and `body` are models of what is sent; others stand in the path. It returns what its return
        type says, or a Response where `media` is not JSON. It raises ApiError, and what the store raises.
        """

        def register(function: Function) -> Function:
            hints = get_type_hints(function)
            answer = hints.pop("return")
            query, body = hints.pop("query", None), hints.pop("body", None)
            is_json = media == "application/json" and answer is not type(None)
            operation = Operation(
                method,
                path,
                function.__name__,
                need,
                (inspect.getdoc(function) or function.__name__).splitlines()[0],
                path.split("/")[1],
                status,
                hints,
                query,
                body,
                TypeAdapter(answer) if is_json else None,
                media if answer is not type(None) else "",
            )
            self.operations.append(operation)
            rule = re.sub(r"{(\w+)}", lambda found: _converter(found[1], hints[found[1]]), path)
            self.blueprint.add_url_rule(
                rule, f"{function.__name__}", _marked(_view(operation, function), need), methods=[method.upper()]
            )
            return function

        return register


def _converter(name: str, kind: type) -> str:
    return f"<int:{name}>" if kind is int else f"<{name}>"


def _marked(view: Function, need: str) -> Function:
    if need == "public":
        return public(view)
    if need == "signed in":
        return signed_in(view)
    return needs(next(permission for permission in PERMISSIONS if permission == need))(view)


def _view(operation: Operation, function: Function) -> Function:
    def view(**path: Any) -> Response:
        asked: dict[str, Any] = dict(path)
        if operation.query is not None:
            asked["query"] = _checked(operation.query, request.args.to_dict())
        elif request.args:
            raise ApiError(400, "this operation takes no parameters; leave out what stands behind the question mark.")
        if operation.body is not None:
            asked["body"] = _sent(operation.body)
        answer = function(**asked)
        if isinstance(answer, Response):
            return answer
        if operation.answer is None:
            return Response(status=operation.status)
        return Response(operation.answer.dump_json(answer), operation.status, mimetype=operation.media)

    return view


def _sent(model: type[BaseModel]) -> BaseModel:
    if request.mimetype != "application/json":
        raise ApiError(415, "the body must be JSON; send it with Content-Type: application/json.")
    if (request.content_length or 0) > _MOST_BYTES:
        raise ApiError(413, f"the body is larger than {_MOST_BYTES // 1024} kB; send less.")
    return _checked(model, request.get_data())


def _checked(model: type[BaseModel], sent: Mapping[str, str] | bytes) -> BaseModel:
    try:
        if isinstance(sent, bytes):
            return model.model_validate_json(sent)
        return model.model_validate(dict(sent))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        said = str(first["msg"]).removeprefix("Value error, ")
        raise ApiError(400, f"{where}: {said[:1].lower()}{said[1:]}.") from None


def _who() -> str:
    who = reader()
    return f"user {who.user.id}" if who is not None else get_remote_address()


def problem(error: Exception) -> Response:
    """An error as an answer; what is no error of the asker's goes to the log with its place."""
    headers: Mapping[str, str] = {}
    match error:
        case ApiError(status=status, detail=detail):
            pass
        case RateLimitExceeded():
            status, detail = 429, "too many requests; wait a minute, and ask less often."
            headers = {"Retry-After": "60"}
        case HTTPException():
            status, detail = error.code or 500, _SENTENCES.get(error.code or 500) or str(error.description)
            found = error.get_response().headers
            headers = {name: found[name] for name in _KEPT_HEADERS if name in found}
        case DatabaseError():
            status, detail = 503, "the database can't be asked now; try again soon."
        case CursorError() | ScopeError():
            status, detail = 400, str(error)
        case AccountError(kind="bad_name" | "bad_role" | "bad_password"):
            status, detail = 400, str(error)
        case RuleError() | AccountError():
            status, detail = 409, str(error)
        case _:
            status, detail = 500, "a mistake of ours; the log of the service tells more."
    if status >= 500:
        _log.error("request failed", path=request.path, error=type(error).__name__, place=place(error))
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail)
    return Response(told.model_dump_json(), status, headers, mimetype=PROBLEM)


_SENTENCES = {
    401: "log in, or send an API token as Authorization: Bearer vb_...",
    403: "your role, or the scopes of your token, do not permit this; ask an administrator.",
    404: "there is no such thing; check the path and the id.",
    405: "this path knows other methods only; see the header Allow.",
}


def explain_unknown_paths(flask: Flask) -> None:
    """Paths and methods that the API lacks are problems too, not pages."""

    def unknown(error: HTTPException) -> Response | HTTPException:
        return problem(error) if request.path.startswith(f"{PREFIX}/") else error

    flask.register_error_handler(404, unknown)
    flask.register_error_handler(405, unknown)
