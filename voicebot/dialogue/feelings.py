"""How the caller feels, and what that changes: an apology, a person offered earlier, gladness shared."""

from __future__ import annotations

from voicebot.dialogue.draft import Draft


def before(draft: Draft, event: object) -> None:
    pass


def after(draft: Draft) -> None:
    pass
