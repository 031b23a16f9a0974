"""Utterances for measuring and training the first listener, made from clips whose words are known.

Human Korean speech with a free licence is scarce, so whole clips are joined by phrases cut out of them: each clip is
aligned with its text, and spans of 1 to 8 words and 4 to 25 syllables are taken out, 30 ms wider than the alignment
says. They end more abruptly than people do, so they are harder than whole sentences. Every utterance goes through 8 kHz
mu-law; worsened ones are faster, slower, noisier, quieter or clipped before that.
"""

from __future__ import annotations

import csv
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soxr

from voicebot.asr.acoustic_model import AcousticModel
from voicebot.asr.alignment import Word, align, compile_sentence
from voicebot.asr.phones import PhoneSet
from voicebot.asr.segmentation import Segmenter, spoken_words
from voicebot.audio import mulaw
from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.wav import read_wav

SHARED = Path(__file__).parents[1] / "../shared"
WORSENINGS = ("fast", "slow", "noise 15 dB", "noise 10 dB", "quiet", "clipped")

_FRAME = 240
"""Samples of 8 kHz in a row of likelihoods."""


@dataclass(frozen=True)
class Spoken:
    """An utterance with what was said in it."""

    pcm: Pcm
    text: str
    speaker: str
    source: str
    synthetic: bool
    cut: bool = False
    worsened: str = ""


def clips(manifest: Path, language: str, most_seconds: float = 20.0) -> list[Spoken]:
    """The clips of a manifest.jsonl: path (beside it), lang, text, speaker, synthetic and seconds a line."""
    found = []
    for line in manifest.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        if entry["lang"] != language or entry["seconds"] > most_seconds:
            continue
        speaker = entry["speaker"].rstrip("?")
        pcm = read_wav(manifest.parent / entry["path"])
        found.append(Spoken(pcm, entry["text"], speaker, entry["path"], bool(entry.get("synthetic"))))
    return found


class Cutter:
    """Cuts phrases out of clips."""

    def __init__(self, model: Path, segmenter: Segmenter) -> None:
        self._acoustics = AcousticModel(model)
        self._phones = PhoneSet(self._acoustics)
        self._segmenter = segmenter

    def phrases(self, clip: Spoken, most: int, chance: random.Random) -> Iterator[Spoken]:
        """At most `most` phrases of a Korean clip."""
        said = self._segmenter.said(clip.text)
        words = [word for word, _ in said]
        sentence = compile_sentence([Word(word, pieces) for word, pieces in said], self._phones)
        path = align(sentence, self._acoustics.likelihoods(clip.pcm))
        place = np.where(sentence.silent[path], -1, sentence.place[path])
        spans = [
            (first, last)
            for first in range(len(words))
            for last in range(first + 1, min(len(words), first + 8) + 1)
            if 4 <= len("".join(words[first:last])) <= 25
        ]
        for first, last in chance.sample(spans, min(most, len(spans))):
            frames = np.flatnonzero((place >= first) & (place < last))
            if len(frames):
                pcm = clip.pcm[max(0, (frames[0] - 1) * _FRAME) : (frames[-1] + 2) * _FRAME]
                yield replace(clip, pcm=pcm, text=" ".join(words[first:last]), cut=True)


def on_the_telephone(spoken: Spoken, chance: random.Random, worsening: str = "") -> Spoken:
    """The utterance with a little silence around it, worsened in one way or none, through mu-law."""
    sound = spoken.pcm.astype(np.float64)
    if worsening in ("fast", "slow"):
        sound = soxr.resample(sound, *((9, 8) if worsening == "fast" else (8, 9)))
    loudness = float(np.sqrt((sound**2).mean())) + 1
    around = [np.zeros(int(SAMPLE_RATE * chance.uniform(0.1, 0.3))) for _ in range(2)]
    sound = np.concatenate([around[0], sound, around[1]])
    noise = np.random.default_rng(chance.randrange(1 << 30)).standard_normal(len(sound))
    ratio = 35.0
    if worsening.startswith("noise"):
        ratio = float(worsening.split()[1])
        noise = np.convolve(noise, np.exp(-np.arange(20) / 4), "same")
        noise /= noise.std()
    sound = sound + noise * loudness * 10 ** (-ratio / 20)
    sound *= {"quiet": 0.05, "clipped": 4.0}.get(worsening, 1.0)
    pcm = np.clip(sound, -32768, 32767).astype(np.int16)
    return replace(spoken, pcm=mulaw.decode(mulaw.encode(pcm)), worsened=worsening)


def other_sentences(segmenter: Segmenter) -> list[str]:
    """Korean sentences of 4 to 60 characters from ../shared/nlu, to fill packs with: everyday talk and questions."""
    lines: list[str] = []
    with (SHARED / "nlu/chatbot_data/ChatbotData.csv").open(encoding="utf-8") as file:
        lines += [cell for row in csv.reader(file) for cell in row[:2]]
    with (SHARED / "nlu/parakqc/paraKQC_v1.txt").open(encoding="utf-8") as file:
        lines += [line.strip().split("\t")[-1] for line in file]
    with (SHARED / "nlu/welfareqa/QA_total.csv").open(encoding="utf-8") as file:
        lines += [cell for row in csv.reader(file) for cell in row[1:4]]
    hangul = (line for line in dict.fromkeys(lines) if re.fullmatch(r"[가-힣 ?.!,]{4,60}", line))
    return [line for line in hangul if not segmenter.sentence(line).unsayable]


def pack_around(text: str, others: Sequence[str], size: int, chance: random.Random) -> list[str]:
    """`size` sentences about as long as `text`, none of which shares most of its words with it."""
    length = len(text.replace(" ", ""))
    own = set(spoken_words(text))
    chosen: dict[str, None] = {}
    widest = 0.3
    while len(chosen) < size and widest < 20:
        for line in chance.sample(others, min(len(others), 8 * size)):
            words = set(spoken_words(line))
            near = abs(len(line.replace(" ", "")) - length) <= max(3, length * widest)
            if near and 2 * len(words & own) < len(words | own) and len(chosen) < size:
                chosen[line] = None
        widest *= 2
    return list(chosen)
