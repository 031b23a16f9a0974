"""A demonstration open-data service of a district office, in the style of data.go.kr, and the back end that asks it.

The service is a WSGI application. The civic pack's demonstration speaks to it inside the process, through the very
backend.yaml that a real service would be declared in; `python -m voicebot.backends.civic_open_data` serves it on
loopback, to try the pack against an address.

Fees and deadlines in civic_open_data.json are those in force in Korea in 2025; the district, its offices and its
telephone numbers are invented. Public holidays are not known to it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from wsgiref.simple_server import make_server

from voicebot.backends.declared import read_declaration
from voicebot.backends.port import Backend
from voicebot.backends.rest_declaration import RestDeclaration
from voicebot.errors import VoicebotError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PATH = "/1741000/GaonCivilService"
SERVICE_KEY = "demonstration"
"""What the demonstration takes as `serviceKey`."""

Record = Mapping[str, Any]

_MESSAGES = {
    "00": "NORMAL SERVICE.",
    "03": "NODATA_ERROR",
    "11": "NO_MANDATORY_REQUEST_PARAMETERS_ERROR",
    "12": "NO_OPENAPI_SERVICE_ERROR",
    "30": "SERVICE_KEY_IS_NOT_REGISTERED_ERROR",
}
"""Result codes of data.go.kr's services that occur here; all of them come with the HTTP status 200."""

_OPERATIONS = {
    "getCertificateInfo": ("certificates", "certCode"),
    "getProcedureInfo": ("procedures", "svcCode"),
    "getOfficeInfo": ("offices", "orgCode"),
    "getInterpreterInfo": ("interpreters", "langCode"),
    "getApplicationStatus": ("applications", "rcptNo"),
}
"""Operation -> what it searches, and by which parameter."""


class CivicOpenData:
    """The service. Days are counted from `today()`, so that the demonstration never grows old."""

    def __init__(self, *, today: Callable[[], date] = date.today) -> None:
        self._today = today
        self._records: Mapping[str, list[Record]] = json.loads(
            Path(__file__).with_suffix(".json").read_text(encoding="utf-8")
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """One request (PEP 3333)."""
        query = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        code, found = self._answer(environ.get("PATH_INFO", ""), query)
        body = {"items": {"item": found}, "numOfRows": 10, "pageNo": 1, "totalCount": len(found)}
        header = {"resultCode": code, "resultMsg": _MESSAGES[code]}
        answer = json.dumps({"response": {"header": header, "body": body}}, ensure_ascii=False).encode()
        length = ("Content-Length", str(len(answer)))
        start_response("200 OK", [("Content-Type", "application/json; charset=utf-8"), length])
        return [answer]

    def _answer(self, path: str, query: Mapping[str, str]) -> tuple[str, list[Record]]:
        """Result code and records."""
        folder, _, operation = path.rpartition("/")
        if folder != PATH or operation not in _OPERATIONS:
            return "12", []
        if query.get("serviceKey") != SERVICE_KEY:
            return "30", []
        kind, parameter = _OPERATIONS[operation]
        if parameter not in query:
            return "11", []
        found = [self._on_this_day(record) for record in self._records[kind] if record[parameter] == query[parameter]]
        return ("00" if found else "03"), found

    def _on_this_day(self, record: Record) -> Record:
        today = self._today()
        if "openDays" in record:
            return {**record, "openTodayYn": "Y" if str(today.isoweekday()) in record["openDays"] else "N"}
        if "dueInDays" in record:
            rest = {name: value for name, value in record.items() if name != "dueInDays"}
            return {**rest, "dueDe": _working_day(today, record["dueInDays"]).isoformat()}
        return record


def _working_day(today: date, offset: int) -> date:
    """The day `offset` days from `today`; a weekend's is the nearest working day further away from today."""
    day = today + timedelta(days=offset)
    while day.isoweekday() > 5:
        day += timedelta(days=1 if offset > 0 else -1)
    return day


def open_civic_demo(declaration: Path, *, today: Callable[[], date] = date.today) -> Backend:
    """The back end that `declaration`, a backend.yaml, declares, with the demonstration in the place of the service.

    No network is used and no environment variable read. Raises ContentError for a declaration that is wrong.
    """
    import httpx

    from voicebot.backends.rest import RestBackend, Surroundings

    declared = read_declaration(declaration)
    if not isinstance(declared, RestDeclaration):
        raise VoicebotError(f"{declaration}: the demonstration is a REST service; write `kind: rest`.")
    environment = {"CIVIC_OPEN_DATA_URL": f"http://localhost{PATH}", "CIVIC_OPEN_DATA_KEY": SERVICE_KEY}
    service = httpx.WSGITransport(app=CivicOpenData(today=today))
    return RestBackend(declared, environment, Surroundings(transport=service))


def main() -> None:
    """Serve the demonstration on loopback until it is interrupted."""
    parser = argparse.ArgumentParser(description="The demonstration open-data service, on loopback.")
    parser.add_argument("--port", type=int, default=8090)
    port: int = parser.parse_args().port
    with make_server("127.0.0.1", port, CivicOpenData()) as server:
        print(f"CIVIC_OPEN_DATA_URL=http://127.0.0.1:{server.server_port}{PATH}", flush=True)  # noqa: T201
        print(f"CIVIC_OPEN_DATA_KEY={SERVICE_KEY}", flush=True)  # noqa: T201
        server.serve_forever()


if __name__ == "__main__":
    main()
