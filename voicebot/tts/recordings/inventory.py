"""What is recorded: whole texts found at once, pieces joined to sentences."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from threading import Lock

from voicebot.audio.format import Pcm
from voicebot.errors import VoicebotError
from voicebot.tts.port import Sound
from voicebot.tts.recordings.joining import Part, Run, Stock, parts, plan
from voicebot.tts.recordings.loudness import on_line_loudness
from voicebot.tts.recordings.piece import Piece, normalise
from voicebot.tts.speech_text import spoken
from voicebot.tts.telephone import on_the_line

_PLANS_KEPT = 2000


class RecordingError(VoicebotError):
    """A recording or an index that can't be used."""


class Recordings:
    """Recordings of one or more languages, at telephone rate, loudness and band.

    Filled by `add` first; then callable from any thread.
    """

    def __init__(self) -> None:
        self._whole: dict[tuple[str, str], Pcm] = {}
        self._stocks: dict[str, Stock] = defaultdict(Stock)
        self._texts: list[tuple[str, str]] = []
        self._plans: OrderedDict[tuple[str, str], tuple[Run, ...] | None] = OrderedDict()
        self._lock = Lock()

    def add(self, text: str, language: str, sound: Sound) -> None:
        """Speak `text` with this sound from now on. Dots at its ends make it a piece (see `piece`)."""
        pcm = on_the_line(sound)
        if not len(pcm):
            raise RecordingError("there is only silence in it; record it again.")
        pcm = on_line_loudness(pcm)
        pcm.flags.writeable = False
        piece = Piece.of(text, language)
        if piece.is_sentence:
            self._whole[language, normalise(text)] = pcm
            self._whole.setdefault((language, piece.key), pcm)
        self._stocks[language].add(piece, pcm)
        self._texts.append((language, text))
        self._plans.clear()

    def find(self, text: str, language: str) -> Pcm | None:
        """The recording of the whole of `text`, None where there is none."""
        if (pcm := self._whole.get((language, normalise(text)))) is not None:
            return pcm
        return self._whole.get((language, normalise(spoken(text, language)))) if self._whole else None

    def compose(self, sentence: str, language: str) -> tuple[Part, ...] | None:
        """One sentence, as written, out of recorded pieces; an engine speaks the parts that are `Fill`.

        None where too little of it is recorded for a change of voices to be worth it: the engine speaks it all then.
        """
        if language not in self._stocks:
            return None
        words = spoken(sentence, language)
        with self._lock:
            known = (language, words) in self._plans
            runs = self._plans.get((language, words))
        if not known:
            runs = plan(words, language, self._stocks[language])
            with self._lock:
                self._plans[language, words] = runs
                while len(self._plans) > _PLANS_KEPT:
                    self._plans.popitem(last=False)
        return None if runs is None else parts(runs)

    def has(self, piece: Piece, language: str) -> bool:
        """Whether `piece` is recorded with its own ending; beginnings stand in for middles and the other way round."""
        stock = self._stocks.get(language)
        return stock is not None and any(other.ending is piece.ending for other, _ in stock.by_key.get(piece.key, ()))

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Language and text of every recording, as the index writes it."""
        return tuple(self._texts)
