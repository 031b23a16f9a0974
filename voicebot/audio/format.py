"""The one audio format inside the bot: 8 kHz, mono, 16-bit; 20 ms frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]
"""Samples, mono, 16-bit, shape (n,). The rate is 8 kHz unless a name or docstring says otherwise."""

SAMPLE_RATE = 8000
"""Hertz."""

FRAME_MS = 20
"""Milliseconds in a frame: what Twilio sends and webrtcvad accepts."""

FRAME_SAMPLES = SAMPLE_RATE * FRAME_MS // 1000
"""Samples in a frame: 160, which is also its size in bytes as mu-law."""

FRAME_BYTES = FRAME_SAMPLES * 2
"""Bytes in a frame of 16-bit samples: 320."""


def milliseconds(pcm: Pcm, rate: int = SAMPLE_RATE) -> int:
    """Length of `pcm` in whole milliseconds."""
    return len(pcm) * 1000 // rate
