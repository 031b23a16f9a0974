"""What a service is made of, opened from the configuration: content, dialogue, answers, the history, the encoder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import structlog

from voicebot.asr.port import Domain
from voicebot.asr.vosk_listener import VoskRecogniser
from voicebot.backends.port import Backend
from voicebot.backends.registry import open_backend
from voicebot.config import Configuration, ConfigurationError
from voicebot.dialogue.domains import PackDomains
from voicebot.dialogue.engine import Dialogue
from voicebot.dialogue.knowing import WithKnowledge
from voicebot.dialogue.pack import LanguagePack, Pack, load_pack
from voicebot.dialogue.understander import PackUnderstander
from voicebot.errors import VoicebotError
from voicebot.knowledge.base import KnowledgeBase
from voicebot.knowledge.store import KnowledgeStore
from voicebot.nlu.encoder import Encoder, load_encoder
from voicebot.nlu.sentiment import words_feeling
from voicebot.store.history.database import open_database
from voicebot.store.history.keeping import Ages, CallHistory
from voicebot.store.history.preparing import Preparation
from voicebot.store.sealing import Sealer

_log = structlog.get_logger()

_ANY_DAY = "2026-01-01"


def content_folder(configuration: Configuration) -> Path:
    """The folder with the packs: configured, else `prompts` here, else the one that came with the installation."""
    if configuration.content is not None:
        return configuration.content
    here = Path("prompts")
    if here.is_dir():
        return here
    for folder in (Path(__file__).parent / "prompts", Path(__file__).parents[1] / "prompts"):
        if folder.is_dir():
            return folder
    raise ConfigurationError("no folder with packs was found; name one with the setting content (VOICEBOT_CONTENT).")


def open_pack(configuration: Configuration) -> Pack:
    """The configured pack; a path to a folder counts as one too. Raises ContentError and ConfigurationError."""
    named = Path(configuration.pack)
    if len(named.parts) > 1:
        return load_pack(named.parent, named.name)
    return load_pack(content_folder(configuration), configuration.pack)


def open_answers(
    pack: Pack, configuration: Configuration, encoder: Encoder | None, today: Callable[[], date] = date.today
) -> Backend:
    """Where the pack's answers come from: its back end and, where it uses that, the knowledge base."""
    backend = open_backend(pack.backend, pack.folder, today=today)
    if not pack.knowledge:
        return backend
    store = KnowledgeStore(configuration.var)
    bases = {language: KnowledgeBase(store, pack.name, language, encoder) for language in pack.languages}
    return WithKnowledge(backend, bases)


def open_sealer(configuration: Configuration) -> Sealer | None:
    """What encrypts sound and stored calls; None where no key is configured. Raises SealError for one too short."""
    before = [key.get_secret_value() for key in configuration.audio_keys_before]
    key = configuration.audio_key.get_secret_value()
    return Sealer(key, before) if key else None


def open_dialogue(pack: Pack, var: Path, encoder: Encoder | None = None) -> Dialogue:
    """The pack's dialogue. Its understanding is that of the models beside the content, where they fit it, and else
    trained here: in a second on n-grams alone, with an encoder in 15 ms more a sentence that `var` has no embedding of.

    A version with a fine-tuned encoder uses that in place of `encoder`.
    """
    from voicebot.trained import Lesson, find_trained

    trained = find_trained(pack)
    if encoder is not None and trained is not None:
        encoder = trained.encoder() or encoder

    def understander(words: LanguagePack) -> PackUnderstander:
        lesson = Lesson.of(words)
        model = trained.intents(words.language, lesson, encoder) if trained else None
        return PackUnderstander(pack, words.language, model or lesson.train(encoder, var / "embeddings"))

    return Dialogue(pack, {language: understander(words) for language, words in pack.languages.items()})


@dataclass(frozen=True)
class Preloaded:
    """What processes share that are forked from the one that loaded it: data and models, no thread and no socket."""

    pack: Pack
    dialogue: Dialogue
    """Trained on n-grams alone."""
    first: VoskRecogniser | None
    """None where its model is not installed, or can't be loaded: that comes up again when the service loads."""


def open_history(configuration: Configuration, pseudonym: Callable[[str], str]) -> CallHistory:
    """Connects to nothing yet. Raises DatabaseError for a URL that can't be used."""
    database = open_database(configuration.database_url.get_secret_value(), configuration.var)
    prepare = Preparation(pseudonym, configuration.keep_words)
    ages = Ages(configuration.transcript_days, configuration.history_days, configuration.audit_days)
    return CallHistory(database, configuration.var / "spool", prepare, ages)


def warm(pack: Pack, dialogue: Dialogue) -> None:
    """What is only loaded when first used is used here, so that no caller waits for it."""
    for language in pack.languages:
        dialogue.understander(language).entities("1", list(pack.slots), _ANY_DAY)
        words_feeling("", language)


def first_domains(pack: Pack, configuration: Configuration) -> Iterator[Domain]:
    """What the first questions of a call expect."""
    domains = PackDomains(pack)
    for name in ("open", "yes_no"):
        yield domains.domain(name, configuration.language)


def open_encoder(configuration: Configuration) -> Encoder | None:
    """What understands by meaning. Where it is damaged, n-grams do: no reason to take no calls."""
    if not configuration.encoder:
        return None
    try:
        return load_encoder(configuration.encoder)
    except VoicebotError:
        raise  # the configuration names what is not installed
    except Exception as error:
        _log.error("the encoder can't be loaded", encoder=configuration.encoder, error=type(error).__name__)
        return None
