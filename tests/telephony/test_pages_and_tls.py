"""Pages beside the telephone, and TLS on the port itself, over real sockets."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask, request
from websockets.asyncio.client import connect

from telephony.application import TelephonyApp
from telephony.limits import Limits
from telephony.server import create_app, run_server
from telephony.tls import TlsError, check_tls
from tests.telephony.twilio_side import Bot
from voicebot.config import Configuration

Visit = Callable[[str], Awaitable[None]]


def pages() -> Flask:
    flask = Flask("pages")
    flask.add_url_rule("/console", "console", view_func=lambda: "the console")
    flask.add_url_rule("/form", "form", view_func=lambda: request.get_data(as_text=True), methods=["POST"])
    return flask


async def echo(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"open for long"})
        return
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": (await receive())["text"]})
    await send({"type": "websocket.close"})


def serve(app: TelephonyApp, settings: Configuration, visit: Visit) -> None:
    async def main() -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        server = asyncio.create_task(run_server(app, settings, listening=port.set_result))
        await asyncio.wait({port, server}, return_when=asyncio.FIRST_COMPLETED)
        try:
            await visit(f"127.0.0.1:{await port}")
        finally:
            server.cancel()
            await asyncio.gather(server, return_exceptions=True)

    asyncio.run(main())


def test_pages_and_open_connections_stand_beside_the_telephone() -> None:
    settings = Configuration(port=0)
    app = create_app(settings, Bot(), limits=Limits(page_bytes=1000))
    app.add_pages(pages(), {"/live": echo})

    async def visit(host: str) -> None:
        async with httpx.AsyncClient(base_url=f"http://{host}", trust_env=False) as http:
            assert (await http.get("/console")).text == "the console"
            assert (await http.get("/live")).text == "open for long"
            assert (await http.get("/healthz")).json() == {"alive": True}
            assert (await http.get("/nothing")).status_code == 404
            assert (await http.post("/healthz")).status_code == 405
            assert (await http.post("/form", content="x" * 999)).text == "x" * 999
            assert (await http.post("/form", content="x" * 1001)).status_code == 413
        async with connect(f"ws://{host}/live", proxy=None) as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"

    serve(app, settings, visit)


def test_pages_that_take_long_keep_no_webhook_waiting() -> None:
    settings = Configuration(port=0)
    app = create_app(settings, Bot(), limits=Limits(page_threads=1))
    flask, asked, go_on = Flask("pages"), threading.Event(), threading.Event()

    def slow() -> str:
        asked.set()
        go_on.wait(20)
        return "slow"

    flask.add_url_rule("/slow", view_func=slow)
    app.add_pages(flask, {})

    async def visit(host: str) -> None:
        async with httpx.AsyncClient(base_url=f"http://{host}", trust_env=False, timeout=20) as http:
            waiting = asyncio.create_task(http.get("/slow"))
            await asyncio.to_thread(asked.wait, 20)
            answered = await http.post("/twilio/voice", data={"CallSid": "CA1"})
            assert answered.status_code == 200
            go_on.set()
            assert (await waiting).text == "slow"

    serve(app, settings, visit)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One of our own, for loopback, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "voicebot")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, secret


def test_the_port_speaks_tls(certificate: tuple[Path, Path]) -> None:
    settings = Configuration(port=0, tls_cert=certificate[0], tls_key=certificate[1])
    app = create_app(settings, Bot())
    app.add_pages(pages(), {"/live": echo})
    trusts = ssl.create_default_context(cafile=str(certificate[0]))

    async def visit(host: str) -> None:
        async with httpx.AsyncClient(base_url=f"https://{host}", verify=trusts, trust_env=False) as http:
            assert (await http.get("/console")).text == "the console"
        async with connect(f"wss://{host}/live", ssl=trusts, proxy=None) as socket:
            await socket.send("hello")
            assert await socket.recv() == "hello"
        async with httpx.AsyncClient(base_url=f"http://{host}", trust_env=False) as http:
            with pytest.raises(httpx.HTTPError):
                await http.get("/console")

    serve(app, settings, visit)


def test_what_is_wrong_with_a_certificate_is_said_in_one_sentence(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate
    other = tmp_path / "other.pem"
    other.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
        )
    )
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("no certificate")
    for files, said in (
        ({"tls_cert": cert}, "tls_key"),
        ({"tls_key": key}, "tls_cert"),
        ({"tls_cert": tmp_path / "missing.pem", "tls_key": key}, "missing.pem"),
        ({"tls_cert": nothing, "tls_key": key}, "nothing.pem"),
        ({"tls_cert": cert, "tls_key": nothing}, "nothing.pem"),
        ({"tls_cert": cert, "tls_key": other}, "not that of the certificate"),
        ({"tls_cert": cert, "tls_key": locked}, "passphrase"),
    ):
        with pytest.raises(TlsError, match=said) as caught:
            check_tls(Configuration(**files))
        assert "\n" not in str(caught.value)
    assert not check_tls(Configuration())
