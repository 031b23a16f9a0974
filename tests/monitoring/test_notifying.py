"""Notifications reach servers on loopback, signed and encrypted, and what goes wrong is told in a sentence."""

from __future__ import annotations

import asyncio
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from tests.monitoring.certificate import Certificate
from voicebot.config import Configuration, ConfigurationError
from voicebot.notify.configured import configured
from voicebot.notify.mail import Mail, SmtpServer, Tls
from voicebot.notify.port import Notification, NotifyError
from voicebot.notify.webhook import SIGNATURE, Webhook

AT = datetime(2026, 11, 20, 3, tzinfo=UTC)
TOLD = Notification(
    "alert-7", AT, "[voicebot] 경고: 이해율이 낮음", "현재 값: 61.0%\n", {"state": "firing", "value": 0.61}
)

# Webhooks

Answer = Callable[[BaseHTTPRequestHandler], None]


class Asked:
    """What the receiver got."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[tuple[str, dict[str, str], bytes]] = []


@contextmanager
def receiver(answer: Answer) -> Iterator[Asked]:
    asked = Asked()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.requests.append((self.path, dict(self.headers), body))
            answer(self)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    asked.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def status(code: int, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(code)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def test_a_webhook_is_told_signed_json() -> None:
    with receiver(status(204)) as asked:
        Webhook(asked.url, "secret", clock=lambda: 1_700_000_000.4).tell(TOLD)
    ((path, headers, body),) = asked.requests
    assert path == "/hook"
    assert json.loads(body) == {
        "id": "alert-7",
        "at": "2026-11-20T03:00:00+00:00",
        "subject": TOLD.subject,
        "text": TOLD.text,
        "state": "firing",
        "value": 0.61,
    }
    timestamp, digest = headers[SIGNATURE].removeprefix("t=").split(",v1=")
    assert timestamp == "1700000000"
    assert hmac.compare_digest(hmac.new(b"secret", timestamp.encode() + b"." + body, sha256).hexdigest(), digest)


def test_without_a_secret_nothing_is_signed() -> None:
    with receiver(status(200)) as asked:
        Webhook(asked.url, "").tell(TOLD)
    assert SIGNATURE not in asked.requests[0][1]


@pytest.mark.parametrize("code", [301, 307, 308, 400, 500])
def test_redirects_are_not_followed_and_errors_are_told(code: int) -> None:
    with receiver(status(code, Location="/elsewhere")) as asked, pytest.raises(NotifyError, match=f"status {code}"):
        Webhook(asked.url, "secret").tell(TOLD)
    assert [path for path, _, _ in asked.requests] == ["/hook"]


def test_a_receiver_that_drips_its_answer_holds_nobody_up() -> None:
    over = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        while not over.wait(0.02):
            try:
                request.wfile.write(b"HTTP/1.1 200 OK\r\n"[:1])
            except OSError:
                return

    with receiver(drip) as asked:
        with pytest.raises(NotifyError, match=r"within 0\.2 s|can't be reached"):
            Webhook(asked.url, "", within_s=0.2).tell(TOLD)
        over.set()


def test_a_receiver_that_is_not_there_is_told() -> None:
    with receiver(status(200)) as asked:
        gone = asked.url
    with pytest.raises(NotifyError, match="can't be reached"):
        Webhook(gone, "secret").tell(TOLD)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://x/", "javascript:x", "https://", "gopher://x"])
def test_only_urls_of_the_web_can_be_configured(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Configuration(alert_webhook=url)


# E-mail


class Inbox:
    """An SMTP server's side."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self.letters: list[tuple[str, list[str], bytes, bool, bool]] = []

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address == self.refuse:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        encrypted = session.ssl is not None
        self.letters.append(
            (
                str(envelope.mail_from),
                envelope.rcpt_tos,
                bytes(envelope.content or b""),
                encrypted,
                bool(session.authenticated),
            )
        )
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate(tmp_path_factory.mktemp("tls"))


