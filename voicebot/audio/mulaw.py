"""G.711 mu-law to and from 16-bit samples, by table.

Source: ITU-T G.711 (11/1988), the 14-bit mu-law table; samples are scaled by 4 to 16 bits as in the G.191
reference software.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicebot.audio.format import Pcm

SILENCE = b"\xff"
"""One sample of digital silence in mu-law (positive zero)."""


_BIAS = 33
_CLIP = 8158


def _decode_table() -> Pcm:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = ((((code & 0x0F) << 1) + _BIAS) << ((code >> 4) & 7)) - _BIAS
    return (np.where(code & 0x80, -magnitude, magnitude) * 4).astype(np.int16)


def _encode_table() -> NDArray[np.uint8]:
    sample = np.arange(65536, dtype=np.int32).astype(np.uint16).view(np.int16).astype(np.int32) >> 2
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.log2(magnitude).astype(np.int32) - 5
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    code = ~(((sample < 0).astype(np.int32) << 7) | (exponent << 4) | mantissa)
    table: NDArray[np.uint8] = (code & 0xFF).astype(np.uint8)
    return table


_DECODE = _decode_table()
_ENCODE = _encode_table()


def decode(payload: bytes) -> Pcm:
    """Mu-law bytes, one a sample, to samples of the same number."""
    pcm: Pcm = _DECODE[np.frombuffer(payload, dtype=np.uint8)]
    return pcm


def encode(pcm: Pcm) -> bytes:
    """Samples to mu-law bytes of the same number."""
    return _ENCODE[pcm.view(np.uint16)].tobytes()
