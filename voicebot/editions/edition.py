"""An edition: a version of the pack, opened; and how editions are opened beside running calls."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from voicebot.backends.declared import FILE
from voicebot.backends.port import Backend
from voicebot.config import Configuration
from voicebot.dialogue.domains import PackDomains
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.knowing import WithKnowledge
from voicebot.dialogue.pack import Pack
from voicebot.editions.packs import version_of, version_pack
from voicebot.knowledge.base import KnowledgeBase
from voicebot.loading import open_answers, open_dialogue, open_pack, warm
from voicebot.nlu.encoder import Encoder
from voicebot.store.versions.registry import Versions


@dataclass(frozen=True)
class Edition:
    """What a version brings to a call. Calls share it; it never changes."""

    version: str | None
    """The version's id; None: the content as installed."""
    pack: Pack
    dialogue: Dialogue
    domains: PackDomains
    backend: Backend
    knowledge: Mapping[str, KnowledgeBase]
    """The pack's documents by language."""

    def bridge(self, reply: str, language: str, number: int) -> str:
        """A few words that bridge a silence of the bot's own; see `Conversation.bridge`."""
        variants = self.pack.languages[language].replies[reply]
        return variants[number % len(variants)].render({}, language)


class Opening:
    """Opens editions. Blocking, on one thread at a time."""

    def __init__(
        self,
        configuration: Configuration,
        versions: Versions,
        encoder: Encoder | None,
        *,
        today: Callable[[], date],
        measured: Callable[[Backend], Backend] = lambda backend: backend,
    ) -> None:
        """`measured` puts a measure around back ends."""
        self._configuration, self._versions, self._encoder = configuration, versions, encoder
        self._today, self._measured = today, measured
        self._answers: dict[tuple[str, str, bool], tuple[Backend, Mapping[str, KnowledgeBase]]] = {}

    def open(self, version: str | None, encoder: Encoder | None = None) -> Edition:
        """The edition of a version, or of the content as installed. Raises VoicebotError; and whatever else a version
        that is damaged, or too new for this program, makes happen."""
        if version is None:
            return self.of(open_pack(self._configuration), encoder=encoder)
        return self.of(version_pack(self._versions.folder(version), version), encoder=encoder)

    def of(
        self,
        pack: Pack,
        *,
        dialogue: Dialogue | None = None,
        encoder: Encoder | None = None,
    ) -> Edition:
        """The edition of a pack that is read already. `dialogue`: one that was made of it."""
        if dialogue is None:
            dialogue = open_dialogue(pack, self._configuration.var, encoder)
            warm(pack, dialogue)
        backend, bases = self._answered(pack)
        return Edition(version_of(pack), pack, dialogue, PackDomains(pack), backend, bases)

    def learnt(self, edition: Edition, encoder: Encoder) -> Edition:
        """The same one, its understanding trained on embeddings too."""
        return replace(edition, dialogue=open_dialogue(edition.pack, self._configuration.var, encoder))

    def _answered(self, pack: Pack) -> tuple[Backend, Mapping[str, KnowledgeBase]]:
        """Versions that declare the same back end share it, with its connections and what it was told."""
        declaration = pack.folder / FILE
        raw = declaration.read_bytes() if declaration.is_file() else b""
        key = pack.backend, hashlib.sha256(raw).hexdigest(), pack.knowledge
        if key not in self._answers:
            answers = open_answers(pack, self._configuration, self._encoder, today=self._today)
            bases = answers.bases if isinstance(answers, WithKnowledge) else {}
            self._answers[key] = self._measured(answers), bases
        return self._answers[key]
