"""What is recorded: whole texts found at once, pieces joined to sentences."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from threading import Lock

import structlog

from voicebot.audio.format import Pcm
from voicebot.errors import VoicebotError
from voicebot.tts.port import Sound
from voicebot.tts.recordings.clip import Clip
from voicebot.tts.recordings.joining import Part, Run, Stock, parts, plan
from voicebot.tts.recordings.piece import Piece, normalise
from voicebot.tts.speech_text import spoken

_log = structlog.get_logger(__name__)

_PLANS_KEPT = 2000


class Recordings:
    """Recordings of one or more languages, at telephone rate, loudness and band.

    Callable from any thread, `add` and `add_later` too.
    """

    def __init__(self) -> None:
        self._whole: dict[tuple[str, str], Clip] = {}
        self._stocks: dict[str, Stock] = defaultdict(Stock)
        self._clips: dict[tuple[str, str], Clip] = {}
        """By language and text, as the index writes it."""
        self._plans: OrderedDict[tuple[str, str], tuple[Run, ...] | None] = OrderedDict()
        self._lock = Lock()
        self.version = 0
        """Counts the changes: what was planned with other recordings is out of date."""

    def add(self, text: str, language: str, sound: Sound) -> None:
        """Speak `text` with this sound from now on. Dots at its ends make it a piece (see `piece`).

        Raises RecordingError where there is no speech in it.
        """
        clip = Clip(lambda: sound)
        clip.pcm()
        self._add(text, language, clip)

    def add_later(self, text: str, language: str, load: Callable[[], Sound]) -> None:
        """As `add`, but `load` is called when it is first to be heard. Where that fails, it is not recorded."""
        self._add(text, language, Clip(load))

    def _add(self, text: str, language: str, clip: Clip) -> None:
        piece = Piece.of(text, language)
        with self._lock:
            if piece.is_sentence:
                self._whole[language, normalise(text)] = clip
                self._whole.setdefault((language, piece.key), clip)
            self._stocks[language].add(piece, clip)
            self._clips[language, text] = clip
            self._changed()

    def find(self, text: str, language: str) -> Pcm | None:
        """The recording of the whole of `text`, None where there is none."""
        if not self._whole:
            return None
        clip = self._whole.get((language, normalise(text)))
        clip = clip or self._whole.get((language, normalise(spoken(text, language))))
        try:
            return clip.pcm() if clip else None
        except VoicebotError as error:
            assert clip is not None
            self._forget(clip, error)
            return self.find(text, language)

    def compose(self, sentence: str, language: str) -> tuple[Part, ...] | None:
        """One sentence, as written, out of recorded pieces; an engine speaks the parts that are `Fill`.

        None where too little of it is recorded for a change of voices to be worth it: the engine speaks it all then.
        """
        if language not in self._stocks:
            return None
        runs = self._runs(spoken(sentence, language), language)
        while runs is not None:
            for clip in (run.clip for run in runs if run.clip is not None):
                try:
                    clip.pcm()
                except VoicebotError as error:
                    self._forget(clip, error)
                    break
            else:
                return parts(runs)
            runs = self._runs(spoken(sentence, language), language)
        return None

    def has(self, piece: Piece, language: str) -> bool:
        """Whether `piece` is recorded with its own ending; beginnings stand in for middles and the other way round."""
        stock = self._stocks.get(language)
        return stock is not None and any(other.ending is piece.ending for other, _ in stock.by_key.get(piece.key, ()))

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Language and text of every recording, as the index writes it."""
        return tuple(self._clips)

    def problems(self) -> tuple[tuple[str, str, VoicebotError], ...]:
        """Load all that was added; language, text and what is wrong of those that can't be heard from now on."""
        found = []
        for (language, text), clip in tuple(self._clips.items()):
            try:
                clip.pcm()
            except VoicebotError as error:
                self._without(clip)
                found.append((language, text, error))
        return tuple(found)

    def _runs(self, words: str, language: str) -> tuple[Run, ...] | None:
        with self._lock:
            if (language, words) not in self._plans:
                self._plans[language, words] = plan(words, language, self._stocks[language])
                while len(self._plans) > _PLANS_KEPT:
                    self._plans.popitem(last=False)
            return self._plans[language, words]

    def _forget(self, clip: Clip, error: VoicebotError) -> None:
        _log.warning("a recording can't be used", problem=str(error))
        self._without(clip)

    def _without(self, clip: Clip) -> None:
        with self._lock:
            self._whole = {place: other for place, other in self._whole.items() if other is not clip}
            self._clips = {place: other for place, other in self._clips.items() if other is not clip}
            for stock in self._stocks.values():
                stock.remove(clip)
            self._changed()

    def _changed(self) -> None:
        self._plans.clear()
        self.version += 1
