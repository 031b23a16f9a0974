"""Twilio's REST API on loopback, as its documentation reads; written without a look at the service's client.

It knows `POST /2010-04-01/Accounts/{AC}/Calls.json` and `POST .../Calls/{CA}.json`: Basic authentication, form bodies,
and errors as Twilio writes them. Which call does what is up to the test.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

ACCOUNT = "AC" + "a" * 32
AUTH_TOKEN = "0123456789abcdef0123456789abcdef"

_CREATE = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Calls\.json")
_UPDATE = re.compile(r"/2010-04-01/Accounts/(AC[0-9a-f]{32})/Calls/(CA[0-9a-f]{32})\.json")


@dataclass(frozen=True)
class Fault:
    """An answer in place of the right one."""

    status: int
    code: int = 0
    problem_details: bool = False
    """As RFC 9457 instead of Twilio's own form."""
    hang: bool = False
    """No answer at all: the connection is cut when the double ends."""


@dataclass
class TwilioDouble:
    """Use it as a context manager; `url` is where it listens."""

    calls: list[dict[str, list[str]]] = field(default_factory=list)
    """Forms of the calls that were created."""
    updates: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    """For the next requests, one each."""
    requests: int = 0
    on_call: Callable[[str, dict[str, list[str]]], None] = lambda _sid, _form: None
    on_update: Callable[[str, dict[str, list[str]]], None] = lambda _sid, _form: None

    def __enter__(self) -> TwilioDouble:
        double = self
        self._ended = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                double._answer(self)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests += 1
        body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{AUTH_TOKEN}".encode()).decode()
        create, update = _CREATE.fullmatch(request.path), _UPDATE.fullmatch(request.path)
        if self.faults:
            fault = self.faults.pop(0)
            if fault.hang:
                self._ended.wait(10)
                return
            self._fail(request, fault)
        elif request.headers.get("Authorization") != expected:
            self._fail(request, Fault(401, 20003))
        elif request.headers.get("Content-Type", "").split(";")[0] != "application/x-www-form-urlencoded":
            self._fail(request, Fault(415, 20015))
        elif create:
            self._create(request, parse_qs(body.decode(), strict_parsing=True))
        elif update:
            form = parse_qs(body.decode(), strict_parsing=True)
            self.updates.append((update[2], form))
            self._reply(request, 200, {"sid": update[2], "status": "in-progress"})
            self.on_update(update[2], form)
        else:
            self._fail(request, Fault(404, 20404))

    def _create(self, request: BaseHTTPRequestHandler, form: dict[str, list[str]]) -> None:
        if not {"To", "From"} <= form.keys() or not {"Url", "Twiml", "ApplicationSid"} & form.keys():
            self._fail(request, Fault(400, 21205))
        elif not all(re.fullmatch(r"\+[1-9][0-9]{6,14}", form[name][0]) for name in ("To", "From")):
            self._fail(request, Fault(400, 21211))
        elif form.get("MachineDetection", ["Enable"])[0] not in ("Enable", "DetectMessageEnd"):
            self._fail(request, Fault(400, 21226))
        else:
            self.calls.append(form)
            sid = f"CA{len(self.calls):032x}"
            self._reply(request, 201, {"sid": sid, "status": "queued", "to": form["To"][0]})
            self.on_call(sid, form)

    def _fail(self, request: BaseHTTPRequestHandler, fault: Fault) -> None:
        if fault.problem_details:
            problem = {"type": "about:blank", "title": "Problem", "status": fault.status, "code": fault.code}
            self._reply(request, fault.status, problem, "application/problem+json")
        else:
            self._reply(
                request, fault.status, {"code": fault.code, "message": "no", "more_info": "", "status": fault.status}
            )

    def _reply(
        self, request: BaseHTTPRequestHandler, status: int, value: Any, content_type: str = "application/json"
    ) -> None:
        body = json.dumps(value).encode()
        request.send_response(status)
        request.send_header("Content-Type", content_type)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
