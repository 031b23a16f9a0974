"""REST back ends against a real server on loopback: slow, failing, rubbish, big and redirecting ones too."""

from __future__ import annotations

import base64
import json
import random
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from voicebot.backends.breaker import Circuit
from voicebot.backends.port import BackendError
from voicebot.backends.rest import RestBackend, Surroundings
from voicebot.backends.rest_declaration import RestDeclaration

ORDER = {"order": {"no": "12345678", "state": "SHP", "price": 79000, "lines": [{"name": "운동화"}]}}


@dataclass
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Shop:
    """A server that answers what the test puts into `answers`, the last one again and again."""

    url: str = ""
    answers: list[Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def next(self) -> Callable[[BaseHTTPRequestHandler], None]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def answer(
    status: int = 200, body: Any = ORDER, headers: Mapping[str, str] | None = None
) -> Callable[[BaseHTTPRequestHandler], None]:
    raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    return send


def nothing(handler: BaseHTTPRequestHandler) -> None:
    """Never answers; returns when the other side hangs up."""
    handler.connection.settimeout(5)
    handler.connection.recv(1)
    handler.close_connection = True


def cut_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"order"')
    handler.close_connection = True


@pytest.fixture
def shop() -> Iterator[Shop]:
    served = Shop(answers=[answer()])

    class Requests(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            served.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            served.next()(self)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815 - http.server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    server.daemon_threads = True
    served.url = f"http://127.0.0.1:{server.server_address[1]}/api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


FIND = {
    "path": "/orders/{number}",
    "result": {
        "number": "order.no",
        "status": {"path": "order.state", "values": {"SHP": "shipping", "DLV": "delivered"}},
        "price": {"path": "order.price", "type": "whole"},
        "product": {"path": "order.lines[0].name", "type": "text"},
        "note": {"path": "order.note", "type": "text", "optional": True},
    },
}
CANCEL = {"method": "POST", "path": "/orders/{number}/cancel", "result": {"number": "order.no"}}


@pytest.fixture
def opened(shop: Shop, time: Time) -> Iterator[Callable[..., RestBackend]]:
    made: list[RestBackend] = []

    def open_(environment: Mapping[str, str] | None = None, **settings: Any) -> RestBackend:
        operations = {"order.find": FIND, "order.cancel": CANCEL} | settings.pop("operations", {})
        declaration = RestDeclaration.model_validate(
            {"kind": "rest", "base_url": shop.url, "operations": operations} | settings
        )
        around = Surroundings(clock=lambda: time.now, sleep=time.sleep, chance=random.Random(7))
        made.append(RestBackend(declaration, environment or {}, around))
        return made[-1]

    yield open_
    for backend in made:
        backend.close()


def test_declared_fields_are_taken_out_of_the_answer(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    assert opened().call("order.find", {"number": "12345678"}) == {
        "number": "12345678",
        "status": "shipping",
        "price": 79000,
        "product": "운동화",
        "note": None,
    }
    assert shop.asked[0].path == "/api/orders/12345678"


@pytest.mark.parametrize(
    ("number", "path"),
    [("1/../../admin", "/api/orders/1%2F..%2F..%2Fadmin"), ("7?all=1#x", "/api/orders/7%3Fall%3D1%23x")],
)
def test_an_argument_cannot_lead_to_another_address(
    number: str, path: str, shop: Shop, opened: Callable[..., RestBackend]
) -> None:
    opened().call("order.find", {"number": number})
    assert shop.asked[0].path == path


@pytest.mark.parametrize("number", ["", "  ", ".", "..", None, ["1"]])
def test_an_argument_that_makes_no_address_is_refused_unsent(
    number: Any, shop: Shop, opened: Callable[..., RestBackend]
) -> None:
    with pytest.raises(BackendError):
        opened().call("order.find", {"number": number})
    assert shop.asked == []


def test_query_and_body_are_filled_and_keep_types(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    search = {
        "method": "POST",
        "path": "/search",
        "query": {"page": 1, "q": "{text}", "from": "{day}"},
        "optional": ["day"],
        "body": {"most": "{most}", "label": "find {text}", "tags": ["{text}"]},
        "result": {"number": "order.no"},
    }
    opened(operations={"search": search}).call("search", {"text": "운동화 &", "most": 3})
    assert shop.asked[0].path == "/api/search?page=1&q=%EC%9A%B4%EB%8F%99%ED%99%94+%26"
    assert json.loads(shop.asked[0].body) == {"most": 3, "label": "find 운동화 &", "tags": ["운동화 &"]}


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"bearer": {"env": "KEY"}}, "Authorization", "Bearer s3cret"),
        ({"header": {"name": "X-Api-Key", "value": {"env": "KEY"}}}, "X-Api-Key", "s3cret"),
        (
            {"basic": {"user": {"env": "USER_NAME"}, "password": {"env": "KEY"}}},
            "Authorization",
            "Basic " + base64.b64encode(b"bot:s3cret").decode(),
        ),
    ],
)
def test_secrets_come_from_the_environment(
    auth: Any, header: str, value: str, shop: Shop, opened: Callable[..., RestBackend]
) -> None:
    opened({"KEY": "s3cret", "USER_NAME": "bot"}, auth=auth).call("order.find", {"number": "1"})
    assert shop.asked[0].headers[header] == value


