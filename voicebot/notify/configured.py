"""The ways of telling people that are configured."""

from __future__ import annotations

from voicebot.config import Configuration, ConfigurationError
from voicebot.notify.mail import Mail, SmtpServer
from voicebot.notify.port import Notifier
from voicebot.notify.webhook import Webhook


def configured(configuration: Configuration) -> tuple[Notifier, ...]:
    """None, one or both. Raises ConfigurationError where something needed for one is missing."""
    found: list[Notifier] = []
    if configuration.alert_webhook:
        found.append(Webhook(configuration.alert_webhook, configuration.alert_webhook_secret.get_secret_value()))
    if configuration.alert_mail_to:
        server = smtp_server(configuration)
        if server is None:
            raise ConfigurationError("alert_mail_to needs smtp_host and smtp_from too; set them, or leave it empty.")
        found.append(Mail(server, configuration.smtp_from, configuration.alert_mail_to))
    return tuple(found)


def smtp_server(configuration: Configuration) -> SmtpServer | None:
    """Where e-mail is handed in; None where that is not configured."""
    if not configuration.smtp_host or not configuration.smtp_from:
        return None
    return SmtpServer(
        configuration.smtp_host,
        configuration.smtp_port,
        configuration.smtp_tls,
        configuration.smtp_user,
        configuration.smtp_password.get_secret_value(),
    )
