"""The knowledge of a pack: imports documents, and answers questions out of them in a few spoken sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from voicebot.knowledge.certainty import ACCEPT
from voicebot.knowledge.lexical import Bm25
from voicebot.knowledge.passage import Passage, Source, passages
from voicebot.knowledge.reading import read_bytes, read_sections
from voicebot.knowledge.search import Finding, Search, embedded_text
from voicebot.knowledge.sentences import sentences, speakable
from voicebot.knowledge.store import KnowledgeStore, content_key
from voicebot.nlu.encoder import Encoder

SENTENCES_AT_ONCE = 2

LONGEST_SAID: dict[str, int] = {"ko": 90, "en": 180}
"""Characters of two sentences said at once, some 12 seconds of speech; a longer second sentence waits for `more`."""

MOST_FOLLOWING = 8
"""Sentences beyond the first that are offered: who wants to know all of a document will not listen to it."""

Progress = Callable[[int, int], None]
"""Told how many of how many passages are embedded."""


@dataclass(frozen=True)
class Answer:
    """What to say to a question."""

    text: str
    """One or two sentences, in the words of the document."""
    more: tuple[str, ...]
    """What follows, in pieces of one or two sentences: for a caller who wants to know more."""
    source: Source
    score: float
    """The probability that it is the right answer, 0 to 1."""
    sure: bool
    """Whether to give it as the answer; otherwise say that nothing certain is known."""
    titles: tuple[str, ...] = ()
    """The headings above it: what it is about."""


@dataclass(frozen=True)
class Imported:
    """What became of one document."""

    name: str
    passages: int
    changed: bool
    """False where exactly this had been imported before."""


class KnowledgeBase:
    """Answers out of one pack's documents in one language. Blocking: some 20 ms an answer. Safe to share."""

    def __init__(self, store: KnowledgeStore, pack: str, language: str, encoder: Encoder | None = None) -> None:
        """Reads what is in `store` now. Passages that `encoder` has not embedded at import are embedded here.

        Raises KnowledgeError for a damaged store.
        """
        self._language = language
        found = store.passages(pack, language)
        embeddings = None
        if encoder is not None and found:
            embed(store, encoder, found)
            texts = [embedded_text(passage) for passage in found]
            known = store.known(encoder.name, texts)
            embeddings = np.stack([known[text] for text in texts])
        self._search = Search(found, encoder if embeddings is not None else None, embeddings)

    def __len__(self) -> int:
        """How many passages there are."""
        return len(self._search.passages)

    def search(self, question: str, most: int = 3) -> Finding:
        """The topics that fit a question best."""
        return self._search(question, most)

    def answer(self, question: str) -> Answer | None:
        """The answer to a question; None where nothing at all resembles it."""
        finding = self._search(question, 1)
        if not finding.found:
            return None
        best = finding.found[0]
        said = list(self._spoken(best.index, question))
        if not said:
            return None
        pieces = _pieces(said, self._language)
        return Answer(
            text=pieces[0],
            more=tuple(pieces[1:]),
            source=best.passage.source,
            score=finding.certainty,
            sure=finding.certainty >= ACCEPT,
            titles=best.passage.titles,
        )

    def _spoken(self, index: int, question: str) -> Iterator[str]:
        """Sentences fit for speech, from the one that answers on through the rest of its section."""
        every = self._search.passages
        first = every[index]
        here = [spoken for sentence in sentences(first.text) if (spoken := speakable(sentence, self._language))]
        # An FAQ entry answers from its beginning; in a document, the sentence that shares most with the question does.
        start = 0 if first.question or len(here) < 2 else int(Bm25([[text] for text in here])(question)[0].argmax())
        said = here[start:]
        for following in every[index + 1 :]:
            if len(said) > MOST_FOLLOWING or not _goes_on(first, following):
                break
            said += [text for sentence in sentences(following.text) if (text := speakable(sentence, self._language))]
        yield from said[: MOST_FOLLOWING + 1]


def _goes_on(first: Passage, following: Passage) -> bool:
    same = (first.titles, first.question, first.source.document, first.source.row)
    return same == (following.titles, following.question, following.source.document, following.source.row)


def _pieces(said: Sequence[str], language: str) -> list[str]:
    """Sentences put together for saying at once."""
    pieces: list[str] = []
    count = 0
    for sentence in said:
        if pieces and count < SENTENCES_AT_ONCE and len(pieces[-1]) + len(sentence) < LONGEST_SAID[language]:
            pieces[-1] += f" {sentence}"
            count += 1
        else:
            pieces.append(sentence)
            count = 1
    return pieces


_EMBEDDED_AT_ONCE = 64


def embed(
    store: KnowledgeStore, encoder: Encoder, found: Sequence[Passage], progress: Progress = lambda _done, _of: None
) -> None:
    """Embed those passages that were not embedded before: 15 to 25 ms each."""
    texts = list(dict.fromkeys(embedded_text(passage) for passage in found))
    known = store.known(encoder.name, texts)
    missing = [text for text in texts if text not in known]
    for start in range(0, len(missing), _EMBEDDED_AT_ONCE):
        store.embed(encoder, missing[start : start + _EMBEDDED_AT_ONCE])
        progress(min(start + _EMBEDDED_AT_ONCE, len(missing)), len(missing))


def import_document(
    store: KnowledgeStore,
    pack: str,
    name: str,
    path: Path,
    language: str,
    *,
    encoder: Encoder | None = None,
    progress: Progress = lambda _done, _of: None,
) -> Imported:
    """Import one file as the document `name`, in place of what had that name. Raises KnowledgeError."""
    content = read_bytes(path)
    key = content_key(content, language)
    before = next((document for document in store.documents(pack) if document.name == name), None)
    if before is not None and before.content == key:
        return Imported(name, before.passages, changed=False)
    cut = [passage for section in read_sections(name, content) for passage in passages(section)]
    if encoder is not None:
        embed(store, encoder, cut, progress)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    store.replace(pack, name, language=language, content=key, imported=now, passages=cut)
    return Imported(name, len(cut), changed=True)
