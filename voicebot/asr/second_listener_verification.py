"""How far to believe the second listener: its text against what was expected, and against what it is known to make up.

Pure functions: a transcription and a domain in, a recognition out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from voicebot.asr.domain_graph import key_of
from voicebot.asr.port import Candidate, Domain, Recognition, Verdict
from voicebot.asr.spoken_forms import digits_of, spoken_forms
from voicebot.asr.verification import Thresholds, verdict_of
from voicebot.asr.whisper import Reading, Transcription

PHANTOMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ko": (
            "시청해주셔서 감사합니다",
            "시청해 주셔서 고맙습니다",
            "끝까지 시청해주셔서 감사합니다",
            "영상 봐주셔서 감사합니다",
            "구독과 좋아요 부탁드립니다",
            "구독 좋아요 알림 설정",
            "다음 영상에서 만나요",
            "다음 시간에 만나요",
            "한글자막 by",
            "자막 제공",
            "자막뉴스",
        ),
        "en": (
            "thank you for watching",
            "thanks for watching",
            "please subscribe",
            "like and subscribe",
            "see you in the next video",
            "subtitles by the amara org community",
        ),
    }
)
"""What Whisper says into music, noise and silence because the films it learnt from ended so. Callers never do."""

POLITE_PHANTOMS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "ko": frozenset(
            {"감사합니다", "고맙습니다", "고마워요", "감사해요", "한번더", "안녕", "아", "어", "오", "이", "bgm"}
        ),
        "en": frozenset(
            {"you", "thankyou", "thanks", "thankyouverymuch", "bye", "byebye", "oh", "imsorry", "im", "beep"}
        ),
    }
)
"""The same, but callers do say them: believed only where the sound was clearly speech. Without spaces."""

_NEWS = re.compile(r"^(?:mbc|kbs|sbs|ytn|jtbc)(?:뉴스)?(?:[가-힣]{2,4}(?:입니다|이었습니다)?)?$")
_REPEATED = re.compile(r"(.{1,12}?)\1{4,}")

_LIKELY_NOBODY = 0.3
_LIKELY_NO_LANGUAGE = 0.7
"""Nobody spoke where the first is exceeded and the second not reached. Both together part all the noise, tones, clicks
and music of benchmarks/second_listener.py from all its speech; either alone doesn't: a short 네 is in no certain
language, spelt letters look like no speech."""

_CLEAR_SPEECH = 0.2
_OTHER_LANGUAGE = 0.95
"""Probability from which the caller is taken to speak the other language, where the sound clearly is speech."""

_SHOWN = 5
_READINGS = 3
"""Hypotheses that are compared with the domain. More find no more right sentences, and more wrong ones."""

# Logistic regression of `the nearest sentence is what was said`, fitted by `benchmarks/second_listener.py fit` on
# 2026-11-22: AUC 0.990. The probability of the words adds nothing to it.
_BIAS = -8.1
_SIMILARITY = 10.1
_MARGIN = 6.7

THRESHOLDS = Thresholds(accept=0.7, confirm=0.45)
"""On that score. By 8-fold cross-validation 0.6 % of wrong sentences are accepted and 3.1 % confirmed."""


@dataclass(frozen=True)
class Match:
    """The reading that is most like a sentence of the domain."""

    candidates: tuple[Candidate, ...]
    """The nearest sentences, best first; their scores are 1 less the edit distance by length."""
    margin: float
    """By how much the best is nearer than any sentence of another meaning."""
    reading: Reading


def wanted_language(domain: Domain, among: Mapping[str, float], known: float) -> str:
    """In which language to decode: the domain's, or the other where the caller clearly speaks that."""
    other = max(among, key=lambda language: among[language])
    certain = among[other] >= _OTHER_LANGUAGE and known >= _LIKELY_NO_LANGUAGE
    return other if certain or domain.language not in among else domain.language


def nobody_spoke(heard: Transcription) -> bool:
    """Whether it was silence, noise, tones or music."""
    return heard.no_speech >= _LIKELY_NOBODY and heard.known_language < _LIKELY_NO_LANGUAGE


def is_phantom(text: str, language: str, *, clear_speech: bool) -> bool:
    """Whether `text` is one of those that Whisper makes up, or runs in a circle.

    With `clear_speech` politeness that callers use, too, is none.
    """
    key = _plain(text)
    if not key:
        return True
    if any(_plain(phantom) in key for phantom in PHANTOMS.get(language, ())) or _NEWS.match(key):
        return True
    if not clear_speech and key in POLITE_PHANTOMS.get(language, frozenset()):
        return True
    circle = _REPEATED.search(key)
    return circle is not None and not circle[1].isdigit() and 2 * len(circle[0]) > len(key)


