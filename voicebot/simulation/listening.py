"""A model of listening at text level: what was said becomes what the dialogue hears, with the listeners' verdict.

1. **Mishearing.** `voicebot.nlu.noise` at the chosen character error rate. A number is read word by word, and each
   misheard word becomes the digit that it is most like, as with the digit grammar of the first listener; words like no
   digit are lost.
2. **Judgement.** A sentence of the domain that comes through as it is, is accepted. Everything else is judged by the
   bot's own measure (`voicebot.asr.second_listener_verification`): the nearest sentence of the domain in jamo, its
   lead over the nearest of another meaning, the probability fitted from those on speech, and its two thresholds. So a
   misheard sentence snaps to its neighbour, is put to the caller, or is rejected as it is in a call.
3. **What is no sentence of the domain** the first listener forces onto one and accepts in 1.4 % of cases
   (`voicebot.asr.verification.Thresholds`, benchmarks/asr_verification.py, speakers held out). Else the second
   listener reads it as it is; without one it is rejected.

Where the rates come from: Whisper base hears Korean over 8 kHz mu-law at a CER of 0.13 and English at 0.02
(benchmarks/RESULTS.md), the small Korean Vosk model, free, at about 0.6, which is why it is bound to the domain. So 0.1
to 0.2 is everyday telephone speech, and 0.3 a bad line.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from voicebot.asr.domain_graph import DIGIT_WORDS, key_of
from voicebot.asr.port import Domain
from voicebot.asr.second_listener_verification import SURE_WORDS, THRESHOLDS, probability
from voicebot.asr.verification import verdict_of
from voicebot.dialogue.domains import PackDomains
from voicebot.dialogue.events import Heard
from voicebot.dialogue.pack import Pack
from voicebot.nlu.noise import misrecognise
from voicebot.simulation.wording import Said

FORCED = 0.014
"""Share of utterances outside the domain that the first listener accepts as one of its sentences."""
LIKE_A_DIGIT = 0.5
"""Similarity in jamo or letters from which a misheard word is taken for a digit."""
_CLEAN_ACCEPT, _CLEAN_CONFIRM = 0.85, 0.5
"""Share of a number's words that were digits as they stood, from which it is accepted and put to the caller."""
NAME = "simulated"
"""Of the listener, in what is heard."""
_RIVALS = 400
"""So many of the nearest sentences are looked through for one of another meaning."""
_CLEAR = -0.3
"""Mean log-probability of Whisper's tokens for clear speech (`voicebot.asr.whisper.Reading`); falls with the CER."""


@dataclass(frozen=True)
class _Expected:
    """A domain, made ready to be compared with what was heard."""

    keys: tuple[str, ...]
    texts: tuple[str, ...]
    meanings: tuple[str, ...]
    known: frozenset[str]
    digits: tuple[int, ...]

    @classmethod
    def of(cls, domain: Domain) -> _Expected:
        keys = tuple(key_of(sentence.text) for sentence in domain.sentences)
        texts, meanings = zip(*((sentence.text, sentence.meaning) for sentence in domain.sentences), strict=True)
        return cls(keys, texts, meanings, frozenset(keys), domain.digits)

    def nearest(self, text: str) -> tuple[str, float, float]:
        """The sentence most like `text`, how like it is, and its lead over those of another meaning."""
        scores = process.cdist([key_of(text)], self.keys, scorer=Levenshtein.normalized_similarity)[0]
        best = int(scores.argmax())
        rival = max(
            (scores[n] for n in scores.argsort()[::-1][:_RIVALS] if self.meanings[n] != self.meanings[best]),
            default=0.0,
        )
        return self.texts[best], float(scores[best]), float(scores[best] - rival)


class ModelledListeners:
    """Hears what callers say, as far as the listeners of a call would."""

    def __init__(self, pack: Pack, cer: float, *, second: bool = True) -> None:
        """`cer`: character error rate, 0 to 1; `second`: whether there is a second listener."""
        self._domains = PackDomains(pack)
        self._cer, self._second = cer, second
        self._expected: dict[tuple[str, str], tuple[_Expected, _Expected]] = {}

    def hear(self, said: Said, domain: str, language: str, chance: random.Random) -> Heard:
        """What becomes of `said` where `domain` is expected (the name in a Listen action)."""
        expected, everything = self._compiled(domain, language)
        text, digits, clean = self._misheard(said, language, chance)
        if digits and len(digits) in expected.digits:
            verdict = "accept" if clean >= _CLEAN_ACCEPT else "confirm" if clean >= _CLEAN_CONFIRM else "reject"
            return Heard(digits, verdict, clean, listener=NAME)
        if not text:
            return Heard("", "reject", 0.0, listener=NAME)
        if key_of(text) in expected.known:
            return Heard(text, "accept", 1.0, listener=NAME)
        sentence, similarity, lead = everything.nearest(text)
        score = probability(similarity, lead)
        verdict = verdict_of(score, THRESHOLDS).value
        if verdict != "reject":
            return Heard(sentence, verdict, score, listener=NAME)
        if chance.random() < FORCED:
            return Heard(sentence, "accept", 0.6, listener=NAME)
        read = self._second and math.exp(_CLEAR - self._cer) >= SURE_WORDS
        return Heard(text, "confirm" if read else "reject", score, listener=NAME)

    def _compiled(self, domain: str, language: str) -> tuple[_Expected, _Expected]:
        """What is expected, and that or whatever else may be said."""
        if (domain, language) not in self._expected:
            found = self._domains.domain(domain, language)
            expected = _Expected.of(found)
            self._expected[domain, language] = expected, _Expected.of(found.beyond) if found.beyond else expected
        return self._expected[domain, language]

    def _misheard(self, said: Said, language: str, chance: random.Random) -> tuple[str, str, float]:
        """The text as heard, the digits in it, and the share of their words that came through as digits."""
        if not said.digits:
            return misrecognise(said.text, self._cer, chance), "", 1.0
        before, _, behind = said.text.partition(said.digits)
        words = said.digits.split() if language == "en" else list(said.digits.replace(" ", ""))
        digits, clean = "", 0
        for word in words:
            for piece in _pieces(misrecognise(word, self._cer, chance), language):
                digit, exact = _digit(piece, language)
                digits += digit
                clean += exact
        text = " ".join(
            f"{misrecognise(before, self._cer, chance)} {digits}{misrecognise(behind, self._cer, chance)}".split()
        )
        return text, digits, clean / max(1, len(words))


def _pieces(heard: str, language: str) -> list[str]:
    return heard.split() if language == "en" else list(heard.replace(" ", ""))


@lru_cache(maxsize=4096)
def _digit(word: str, language: str) -> tuple[str, bool]:
    """The digit that a word is most like, and whether it is that very word."""
    names = DIGIT_WORDS[language]
    if word in names:
        return names[word], True
    key = key_of(word)
    best = max(names, key=lambda name: Levenshtein.normalized_similarity(key, key_of(name)))
    alike = Levenshtein.normalized_similarity(key, key_of(best))
    return (names[best], False) if alike >= LIKE_A_DIGIT else ("", False)