def mail_server(inbox: Inbox, tls: Tls, certificate: Certificate, password: str = "") -> AbstractContextManager[int]:
    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        right = data.login == b"bot" and data.password == password.encode()
        return AuthResult(success=right, handled=False)

    options: dict[str, Any] = {}
    if tls == "starttls":
        options = {"tls_context": certificate.server, "require_starttls": True}
    if password:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": tls == "starttls"}

    @contextmanager
    def running() -> Iterator[int]:
        loop = asyncio.new_event_loop()
        # Clients that turn away from a certificate are no news.
        loop.set_exception_handler(lambda *_: None)
        encrypted = certificate.server if tls == "tls" else None
        made = loop.create_server(lambda: SMTP(inbox, loop=loop, **options), "127.0.0.1", 0, ssl=encrypted)
        server = loop.run_until_complete(made)
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            loop.call_soon_threadsafe(server.close)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            for task in asyncio.all_tasks(loop):
                task.cancel()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

    return running()


@pytest.mark.parametrize("tls", ["starttls", "tls", "none"])
def test_a_letter_is_handed_in(tls: Tls, certificate: Certificate) -> None:
    inbox = Inbox()
    with mail_server(inbox, tls, certificate, "pass" if tls == "starttls" else "") as port:
        user, password = ("bot", "pass") if tls == "starttls" else ("", "")
        server = SmtpServer("localhost", port, tls, user, password, certificate.client)
        Mail(server, "bot@example.com", ["kim@example.com", "lee@example.com"]).tell(TOLD)
    ((sender, recipients, content, encrypted, authenticated),) = inbox.letters
    assert (sender, recipients) == ("bot@example.com", ["kim@example.com", "lee@example.com"])
    # Where the port itself is encrypted, the session behind it does not know.
    assert (encrypted, authenticated) == (tls == "starttls", tls == "starttls")
    letter = message_from_bytes(content, policy=policy.default)
    assert letter["Subject"] == TOLD.subject
    assert letter["Message-ID"] == "<alert-7@example.com>"
    assert letter.get_content().replace("\r\n", "\n") == TOLD.text


def test_a_server_that_nobody_vouches_for_gets_nothing(certificate: Certificate) -> None:
    inbox = Inbox()
    with mail_server(inbox, "starttls", certificate) as port, pytest.raises(NotifyError, match="smtp_tls"):
        Mail(SmtpServer("localhost", port, "starttls"), "bot@example.com", ["kim@example.com"]).tell(TOLD)
    assert inbox.letters == []


def test_a_wrong_password_is_told(certificate: Certificate) -> None:
    with mail_server(Inbox(), "starttls", certificate, "pass") as port:
        server = SmtpServer("localhost", port, "starttls", "bot", "guess", certificate.client)
        with pytest.raises(NotifyError, match="smtp_password"):
            Mail(server, "bot@example.com", ["kim@example.com"]).tell(TOLD)


def test_one_refused_recipient_costs_the_others_nothing(certificate: Certificate) -> None:
    inbox = Inbox(refuse="gone@example.com")
    with mail_server(inbox, "none", certificate) as port:
        server = SmtpServer("localhost", port, "none")
        Mail(server, "bot@example.com", ["kim@example.com", "gone@example.com"]).tell(TOLD)
        with pytest.raises(NotifyError, match="took no message"):
            Mail(server, "bot@example.com", ["gone@example.com"]).tell(TOLD)
    assert [letter[1] for letter in inbox.letters] == [["kim@example.com"]]


def test_no_server_is_told_quickly() -> None:
    began = time.monotonic()
    with pytest.raises(NotifyError, match="took no message"):
        Mail(SmtpServer("127.0.0.1", 1, "none"), "bot@example.com", ["kim@example.com"], within_s=1).tell(TOLD)
    assert time.monotonic() - began < 30


def test_what_is_configured_is_what_is_told() -> None:
    assert configured(Configuration()) == ()
    both = Configuration(
        alert_webhook="https://hooks.example.com/x",
        alert_mail_to=["kim@example.com"],
        smtp_host="mail.example.com",
        smtp_from="bot@example.com",
    )
    assert [notifier.name for notifier in configured(both)] == ["webhook", "mail"]
    with pytest.raises(ConfigurationError, match="smtp_host and smtp_from"):
        configured(Configuration(alert_mail_to=["kim@example.com"]))
