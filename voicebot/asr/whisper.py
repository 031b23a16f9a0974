"""Whisper through CTranslate2: one utterance to its likeliest readings.

CTranslate2 is used directly, below faster-whisper, because that always encodes 30 s: a window of 12 s hears as well and
costs a third (benchmarks/second_listener.py).
"""

from __future__ import annotations

import importlib.util
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voicebot.asr.vocabulary import ModelError
from voicebot.asr.whisper_features import LONGEST_SECONDS, log_mel, window_seconds
from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.priority import lower_priority

LANGUAGES = ("ko", "en")

_BEAM = 5
"""Beam of 5 instead of 1: 0.02 of CER better for 0.04 s of a core."""

_LONG_SECONDS = 6.0
_BEAM_OF_LONG = 3
"""Longer utterances have more tokens to search: 0.39 instead of 0.46 s of a core for 8 s, 0.01 of CER lost on them."""

_TOKENS_AT_ONCE = 24
_TOKENS_PER_SECOND = 14
"""A bound on runaway repetition: quick Korean is about 8 syllables a second, most of them one or two tokens."""


@dataclass(frozen=True)
class Reading:
    """One hypothesis."""

    text: str
    log_probability: float
    """Mean natural logarithm of the probability of its tokens; at most 0, about -0.3 for clear speech."""


@dataclass(frozen=True)
class Transcription:
    """What Whisper makes of one utterance."""

    readings: tuple[Reading, ...]
    """Best first; empty where nothing was decoded."""
    language: str
    """In which it was decoded: `ko` or `en`."""
    language_probability: float
    """Of that language, among the languages of this bot only."""
    known_language: float
    """Probability that it is any language of this bot: above 0.75 in speech of more than a second, low in noise."""
    no_speech: float
    """The model's own probability that nobody speaks."""
    seconds: float
    """Length of the utterance."""
    window: float
    """Seconds that were encoded."""
    cpu_seconds: float


class WhisperModel:
    """A Whisper model in CTranslate2's format. May be used from any thread.

    Don't fork with it loaded: its threads stay behind. It takes 0.3 s to load and about 200 MB.
    """

    def __init__(self, path: Path, *, threads: int = 1, parallel: int = 1, niceness: int = 0) -> None:
        """Load the model in folder `path`.

        `threads` are the cores an utterance may use, `parallel` the utterances decoded at once, `niceness` what is
        added to the scheduling niceness of the model's own threads, where the system has one a thread (Linux).
        Raises ModelError for a folder without a model, or where CTranslate2 or tokenizers is not installed.
        """
        if not installed():
            raise ModelError(
                "the second listener needs ctranslate2 and tokenizers; install them with: "
                "pip install 'voicebot[whisper]'."
            )
        import ctranslate2
        import tokenizers

        self._storage = ctranslate2.StorageView.from_array
        try:
            before = _thread_ids()
            self._model: Any = ctranslate2.models.Whisper(
                str(path), compute_type="int8", inter_threads=parallel, intra_threads=threads
            )
            self._threads = _thread_ids() - before
            self._tokenizer: Any = tokenizers.Tokenizer.from_file(str(path / "tokenizer.json"))
        except Exception as error:  # both libraries raise bare RuntimeError and Exception
            raise ModelError(
                f"{path}: no Whisper model that can be used ({str(error).splitlines()[0] if str(error) else error!r}); "
                "install it again with: voicebot models install whisper-base."
            ) from None
        if not self._model.is_multilingual or self._model.n_mels != 80:
            raise ModelError(f"{path}: not a multilingual Whisper model with 80 bands; use whisper-base.")
        for thread in self._threads:
            lower_priority(niceness, thread)
        special: Callable[[str], Any] = self._tokenizer.token_to_id
        self._start: int = special("<|startoftranscript|>")
        self._end: int = special("<|endoftext|>")
        self._task = (special("<|transcribe|>"), special("<|notimestamps|>"))
        self._languages = {language: special(f"<|{language}|>") for language in LANGUAGES}

    def transcribe(
        self,
        pcm: Pcm,
        choose: Callable[[dict[str, float], float], str],
        *,
        window: float | None = None,
        beam: int | None = None,
        cancelled: threading.Event | None = None,
    ) -> Transcription | None:
        """Read one utterance of 8 kHz samples; of more than 30 s only the first 30.

        `choose` gets the probability of each language and that of it being any of them, and says in which to decode.
        `window` overrides the seconds that are encoded, `beam` the number of readings that are followed.
        None soon after `cancelled` is set, between the model's steps.
        """
        started, model_started = time.thread_time(), self._model_seconds()
        pcm = pcm[: int(LONGEST_SECONDS * SAMPLE_RATE)]
        seconds = len(pcm) / SAMPLE_RATE
        window = window or window_seconds(seconds)
        beam = beam or (_BEAM if seconds < _LONG_SECONDS else _BEAM_OF_LONG)
        features = log_mel(pcm, window)
        if cancelled and cancelled.is_set():
            return None
        encoded = self._model.encode(self._storage(np.ascontiguousarray(features[None])))
        if cancelled and cancelled.is_set():
            return None
        found = dict(self._model.detect_language(encoded)[0])
        among = {language: found[f"<|{language}|>"] for language in LANGUAGES}
        known = math.fsum(among.values())
        among = {language: probability / max(known, 1e-9) for language, probability in among.items()}
        language = choose(among, known)
        if cancelled and cancelled.is_set():
            return None
        result = self._model.generate(
            encoded,
            [[self._start, self._languages[language], *self._task]],
            beam_size=beam,
            num_hypotheses=beam,
            max_length=min(448, _TOKENS_AT_ONCE + int(_TOKENS_PER_SECOND * seconds)),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        return Transcription(
            readings=tuple(
                Reading(self._text(tokens), min(0.0, float(score)))
                for tokens, score in zip(result.sequences_ids, result.scores, strict=True)
            ),
            language=language,
            language_probability=among[language],
            known_language=known,
            no_speech=float(result.no_speech_prob),
            seconds=seconds,
            window=window,
            cpu_seconds=time.thread_time() - started + self._model_seconds() - model_started,
        )

    def _text(self, tokens: Sequence[int]) -> str:
        text: str = self._tokenizer.decode([token for token in tokens if token < self._end])
        return text.replace("\ufffd", "").strip()

    def _model_seconds(self) -> float:
        """CPU seconds of the model's threads so far (of all that decode at once); wall time off Linux."""
        try:
            return (
                sum(int(Path(f"/proc/self/task/{one}/schedstat").read_text().split()[0]) for one in self._threads) / 1e9
            )
        except (OSError, ValueError):
            return time.perf_counter()


def installed() -> bool:
    """Whether the packages for the second listener are there."""
    return all(importlib.util.find_spec(name) is not None for name in ("ctranslate2", "tokenizers"))


def _thread_ids() -> set[int]:
    try:
        return {int(task.name) for task in Path("/proc/self/task").iterdir()}
    except OSError:
        return set()
