"""Making reports, keeping them, and sending them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from voicebot.config import Configuration, ConfigurationError
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.errors import VoicebotError
from voicebot.learning.reporting import document
from voicebot.learning.reporting.facts import gather
from voicebot.learning.reporting.story import tell
from voicebot.learning.reporting.week import Week
from voicebot.learning.reporting.words import Words
from voicebot.loading import content_folder, open_pack
from voicebot.notify.configured import smtp_server
from voicebot.notify.mail import Attachment, Mail
from voicebot.notify.port import Notification
from voicebot.store.history.database import Database
from voicebot.store.jobs.shelf import Reports

LANGUAGES = ("ko", "en")
TYPES: Mapping[str, str] = {"html": "text/html", "pdf": "application/pdf"}


class ReportError(VoicebotError):
    """A report that can't be made or sent."""


@dataclass(frozen=True)
class Made:
    """One document."""

    week: Week
    pack: str
    language: str
    format: str
    subject: str
    """Its title and period, in one line."""
    headline: str
    """What it tells first, in a few sentences."""
    content: bytes

    @property
    def file(self) -> str:
        """`voicebot-2026-W47-shop-ko.pdf`."""
        return f"voicebot-{self.week}-{self.pack}-{self.language}.{self.format}"


def pack_of(configuration: Configuration, name: str = "") -> Pack:
    """The configured pack, or the one called so. Raises VoicebotError."""
    configured = open_pack(configuration)
    return configured if name in ("", configured.name) else load_pack(content_folder(configuration), name)


def make(
    database: Database,
    configuration: Configuration,
    pack: Pack,
    week: Week,
    languages: Sequence[str] = LANGUAGES,
    formats: Sequence[str] = ("html", "pdf"),
    *,
    keep: bool = True,
) -> list[Made]:
    """The reports of a week, kept in the database in place of earlier ones. Raises VoicebotError."""
    zone, now = ZoneInfo(configuration.time_zone), datetime.now(UTC)
    if week.moments(zone)[0] > now:
        raise ReportError(f"the week {week} has not begun; choose an earlier one.")
    facts = gather(database, pack, week, zone)
    shelf = Reports(database)
    found = []
    for language in languages:
        page = document.html(facts, pack, language, now, zone)
        story = tell(facts, Words(language, pack), now, zone)
        for form in formats:
            content = page.encode() if form == "html" else document.pdf(page, language)
            subject = f"{story.title}, {story.period}"
            headline = f"{story.headline} {story.lead}".strip()
            found.append(Made(week, pack.name, language, form, subject, headline, content))
            if keep:
                shelf.put(str(week), pack.name, language, form, content)
    return found


def send(configuration: Configuration, reports: Sequence[Made]) -> int:
    """Mail the reports, of one week and language, to `report_mail_to`; how many people. Raises VoicebotError."""
    people = configuration.report_mail_to
    if not people or not reports:
        return 0
    server = smtp_server(configuration)
    if server is None:
        raise ConfigurationError("report_mail_to needs smtp_host and smtp_from too; set them, or leave it empty.")
    first = reports[0]
    attachments = [Attachment(report.file, TYPES[report.format], report.content) for report in reports]
    told = Notification(
        f"report-{first.week}-{first.pack}", datetime.now(UTC), first.subject, first.headline + "\n", {}
    )
    Mail(server, configuration.smtp_from, people, attachments=attachments).tell(told)
    return len(people)
