"""The Vosk model's own network, run over a whole utterance: how well each sound fits each moment.

Vosk gives words but no likelihoods that can be compared between sentences. The network is small (3.4 million
parameters, chain TDNN-F), and in numpy costs 0.01 of a core per second of speech.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from voicebot.asr.features import mfcc
from voicebot.asr.ivector import IvectorExtractor
from voicebot.asr.kaldi_files import Component, KaldiFile, Matrix, read_contexts
from voicebot.asr.vocabulary import ModelError
from voicebot.audio.format import Pcm

FRAME_SECONDS = 0.03
"""Of one row of likelihoods."""

_MARGIN = 34
"""Frames of 10 ms that the network sees on each side."""
_SUBSAMPLING = 3
_BYPASS = 0.66


class AcousticModel:
    """Raises ModelError where the folder's network is built differently from the models for small devices."""

    def __init__(self, model: Path) -> None:
        file = KaldiFile(model / "am" / "final.mdl")
        self.tuples = file.transitions()
        self.contexts = read_contexts(model, self.tuples)
        self._ivectors = IvectorExtractor(model)
        components = file.components()
        try:
            self._lda = _affine(components["lda"])
            self._first = _normalised(components, "tdnn1")
            self._layers = []
            number = 2
            while f"tdnnf{number}.linear" in components:
                self._layers.append(_Factored(components, f"tdnnf{number}"))
                number += 1
            # From here on every third frame is enough.
            self._last_dense = max(index for index, layer in enumerate(self._layers) if layer.step == 1)
            self._prefinal = components["prefinal-l"].arrays["Params"].T
            self._chain = _normalised(components, "prefinal-chain", "batchnorm1")
            scale, shift = _batchnorm(components["prefinal-chain.batchnorm2"])
            last, last_bias = _affine(components["output.affine"])
            small = components["prefinal-chain.linear"].arrays["Params"].T
            self._output: tuple[Matrix, Matrix] = (
                np.asarray(small * scale @ last, dtype=np.float32),
                np.asarray(shift @ last + last_bias, dtype=np.float32),
            )
        except (KeyError, ValueError):
            raise ModelError(
                f"{model}: its network is built differently from those of the catalogue; use one of the small models."
            ) from None

    def likelihoods(self, pcm: Pcm) -> Matrix:
        """Log-likelihoods (up to a constant a frame) of all pdfs, shape (frames of 30 ms, pdfs), for 8 kHz sound."""
        features = mfcc(pcm)
        if not len(features):
            return np.zeros((0, self._output[0].shape[1]), np.float32)
        ivector = self._ivectors.ivector(features)
        padded = np.pad(features, ((_MARGIN, _MARGIN), (0, 0)), mode="edge")
        weights, bias = self._lda
        spliced = np.concatenate([padded[:-2], padded[1:-1], padded[2:]], axis=1)
        width = spliced.shape[1]
        now = self._first(np.asarray(spliced @ weights[:width] + (ivector @ weights[width:] + bias), dtype=np.float32))
        start = 1 - _MARGIN
        for index, layer in enumerate(self._layers):
            now = layer(now)
            start += layer.step
            if index == self._last_dense:
                skipped = -start % _SUBSAMPLING
                now, start = now[skipped::_SUBSAMPLING], start + skipped
        hidden = self._chain(now @ self._prefinal)
        weights, bias = self._output
        return np.asarray(hidden @ weights + bias, dtype=np.float32)


class _Affine:
    """Affine, then rectified, then normalised."""

    def __init__(self, weights: Matrix, bias: Matrix, normal: tuple[Matrix, Matrix]) -> None:
        self._weights, self._bias = weights, bias
        self._scale, self._shift = normal

    def __call__(self, inputs: Matrix) -> Matrix:
        rectified = np.maximum(inputs @ self._weights + self._bias, 0)
        rectified *= self._scale
        rectified += self._shift
        return np.asarray(rectified)


class _Factored:
    """A factored TDNN layer: through a bottleneck, with frames beside it, added to its input."""

    def __init__(self, components: dict[str, Component], name: str) -> None:
        linear, affine = components[f"{name}.linear"], components[f"{name}.affine"]
        self._linear = linear.arrays["LinearParams"].T
        self._wide = len(linear.time_offsets) == 2
        self.step = linear.time_offsets[-1] - linear.time_offsets[0]
        """Frames of 10 ms between the frames it joins; 0 where it joins none."""
        self._affine = _Affine(*_affine(affine), _batchnorm(components[f"{name}.batchnorm"]))

    def __call__(self, inputs: Matrix) -> Matrix:
        if not self._wide:
            return np.asarray(_BYPASS * inputs + self._affine(inputs @ self._linear))
        narrow = np.concatenate([inputs[:-1], inputs[1:]], axis=1) @ self._linear
        return np.asarray(_BYPASS * inputs[1:-1] + self._affine(np.concatenate([narrow[:-1], narrow[1:]], axis=1)))


def _affine(component: Component) -> tuple[Matrix, Matrix]:
    return np.ascontiguousarray(component.arrays["LinearParams"].T), component.arrays["BiasParams"]


def _batchnorm(component: Component) -> tuple[Matrix, Matrix]:
    deviation = np.sqrt(component.arrays["StatsVar"] + component.numbers["Epsilon"])
    scale = component.numbers["TargetRms"] / deviation
    return scale.astype(np.float32), (-component.arrays["StatsMean"] * scale).astype(np.float32)


def _normalised(components: dict[str, Component], name: str, norm: str = "batchnorm") -> _Affine:
    return _Affine(*_affine(components[f"{name}.affine"]), _batchnorm(components[f"{name}.{norm}"]))