def judge(heard: Transcription, domain: Domain, listener: str, thresholds: Thresholds = THRESHOLDS) -> Recognition:
    """The recognition that a transcription amounts to in a domain."""
    best = heard.readings[0] if heard.readings else Reading("", -math.inf)
    evidence = {
        "seconds": heard.seconds,
        "window": heard.window,
        "no_speech": heard.no_speech,
        "known_language": heard.known_language,
        "language_probability": heard.language_probability,
        "log_probability": max(best.log_probability, -99.0),
    }
    nothing = Recognition(
        text="",
        hypothesis=best.text,
        verdict=Verdict.REJECT,
        score=0.0,
        listener=listener,
        language=heard.language,
        evidence=evidence,
        cpu_seconds=heard.cpu_seconds,
    )
    clear = heard.no_speech < _CLEAR_SPEECH
    if nobody_spoke(heard):
        return nothing
    if is_phantom(best.text, heard.language, clear_speech=clear) and not (clear and key_of(best.text) in _keys(domain)):
        return nothing
    if domain.digits and (digits := _digits_that_fit(heard, domain)):
        score = math.exp(best.log_probability / 4)
        return replace(
            nothing,
            text=digits,
            verdict=_at_least(Verdict.CONFIRM, verdict_of(score, thresholds)),
            score=score,
            candidates=(Candidate(digits, "digits", score),),
            evidence=evidence | {"digits": float(len(digits))},
        )
    match = nearest(heard, domain)
    if match is not None:
        similarity, lead = match.candidates[0].score, match.margin
        score = probability(similarity, lead)
        evidence |= {"similarity": similarity, "margin": lead}
        verdict = verdict_of(score, thresholds)
        if verdict is not Verdict.REJECT and (not domain.open_question or verdict is Verdict.ACCEPT):
            return replace(
                nothing,
                text=match.candidates[0].text,
                hypothesis=match.reading.text,
                verdict=verdict,
                score=score,
                candidates=match.candidates,
                evidence=evidence,
            )
        nothing = replace(nothing, text=best.text, score=score, candidates=match.candidates, evidence=evidence)
    words = math.exp(best.log_probability)
    sure = clear and heard.language == domain.language and words >= SURE_WORDS
    if domain.open_question:
        return replace(
            nothing, text=best.text, score=words, verdict=Verdict.ACCEPT if sure else Verdict.CONFIRM, evidence=evidence
        )
    # Other words than were written down for the domain may mean the same: the understanding looks at them, and the
    # caller is asked before anything follows from them.
    understood = sure and match is not None and not digits_of(best.text, heard.language)
    return replace(nothing, text=best.text, verdict=Verdict.CONFIRM if understood else Verdict.REJECT)


SURE_WORDS = 0.5
"""Geometric mean of the words' probabilities from which a reading that is like no sentence may be understood."""


def nearest(heard: Transcription, domain: Domain) -> Match | None:
    """The domain's sentences most like any of the readings, in jamo or letters; None for a domain without any."""
    if not domain.sentences or not heard.readings:
        return None
    keys = _keys(domain)
    compared = [
        (reading, key) for reading in heard.readings[:_READINGS] for key in _spoken_keys(reading, heard.language)
    ]
    scores = process.cdist([key for _, key in compared], keys, scorer=Levenshtein.normalized_similarity)
    row = int(np.argmax(scores.max(axis=1)))
    order = np.argsort(-scores[row], kind="stable")
    best = domain.sentences[order[0]].meaning
    rival = next((scores[row][index] for index in order if domain.sentences[index].meaning != best), 0.0)
    return Match(
        candidates=tuple(
            Candidate(domain.sentences[index].text, domain.sentences[index].meaning, float(scores[row][index]))
            for index in order[:_SHOWN]
        ),
        margin=float(scores[row][order[0]] - rival),
        reading=compared[row][0],
    )


def _spoken_keys(reading: Reading, language: str) -> list[str]:
    return [key_of(spoken) for spoken in spoken_forms(reading.text, language)]


def _digits_that_fit(heard: Transcription, domain: Domain) -> str:
    for reading in heard.readings[:_READINGS]:
        digits = digits_of(reading.text, heard.language)
        if len(digits) in domain.digits:
            return digits
    return ""


def probability(similarity: float, lead: float) -> float:
    """That the nearest sentence is what was said, from how like it the reading is, and its lead over others."""
    return 1.0 / (1.0 + math.exp(-(_BIAS + _SIMILARITY * similarity + _MARGIN * lead)))


def _at_least(least: Verdict, verdict: Verdict) -> Verdict:
    return least if verdict is Verdict.REJECT else verdict


def _plain(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


@lru_cache(maxsize=64)
def _keys(domain: Domain) -> tuple[str, ...]:
    return tuple(key_of(sentence.text) for sentence in domain.sentences)
