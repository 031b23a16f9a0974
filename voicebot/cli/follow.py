"""Shows conversations in the terminal as they happen."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from voicebot.store.journal import Entry, Follower


def follower(console: Console) -> Follower:
    """Prints each turn: who, what, by which listener and how surely, what was decided, how long the caller waited."""

    def show(call_id: str, entry: Entry) -> None:
        line = Text()
        line.append(f"{entry.at_ms / 1000:7.2f} s  ", style="dim")
        if entry.who == "call":
            line.append(f"call {call_id[:10]} ends: {_outcome(entry)}", style="bold")
        elif entry.who == "bot":
            line.append("bot     ", style="bold cyan")
            line.append(entry.text)
            if entry.wait_ms is not None:
                line.append(f"  [waited {entry.wait_ms} ms]", style="dim")
        else:
            line.append("caller  ", style="bold green")
            line.append(entry.text or "(nothing understood)")
            line.append(f"  [{_certainty(entry)}]", style="dim")
        console.print(line, soft_wrap=True)

    return show


def _certainty(entry: Entry) -> str:
    parts = [entry.listener]
    if entry.score is not None:
        parts.append(f"{entry.verdict} {entry.score:.2f}")
    if entry.intent:
        parts.append(f"intent {entry.intent}" + (f" {entry.intent_score:.2f}" if entry.intent_score else ""))
    if entry.decision:
        parts.append(f"-> {entry.decision}")
    return ", ".join(part for part in parts if part)


def _outcome(entry: Entry) -> str:
    facts = entry.facts
    return " ".join(str(facts[name]) for name in ("kind", "reason", "queue") if facts.get(name))