def test_a_key_may_stand_in_the_query(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    auth = {"query": {"name": "serviceKey", "value": {"env": "KEY"}}}
    opened({"KEY": "a+b/c="}, auth=auth).call("order.find", {"number": "1"})
    assert shop.asked[0].path.endswith("?serviceKey=a%2Bb%2Fc%3D")


def test_not_found_is_none(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(404, b"<html>no</html>")]
    assert opened().call("order.find", {"number": "1"}) is None


def test_an_answer_can_say_itself_that_nothing_was_found_or_that_it_failed(
    shop: Shop, opened: Callable[..., RestBackend]
) -> None:
    find = FIND | {"not_found_when": "code == 'NONE'", "failed_when": "code == 'ERROR'"}
    backend = opened(operations={"order.find": find})
    shop.answers = [answer(body={"code": "NONE"})]
    assert backend.call("order.find", {"number": "1"}) is None
    shop.answers = [answer(body={"code": "ERROR"})]
    with pytest.raises(BackendError):
        backend.call("order.find", {"number": "1"})


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"\xff\xfe\x00",
        b"<html>busy</html>",
        b"[" * 100_000,
        b'{"order": {"price": NaN}}',
        b"1" * 5000,
        b"null",
        b"[]",
        {},
        {"order": "12345678"},
        {"order": {**ORDER["order"], "state": "???"}},
        {"order": {**ORDER["order"], "price": "79000"}},
        {"order": {**ORDER["order"], "price": True}},
        {"order": {**ORDER["order"], "no": None}},
        {"order": {**ORDER["order"], "no": "9" * 3000}},
        {"order": {**ORDER["order"], "price": 10**30}},
    ],
)
def test_rubbish_is_a_failure_and_not_quoted(rubbish: Any, shop: Shop, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(body=rubbish)]
    with pytest.raises(BackendError) as raised:
        opened().call("order.find", {"number": "8877"})
    assert "8877" not in str(raised.value)
    assert "79000" not in str(raised.value)
    assert len(shop.asked) == 1


def test_too_large_an_answer_is_a_failure(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(body={**ORDER, "more": "x" * 5000})]
    with pytest.raises(BackendError, match="larger than 4000 bytes"):
        opened(largest_bytes=4000).call("order.find", {"number": "1"})


