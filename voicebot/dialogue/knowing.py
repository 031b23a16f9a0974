"""The knowledge base beside a pack's back end: one more operation, for questions that no intent covers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from voicebot.backends.port import Backend
from voicebot.dialogue.flows import KNOWLEDGE
from voicebot.knowledge.base import KnowledgeBase


class WithKnowledge:
    """Implements `Backend`: answers `knowledge.search(question, language)` itself, and passes on everything else."""

    def __init__(self, backend: Backend, bases: Mapping[str, KnowledgeBase]) -> None:
        """`bases` by language."""
        self._backend, self.bases = backend, bases

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """See `Backend`."""
        if operation != KNOWLEDGE:
            return self._backend.call(operation, arguments)
        base = self.bases.get(str(arguments["language"]))
        answer = base.answer(str(arguments["question"])) if base else None
        if answer is None:
            return None
        return {
            "text": answer.text,
            "more": list(answer.more),
            "sure": answer.sure,
            "score": round(answer.score, 3),
            "source": asdict(answer.source),
        }
