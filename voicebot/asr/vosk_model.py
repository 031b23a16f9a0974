"""Loading a Vosk model and making recognisers of it."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

from voicebot.asr.vocabulary import ModelError

# Vosk's matrix library would start a thread for every core in every recogniser; calls already use the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

RATES = {"ko": 8000}
"""Sample rate, in Hertz, at which a language's model takes telephone sound: the Korean one resamples by itself."""
DEFAULT_RATE = 16000


class VoskModel:
    """A loaded model: about 550 MB for Korean, loaded in 2 s. Used from any thread."""

    def __init__(self, path: Path, language: str) -> None:
        """Raises ModelError where the folder holds no model that takes a grammar."""
        # Imported here: it loads a library of 25 MB, and must come after the environment is set.
        import vosk

        if not (path / "graph" / "Gr.fst").is_file() or not (path / "am" / "final.mdl").is_file():
            raise ModelError(
                f"{path}: no Vosk model that takes a grammar (am/final.mdl and graph/Gr.fst are needed); "
                "install one of the small models with: voicebot models install."
            )
        vosk.SetLogLevel(-1)
        self.language = language
        self.rate = RATES.get(language, DEFAULT_RATE)
        self._recognizer = vosk.KaldiRecognizer
        self._making = threading.Lock()
        try:
            self._model = vosk.Model(str(path))
        except Exception:  # Vosk raises nothing narrower
            raise ModelError(
                f"{path}: Vosk can't load this model; install it again with: voicebot models install."
            ) from None

    @property
    def words(self) -> Words:
        """The vocabulary, by asking the model."""
        return Words(self._model)

    def recognizer(self, grammar: str | None = None) -> Any:
        """A `vosk.KaldiRecognizer` with a grammar (JSON, a list of sentences), or decoding freely."""
        with self._making:
            if grammar is None:
                return self._recognizer(self._model, self.rate)
            return self._recognizer(self._model, self.rate, grammar)


class Words:
    """Whether a loaded model has a word."""

    def __init__(self, model: Any) -> None:
        self._find = model.vosk_model_find_word

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and bool(word) and bool(self._find(word) >= 0)
