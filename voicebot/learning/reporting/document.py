"""A report as a document: one HTML file that needs nothing else, and the same as PDF."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from importlib.resources import files
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from voicebot.analytics.leaving import REASONS
from voicebot.dialogue.pack import Pack
from voicebot.errors import VoicebotError
from voicebot.learning.reporting import charts
from voicebot.learning.reporting.facts import Facts
from voicebot.learning.reporting.story import tell
from voicebot.learning.reporting.words import Words


class PdfError(VoicebotError):
    """No PDF can be made here."""


_MOST_REASONS = 5
_LONGEST_WORD = 16
"""Characters: longer ones may break."""


def html(facts: Facts, pack: Pack, language: str, made: datetime, zone: ZoneInfo) -> str:
    """The report in `language`: `ko` or `en`."""
    words = Words(language, pack)
    intents = [
        charts.Bar(words.title(one.intent), one.calls, words.number(one.calls), one.calls_before or None)
        for one in facts.intents
    ]
    reasons = [
        charts.Bar(REASONS[one.reason][language], one.left, f"{words.number(one.left)} ({words.share(one.share, 0)})")
        for one in facts.reasons[:_MOST_REASONS]
    ]
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["whole"] = whole if language == "ko" else str
    template = environment.from_string((files("voicebot.learning.reporting") / "report.html").read_text("utf-8"))
    return template.render(
        language=language,
        words=words,
        story=tell(facts, words, made, zone),
        calls=facts.now["calls"],
        days=Markup(charts.days(facts, words)),
        intents=Markup(charts.bars(intents, words("by_intent"))) if intents else "",
        reasons=Markup(charts.bars(reasons, words("by_reason"), colour=charts.WARM)) if reasons else "",
    )


def whole(sentence: str) -> Markup:
    """The sentence with its words unbroken: Korean breaks between words, but without this, PDFs break it anywhere."""
    words = (
        Markup('<span class="whole">{}</span>').format(word) if len(word) <= _LONGEST_WORD else escape(word)
        for word in sentence.split(" ")
    )
    return Markup(" ").join(words)


def pdf(document: str, language: str) -> bytes:
    """An HTML report as PDF, A4, its fonts within. Nothing is fetched. Raises PdfError."""
    try:
        from weasyprint import HTML, URLFetcher
    except ImportError:
        raise PdfError("a PDF needs a package more; install it with: pip install 'voicebot[reports]'.") from None
    except OSError:
        raise PdfError(
            "a PDF needs Pango; install it with: sudo apt-get install -y libpango-1.0-0 libpangoft2-1.0-0."
        ) from None
    if language == "ko" and not _has_korean_font():
        raise PdfError("a Korean PDF needs a Korean font; install one with: sudo apt-get install -y fonts-nanum.")

    made: bytes = HTML(string=document, url_fetcher=URLFetcher(allowed_protocols=["data"])).write_pdf()
    return made


def _has_korean_font() -> bool:
    """Where the system can tell."""
    lists = shutil.which("fc-list")
    if lists is None:
        return True
    found = subprocess.run([lists, ":lang=ko", "family"], capture_output=True, text=True, check=False)
    return found.returncode != 0 or bool(found.stdout.strip())