def test_a_compressed_answer_is_refused(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(body=b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"})]
    with pytest.raises(BackendError, match="compressed"):
        opened().call("order.find", {"number": "1"})


def test_a_redirect_is_not_followed(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(302, headers={"Location": "/elsewhere"})]
    with pytest.raises(BackendError, match="redirects"):
        opened({"KEY": "s"}, auth={"bearer": {"env": "KEY"}}).call("order.find", {"number": "1"})
    assert len(shop.asked) == 1


@pytest.mark.parametrize("trouble", [answer(503), answer(429), cut_off])
def test_what_may_pass_is_tried_again(
    trouble: Callable[[BaseHTTPRequestHandler], None], shop: Shop, time: Time, opened: Callable[..., RestBackend]
) -> None:
    shop.answers = [trouble, trouble, answer()]
    assert opened().call("order.find", {"number": "1"}) is not None
    assert len(time.slept) == 2
    assert 0 <= time.slept[0] <= 0.1
    assert 0 <= time.slept[1] <= 0.2


def test_a_slow_answer_is_given_up_and_tried_again(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [nothing, answer()]
    assert opened(timeout_s=0.05).call("order.find", {"number": "1"}) is not None
    assert len(shop.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 409])
def test_a_request_at_fault_is_not_repeated(status: int, shop: Shop, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(status)]
    with pytest.raises(BackendError, match=str(status)):
        opened().call("order.find", {"number": "1"})
    assert len(shop.asked) == 1


def test_what_is_not_idempotent_is_never_repeated(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(503), answer()]
    with pytest.raises(BackendError):
        opened().call("order.cancel", {"number": "1"})
    assert [asked.method for asked in shop.asked] == ["POST"]


def test_a_post_declared_idempotent_is_repeated(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(503), answer()]
    backend = opened(operations={"order.cancel": CANCEL | {"idempotent": True}})
    assert backend.call("order.cancel", {"number": "1"}) == {"number": "12345678"}


def test_the_wait_that_a_back_end_asks_for_is_kept(shop: Shop, time: Time, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(429, headers={"Retry-After": "2"}), answer()]
    assert opened().call("order.find", {"number": "1"}) is not None
    assert time.slept == [2.0]


def test_a_wait_beyond_the_deadline_is_not_begun(shop: Shop, time: Time, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(429, headers={"Retry-After": "60"})]
    with pytest.raises(BackendError):
        opened().call("order.find", {"number": "1"})
    assert time.slept == []


def test_the_same_seed_waits_the_same(shop: Shop, time: Time, opened: Callable[..., RestBackend]) -> None:
    shop.answers = [answer(503)]
    for _ in range(2):
        with pytest.raises(BackendError):
            opened().call("order.find", {"number": "1"})
    assert time.slept[:2] == time.slept[2:]


def test_a_back_end_that_keeps_failing_is_left_alone_until_a_trial_succeeds(
    shop: Shop, time: Time, opened: Callable[..., RestBackend]
) -> None:
    backend = opened(retries={"times": 0}, breaker={"failures": 2, "open_s": 20})
    shop.answers = [answer(500)]
    for _ in range(4):
        with pytest.raises(BackendError):
            backend.call("order.find", {"number": "1"})
    assert len(shop.asked) == 2
    assert backend.circuit is Circuit.OPEN

    time.now += 20
    with pytest.raises(BackendError):
        backend.call("order.find", {"number": "1"})
    assert len(shop.asked) == 3
    assert backend.circuit is Circuit.OPEN

    time.now += 20
    shop.answers = [answer()]
    assert backend.call("order.find", {"number": "1"}) is not None
    assert backend.circuit is Circuit.CLOSED


def test_requests_at_fault_do_not_open_the_breaker(shop: Shop, opened: Callable[..., RestBackend]) -> None:
    backend = opened(breaker={"failures": 1})
    shop.answers = [answer(400)]
    for _ in range(3):
        with pytest.raises(BackendError):
            backend.call("order.find", {"number": "1"})
    assert backend.circuit is Circuit.CLOSED


def test_no_server_at_all_is_a_failure(time: Time) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    declaration = RestDeclaration.model_validate(
        {"kind": "rest", "base_url": f"http://127.0.0.1:{port}", "operations": {"order.find": FIND}}
    )
    backend = RestBackend(declaration, {}, Surroundings(clock=lambda: time.now, sleep=time.sleep))
    with pytest.raises(BackendError, match="not reachable"):
        backend.call("order.find", {"number": "1"})
    assert len(time.slept) == 2
    backend.close()


def test_an_unknown_operation_is_a_failure(opened: Callable[..., RestBackend]) -> None:
    with pytest.raises(BackendError, match="no operation"):
        opened().call("order.eat", {})
