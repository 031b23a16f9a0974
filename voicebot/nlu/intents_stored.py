"""A trained intent model in two files: numbers in NAME.npz, all else in NAME.json. No pickle: reading runs no code.

What is read answers bit for bit as what was written, where numpy, scipy and the encoder are the same.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from voicebot.errors import VoicebotError
from voicebot.nlu.encoder import Encoder
from voicebot.nlu.intents import IntentModel, IntentSettings, Reading
from voicebot.nlu.intents_fusion import Fusion, Logistic
from voicebot.nlu.intents_lexical import NgramVectors
from voicebot.nlu.intents_ridge import Solution
from voicebot.nlu.intents_similarity import EncoderSimilarity, LexicalSimilarity

FORMAT = 1


class StoredModelError(VoicebotError):
    """A stored model that can't be used."""


def write(model: IntentModel, folder: Path, name: str, encoder: Encoder | None) -> list[Path]:
    """Write NAME.npz and NAME.json; the same model gives the same bytes. `encoder`: the one that it was trained with.

    Raises StoredModelError where the folder can't be written to.
    """
    lexical = model.readings[0]
    assert isinstance(lexical.similarity, LexicalSimilarity)
    vectors, training = lexical.similarity.vectors, lexical.similarity.training
    arrays: dict[str, Any] = {
        "idf": vectors.idf,
        "data": training.data,
        "indices": training.indices,
        "indptr": training.indptr,
        "weights": lexical.solution.weights,
    }
    about: dict[str, Any] = {
        "format": FORMAT,
        "intents": list(model.intents),
        "settings": asdict(model.settings),
        "fusion": asdict(model.fusion),
        "scope": asdict(model.scope),
        "sharpness": [reading.solution.sharpness for reading in model.readings],
        "encoder": encoder.name if encoder else None,
        "examples": training.shape[1],
        "ngrams": vectors.ngrams,
    }
    if len(model.readings) > 1:
        meant = model.readings[1]
        assert isinstance(meant.similarity, EncoderSimilarity)
        arrays |= {f"mean{n}": mean for n, mean in enumerate(meant.similarity.means)}
        arrays |= {"embedded": meant.similarity.training, "embedded_weights": meant.solution.weights}
        about["rows"] = dict(meant.similarity.rows)
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    about["arrays"] = hashlib.sha256(packed.getvalue()).hexdigest()
    paths = [folder / f"{name}.npz", folder / f"{name}.json"]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths[0].write_bytes(packed.getvalue())
        paths[1].write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
    except OSError as error:
        raise StoredModelError(f"{folder}: can't be written ({error.strerror}); choose another folder.") from None
    return paths


def read(folder: Path, name: str, encoder: Encoder | None) -> IntentModel:
    """The model that `write` wrote. Raises StoredModelError where it is damaged, or made with another encoder."""
    path = folder / f"{name}.json"
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        packed = (folder / f"{name}.npz").read_bytes()
        if about["format"] != FORMAT:
            raise StoredModelError(f"{path}: is of format {about['format']}, not {FORMAT}; train it anew.")
        if hashlib.sha256(packed).hexdigest() != about["arrays"]:
            raise StoredModelError(f"{path}: the numbers beside it are not those that were written; train it anew.")
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            return _model(about, {key: arrays[key] for key in arrays.files}, encoder, path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoredModelError(f"{path}: can't be read ({type(error).__name__}); train it anew.") from None


def _model(about: Mapping[str, Any], arrays: Mapping[str, Any], encoder: Encoder | None, path: Path) -> IntentModel:
    if about["encoder"] != (encoder.name if encoder else None):
        raise StoredModelError(
            f"{path}: was trained with the encoder {about['encoder'] or 'none'}; use that one, or train it anew."
        )
    vectors = NgramVectors.restored(about["ngrams"], arrays["idf"])
    shape = len(about["ngrams"]), int(about["examples"])
    training = sparse.csr_matrix((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    sharpness = about["sharpness"]
    readings = [Reading(LexicalSimilarity.restored(vectors, training), Solution(arrays["weights"], sharpness[0]))]
    if encoder is not None:
        means = [arrays[f"mean{n}"] for n in range(sum(key.startswith("mean") for key in arrays))]
        similarity = EncoderSimilarity.restored(about["rows"], means, arrays["embedded"], encoder)
        readings.append(Reading(similarity, Solution(arrays["embedded_weights"], sharpness[1])))
    fusion = about["fusion"]
    return IntentModel(
        tuple(about["intents"]),
        tuple(readings),
        Fusion(
            fusion["total"],
            tuple(fusion["clean"]),
            tuple(fusion["misheard"]),
            _logistic(fusion["noise"]),
        ),
        _logistic(about["scope"]),
        IntentSettings(**about["settings"]),
    )


def _logistic(of: Mapping[str, Any]) -> Logistic:
    return Logistic(tuple(of["coefficients"]), of["intercept"])
