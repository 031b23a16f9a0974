"""What failure mining found, and the suggestions drawn from it."""

from __future__ import annotations

from voicebot.store.mining.suggestions import Draft, Source, Suggestion, Suggestions

__all__ = ["Draft", "Source", "Suggestion", "Suggestions"]
