"""`voicebot alerts list|check|load|test`: rules that tell people when a figure leaves its bounds."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicebot.cli import app

if TYPE_CHECKING:
    from voicebot.config import Configuration
    from voicebot.store.history.database import Database

alerts = typer.Typer(no_args_is_help=True, help="Alert rules: list, check, load, test.")
app.add_typer(alerts, name="alerts")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@alerts.command("list")
def list_rules(as_json: AsJson = False) -> None:
    """List the rules, and which fire."""
    from voicebot.analytics.alerts.book import AlertBook
    from voicebot.analytics.alerts.wording import condition, scope

    _, database = _opened()
    rules = AlertBook(database).rules()
    if as_json:
        _json([{"id": k.id, **k.rule.model_dump(), "state": k.state, "value": k.value} for k in rules])
        return
    for kept in rules:
        rule = kept.rule
        state = kept.state if rule.enabled else "off"
        sys.stdout.write(f"{state:<7} {rule.name}: {rule.figure} {condition(rule, 'en')}, {scope(rule, 'en')}\n")
    if not rules:
        sys.stdout.write("no rules yet; `voicebot alerts load FILE` or the page /console/alerts makes some\n")


@alerts.command("check")
def check_rules(as_json: AsJson = False) -> None:
    """Tell what each rule's figure is now, without telling anybody else; exit status 1 where one is out of bounds."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from voicebot.analytics.alerts.book import AlertBook
    from voicebot.analytics.alerts.watch import check
    from voicebot.analytics.alerts.wording import condition, shown
    from voicebot.analytics.figures import Analytics

    configuration, database = _opened()
    analytics = Analytics(database, ZoneInfo(configuration.time_zone))
    found = []
    for kept in AlertBook(database).rules():
        if kept.rule.enabled:
            found.append((kept.rule, check(kept.rule, analytics, database, datetime.now(UTC))))
    if as_json:
        _json([{"name": r.name, "value": c.value, "calls": c.calls, "fires": c.fires} for r, c in found])
    else:
        for rule, checked in found:
            value = shown(rule, checked.value, "en") if checked.value is not None else f"{checked.calls} calls: too few"
            verdict = "fires" if checked.fires else "ok"
            sys.stdout.write(f"{verdict:<5} {rule.name}: {rule.figure} {value} (fires {condition(rule, 'en')})\n")
    raise typer.Exit(1 if any(checked.fires for _, checked in found) else 0)


@alerts.command("load")
def load_rules(
    file: Annotated[Path, typer.Argument(help="YAML with `rules:`; docs/monitoring.md shows one.")],
    as_json: AsJson = False,
) -> None:
    """Make the rules in FILE the rules, by their names; others are deleted."""
    from voicebot.analytics.alerts.book import AlertBook
    from voicebot.analytics.alerts.rules import read_rules
    from voicebot.store.audit import AuditTrail

    rules = read_rules(file)
    _, database = _opened()
    changed, removed = AlertBook(database).load(rules, "command line")
    AuditTrail(database).put("command line", "load alert rules", details={"changed": changed, "removed": removed})
    if as_json:
        _json({"rules": len(rules), "changed": changed, "removed": removed})
    else:
        sys.stdout.write(f"{len(rules)} rules, {changed} of them new or changed; {removed} deleted\n")


@alerts.command("test")
def tell_everybody(as_json: AsJson = False) -> None:
    """Tell everybody who is configured that this is a test; exit status 1 where somebody could not be told."""
    from datetime import UTC, datetime

    from voicebot import config
    from voicebot.notify.configured import configured
    from voicebot.notify.port import Notification, NotifyError

    configuration = config.load()
    korean = (configuration.alert_language or configuration.language) == "ko"
    subject = "[voicebot] 시험 알림" if korean else "[voicebot] Test"
    text = "알림이 잘 전달되는지 확인하는 시험입니다.\n" if korean else "This is a test of how alerts reach you.\n"
    now = datetime.now(UTC)
    notification = Notification(f"test-{round(now.timestamp())}", now, subject, text, {"state": "test"})
    results: dict[str, str] = {}
    for notifier in configured(configuration):
        try:
            notifier.tell(notification)
            results[notifier.name] = "told"
        except NotifyError as error:
            results[notifier.name] = str(error)
    if as_json:
        _json(results)
    else:
        for name, result in results.items():
            sys.stdout.write(f"{name}: {result}\n")
        if not results:
            sys.stdout.write("nobody is configured; set alert_webhook, or alert_mail_to with smtp_host and smtp_from\n")
    raise typer.Exit(0 if results and all(result == "told" for result in results.values()) else 1)


def _opened() -> tuple[Configuration, Database]:
    from voicebot import config
    from voicebot.cli.database import opened

    configuration = config.load()
    return configuration, opened(configuration)


def _json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
