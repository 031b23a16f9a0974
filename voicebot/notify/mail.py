"""Notifications by e-mail, through an SMTP server."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

import structlog

from voicebot.notify.port import Notification, NotifyError

_log = structlog.get_logger(__name__)

WITHIN_S = 10.0
"""Seconds for each answer of the server."""

Tls = Literal["starttls", "tls", "none"]


@dataclass(frozen=True)
class SmtpServer:
    """Where e-mail is handed in."""

    host: str
    port: int
    tls: Tls
    """`starttls`: the connection becomes an encrypted one before anything is told (port 587); `tls`: it is one from the
    beginning (465); `none`: for a server on this machine."""
    user: str = ""
    password: str = ""
    context: ssl.SSLContext | None = None
    """By default one that trusts what this machine trusts."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a message."""

    name: str
    type: str
    """Such as `application/pdf`."""
    content: bytes


class Mail:
    """Implements `Notifier`."""

    name = "mail"

    def __init__(
        self,
        server: SmtpServer,
        sender: str,
        recipients: Sequence[str],
        within_s: float = WITHIN_S,
        attachments: Sequence[Attachment] = (),
    ) -> None:
        self._attachments = tuple(attachments)
        self._server, self._sender, self._recipients, self._within_s = server, sender, tuple(recipients), within_s

    def tell(self, notification: Notification) -> None:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = ", ".join(self._recipients)
        message["Subject"] = " ".join(notification.subject.split())
        message["Date"] = format_datetime(notification.at)
        message["Message-ID"] = f"<{notification.id}@{self._sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notification.text)
        for attached in self._attachments:
            main, _, sub = attached.type.partition("/")
            message.add_attachment(attached.content, maintype=main, subtype=sub, filename=attached.name)
        server = self._server
        try:
            with self._connected() as smtp:
                if server.tls == "starttls":
                    smtp.starttls(context=server.context or ssl.create_default_context())
                if server.user:
                    smtp.login(server.user, server.password)
                refused = smtp.send_message(message)
        except smtplib.SMTPAuthenticationError:
            raise NotifyError("the mail server refused smtp_user or smtp_password; correct them.") from None
        except ssl.SSLError as error:
            raise NotifyError(
                f"no encrypted connection to the mail server {server.host} ({error.reason}); check smtp_tls."
            ) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise NotifyError(
                f"the mail server {server.host} took no message ({type(error).__name__}); check the smtp settings."
            ) from None
        if refused:
            # The others have it: another attempt would tell them twice.
            _log.warning("the mail server refused some recipients; check their addresses", refused=len(refused))

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.tls == "tls":
            context = server.context or ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=self._within_s, context=context)
        return smtplib.SMTP(server.host, server.port, timeout=self._within_s)
