"""Tells a call as it happens: who said what, what was understood, how long the caller waited."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from telephony.phone.phone import CallEvent
from telephony.phone.result import CallResult
from telephony.phone.turn_log import Turn

_EVENTS = {
    "answered": ("[green]line[/]", "answered"),
    "stream": ("[green]line[/]", "stream open: {}"),
    "stream_end": ("[green]line[/]", "stream closed"),
    "caller": ("[cyan]caller[/]", "plays {}"),
    "keys": ("[cyan]caller[/]", "presses {}"),
    "clear": ("[magenta]bot[/]", "breaks off"),
    "say": ("[magenta]twilio[/]", "says: {}"),
    "dial": ("[green]line[/]", "dials {}"),
    "queue": ("[green]line[/]", "waits in queue {}"),
    "bridged": ("[green]line[/]", "talks to {}"),
    "warning": ("[yellow]warning[/]", "{}"),
    "ended": ("[green]line[/]", "ended: {}"),
}

_MARKS = {"done": "[green]ok[/]", "failed": "[red]FAILED[/]", "unchecked": "[yellow]UNCHECKED[/]"}


@dataclass
class Telling:
    """Prints on a console, and keeps what it printed for the transcript."""

    console: Console | None
    """None: nothing is printed."""
    lines: list[str] = field(default_factory=list)
    """Everything so far, without colours."""

    def event(self, event: CallEvent) -> None:
        """Something happened on the line."""
        if event.kind in _EVENTS:
            who, text = _EVENTS[event.kind]
            self._print(event.at_ms, who, text.format(escape(event.detail)))

    def turn(self, turn: Turn) -> None:
        """The service logged a turn."""
        who = "[bold cyan]heard[/]" if turn.who == "caller" else "[bold magenta]bot[/]"
        facts = [
            turn.listener,
            None if turn.score is None else f"certainty {turn.score:.2f}",
            turn.verdict,
            turn.intent and f"intent {turn.intent}",
            turn.decision,
            None if turn.wait_ms is None else f"waited {turn.wait_ms:.0f} ms",
        ]
        known = ", ".join(escape(fact) for fact in facts if fact)
        self._print(turn.at_ms, who, f"{escape(turn.text)}" + (f"  [dim]({known})[/]" if known else ""))

    def result(self, result: CallResult) -> None:
        """How it came out."""
        for step in result.steps:
            if step.outcome != "done" or step.step.startswith("expect"):
                detail = f": {escape(step.detail)}" if step.detail else ""
                self._say(f"{_MARKS[step.outcome]} step {step.number}, {escape(step.step)}{detail}")
        if result.measures:
            self._measures(result)
        if result.failure:
            self._say(f"[red]the call broke:[/] {escape(result.failure)}")
        verdict = "[bold green]goal reached[/]" if result.passed else "[bold red]goal not reached[/]"
        self._say(f"{verdict} after {result.duration_ms / 1000:.1f} s, ended by the {result.ended_by}")

    def _measures(self, result: CallResult) -> None:
        table = Table("caller", "at s", "answer after ms", "silent after ms", "clear after ms", box=None)
        for measure in result.measures:
            numbers = (measure.response_ms, measure.silence_ms, measure.clear_ms)
            cells = ("-" if number is None else f"{number:.0f}" for number in numbers)
            table.add_row(escape(measure.label), f"{measure.onset_ms / 1000:.1f}", *cells)
            waited = "no answer" if measure.response_ms is None else f"answer after {measure.response_ms:.0f} ms"
            self.lines.append(f"{measure.label}: {waited}")
        if self.console is not None:
            self.console.print(table)

    def _print(self, at_ms: float | None, who: str, text: str) -> None:
        clock = "       " if at_ms is None else f"{at_ms / 1000:6.1f}s"
        padding = " " * max(0, 8 - len(_bare(who)))
        self._say(f"[dim]{clock}[/] {who}{padding} {text}")

    def _say(self, text: str) -> None:
        self.lines.append(_bare(text))
        if self.console is not None:
            self.console.print(text, soft_wrap=True, highlight=False)


def _bare(markup: str) -> str:
    from rich.text import Text

    return Text.from_markup(markup).plain
