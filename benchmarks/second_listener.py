"""The second listener: what a window costs and loses, what noise becomes, its verification, and live audio beside it.

    python benchmarks/second_listener.py MODEL windows          # window x CER x CPU seconds, Korean and English
    python benchmarks/second_listener.py MODEL guards           # silence, noise, tones, clicks, music: all rejected
    python benchmarks/second_listener.py MODEL fit              # the coefficients of second_listener_verification.py
    python benchmarks/second_listener.py MODEL live             # lateness of a 20 ms tick on one core

MODEL is the folder of whisper-base (`voicebot models list` tells it). Speech is read from ../shared/speech, distractor
sentences from ../shared/nlu. Speech is passed through 8 kHz mu-law. The long Korean sentences are cut at their longest
pause, the text after the cut that suits what the full window hears, so that most utterances have 1 to 9 s.

2026-11-22, two busy cores of an AMD EPYC with AVX-512 VNNI, one thread, int8, 43 Korean and 43 English utterances. CPU
seconds are process time: mean, 95 % and slowest of the utterances of up to 8.2 s. `own` is a beam of 5, from 6 s of 3.

    language  window      beam  CER    CPU s   95 %  slowest
    ko        30 s           5  0.133   1.00   1.19     1.21
    ko        by length      5  0.125   0.28   0.41     0.46
    ko        by length      3  0.135   0.26   0.38     0.39
    ko        by length    own  0.132   0.27   0.36     0.44
    en        30 s           5  0.027   0.81   0.92     0.95
    en        by length    own  0.024   0.19   0.28     0.33
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rapidfuzz.distance import Levenshtein

from voicebot.asr.domain_graph import key_of
from voicebot.asr.port import Domain, Sentence, Verdict
from voicebot.asr.second_listener import WhisperListener
from voicebot.asr.second_listener_verification import nearest
from voicebot.asr.spoken_forms import spoken_forms
from voicebot.asr.whisper import Transcription, WhisperModel
from voicebot.audio import mulaw
from voicebot.audio.format import SAMPLE_RATE, Pcm
from voicebot.audio.wav import read_wav

SHARED = Path(__file__).parents[1] / "../shared"
LONGEST = 9.1
"""Seconds; longer recordings are cut."""


@dataclass(frozen=True)
class Clip:
    name: str
    language: str
    text: str
    pcm: Pcm
    source: str


def telephone(pcm: Pcm) -> Pcm:
    return mulaw.decode(mulaw.encode(pcm))


def letters(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


def errors(reference: str, heard: str, language: str) -> int:
    """Character errors, figures taken as they may have been spoken, whichever is nearest."""
    return min(
        Levenshtein.distance(letters(wanted), letters(form))
        for form in spoken_forms(heard, language)
        for wanted in spoken_forms(reference, language)
    )


def read(
    model: WhisperModel, pcm: Pcm, language: str, window: float | None = None, beam: int | None = None
) -> Transcription:
    heard = model.transcribe(pcm, lambda among, known: language, window=window, beam=beam)  # noqa: ARG005
    assert heard is not None
    return heard


def cut(model: WhisperModel, clip: Clip) -> Iterator[Clip]:
    """The two halves of a long clip, cut at the quietest 160 ms of its middle half."""
    loudness = np.convolve(clip.pcm.astype(np.float64) ** 2, np.ones(1280) / 1280, "valid")
    quarter = len(loudness) // 4
    at = quarter + int(np.argmin(loudness[quarter : 3 * quarter])) + 640
    halves = clip.pcm[:at], clip.pcm[at:]
    heard = [letters(read(model, half, clip.language, 30.0).readings[0].text) for half in halves]
    words = clip.text.split()

    def distance(split: int) -> int:
        texts = letters(" ".join(words[:split])), letters(" ".join(words[split:]))
        return sum(Levenshtein.distance(text, half) for text, half in zip(texts, heard, strict=True))

    split = min(range(1, len(words)), key=distance)
    for half, text, pcm in zip("ab", (words[:split], words[split:]), halves, strict=True):
        yield Clip(f"{clip.name}#{half}", clip.language, " ".join(text), pcm, clip.name)


def human_clips(model: WhisperModel) -> dict[str, list[Clip]]:
    found: dict[str, list[Clip]] = {"ko": [], "en": []}
    for line in (SHARED / "speech/manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["synthetic"] or "fsdd" in row["path"] or row["seconds"] > 12:
            continue
        pcm = telephone(read_wav(SHARED / "speech" / row["path"]))
        clip = Clip(row["path"], row["lang"], row["text"], pcm, row["path"])
        if "zeroth" in clip.name:
            found["ko"] += cut(model, clip)
        if len(pcm) <= LONGEST * SAMPLE_RATE:
            found[clip.language].append(clip)
    sentences = [clip for clip in found["en"] if "picovoice" in clip.name]
    spelt = [clip for clip in found["en"] if "picovoice" not in clip.name]
    found["en"] = sentences + random.Random(1).sample(spelt, 40)
    return found


def windows(model: WhisperModel) -> None:
    print("language  window      beam  CER    CPU s   95 %  slowest")
    for language, clips in human_clips(model).items():
        for window, beam in (
            (30.0, 1),
            (30.0, 5),
            (20.0, 5),
            (15.0, 5),
            (12.0, 5),
            (10.0, 5),
            (None, 1),
            (None, 5),
            (None, None),
        ):
            wrong = total = 0
            cpu = []
            for clip in clips:
                started = time.process_time()
                heard = read(model, clip.pcm, language, window, beam)
                if len(clip.pcm) <= 8.2 * SAMPLE_RATE:
                    cpu.append(time.process_time() - started)
                wrong += errors(clip.text, heard.readings[0].text, language)
                total += len(letters(clip.text))
            name = f"{window:.0f} s" if window else "by length"
            most = sorted(cpu)[int(0.95 * len(cpu))]
            row = f"{wrong / total:5.3f}  {statistics.mean(cpu):5.2f}  {most:5.2f}    {max(cpu):5.2f}"
            print(f"{language:8}  {name:10}  {beam or 'own':>4}  {row}", flush=True)


def sounds(seed: int) -> Iterator[tuple[str, Pcm]]:
    """What is no speech, at two levels and lengths, as it arrives by telephone."""
    rng = np.random.default_rng(seed)
    yield "silence", np.zeros(2 * SAMPLE_RATE, np.int16)
    for seconds in (1, 4, 8):
        count = seconds * SAMPLE_RATE
        t = np.arange(count) / SAMPLE_RATE
        brown = np.cumsum(rng.standard_normal(count))
        melody = np.zeros(count)
        chords = np.zeros(count)
        for note in range(seconds * 4):
            start = note * SAMPLE_RATE // 4
            pitch = 220 * 2 ** (rng.integers(0, 24) / 12)
            melody[start:] += np.exp(-5 * t[: count - start]) * np.sin(2 * np.pi * pitch * t[: count - start])
            for third in (1.0, 1.26, 1.5):
                chords[start : start + 2000] += np.sign(np.sin(2 * np.pi * pitch * third * t[start : start + 2000]))
        clicks = np.zeros(count)
        clicks[rng.integers(0, count, 8 * seconds)] = 1.0
        kinds = {
            "white noise": rng.standard_normal(count),
            "traffic": brown - np.convolve(brown, np.ones(400) / 400, "same"),
            "hum": np.sin(2 * np.pi * 60 * t) + 0.3 * np.sin(2 * np.pi * 180 * t),
            "babble of tones": sum(np.sin(2 * np.pi * f * t + 3 * np.sin(2 * np.pi * 4 * t)) for f in (310, 700, 1900)),
            "melody": melody,
            "chords": chords,
            "dial tone": np.sin(2 * np.pi * 350 * t) + np.sin(2 * np.pi * 440 * t),
            "ringing": (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 480 * t)) * (t % 3 < 1),
            "a key": np.sin(2 * np.pi * 770 * t) + np.sin(2 * np.pi * 1336 * t),
            "clicks": clicks,
        }
        for name, wave in kinds.items():
            for decibel in (-50, -25):
                level = 32768 * 10 ** (decibel / 20) / np.sqrt(np.mean(wave**2))
                yield (
                    f"{name}, {decibel} dB, {seconds} s",
                    telephone(np.clip(wave * level, -32768, 32767).astype(np.int16)),
                )


def guards(model: WhisperModel) -> None:
    listener = WhisperListener(model)
    count: dict[tuple[str, str], int] = {}
    for language, texts in (("ko", ("네", "아니요", "감사합니다")), ("en", ("yes", "no", "thank you"))):
        sentences = tuple(Sentence(text, text) for text in texts)
        for kind in ("closed", "open"):
            domain = Domain(f"{kind}-{language}", language, sentences, open_question=kind == "open")
            for name, pcm in sounds(7):
                heard = listener.second_opinion(pcm.tobytes(), domain)
                assert heard is not None
                key = (f"{language} {kind}", heard.verdict.value)
                count[key] = count.get(key, 0) + 1
                if heard.verdict is not Verdict.REJECT:
                    print(f"{language} {kind} {name}: {heard.verdict}: {heard.text} {dict(heard.evidence)}")
            for clip in human_clips(model)[language] if kind == "open" else ():
                heard = listener.second_opinion(clip.pcm.tobytes(), domain)
                assert heard is not None
                key = (f"{language} speech, open", heard.verdict.value)
                count[key] = count.get(key, 0) + 1
                if heard.verdict is Verdict.REJECT or heard.language != language:
                    print(f"{language} speech {clip.name}: {heard.verdict}: {heard.hypothesis} {dict(heard.evidence)}")
    for (which, verdict), number in count.items():
        print(f"{which:18} {verdict:8} {number}")


def distractors() -> dict[str, list[str]]:
    rng = random.Random(3)
    lines = (SHARED / "nlu/parakqc/paraKQC_v1.txt").read_text().splitlines()
    korean = [re.sub(r"[^\w ]", "", line.split("\t")[2]) for line in lines if line.count("\t") >= 2]
    english = [text for text, _ in json.loads((SHARED / "nlu/clinc150/data_full.json").read_text())["train"]]
    common = {
        "ko": ["네", "아니요", "감사합니다", "다시 말씀해 주세요", "상담원 연결해 주세요", "취소", "처음으로"],
        "en": ["yes", "no", "thank you", "agent", "cancel", "start over"],
    }
    spoken = [text for text in korean if not re.search(r"\d", text)]
    return {"ko": rng.sample(spoken, 240) + common["ko"], "en": rng.sample(english, 200) + common["en"]}


def fit(model: WhisperModel) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    clips = [clip for language in human_clips(model).values() for clip in language]
    for line in (SHARED / "speech/manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["synthetic"] and row["lang"] == "ko":
            pcm = telephone(read_wav(SHARED / "speech" / row["path"]))
            clips.append(Clip(row["path"], "ko", row["text"], pcm, row["text"]))
    others = distractors()
    rows, right, groups = [], [], []
    found = {"human": [0, 0], "synthetic": [0, 0]}
    for clip in clips:
        heard = read(model, clip.pcm, clip.language)
        texts = dict.fromkeys([one.text for one in clips if one.language == clip.language] + others[clip.language])
        own = {one.text for one in clips if one.source == clip.source}
        own |= {text for text in texts if Levenshtein.normalized_similarity(key_of(text), key_of(clip.text)) > 0.7}
        for within in (True, False):
            sentences = tuple(Sentence(text, text) for text in texts if within or text not in own)
            match = nearest(heard, Domain("fit", clip.language, sentences))
            assert match is not None
            hit = within and key_of(match.candidates[0].text) == key_of(clip.text)
            rows.append((match.candidates[0].score, match.margin))
            right.append(hit)
            groups.append(clip.source)
            if within:
                tally = found["synthetic" if "mbrola" in clip.name else "human"]
                tally[0] += hit
                tally[1] += 1
    x, y = np.array(rows), np.array(right)
    regression = LogisticRegression(C=10)
    p = cross_val_predict(regression, x, y, cv=GroupKFold(8), groups=groups, method="predict_proba")[:, 1]
    regression.fit(x, y)
    print("nearest sentence right:", {name: f"{hits} of {all_}" for name, (hits, all_) in found.items()})
    print(f"bias {regression.intercept_[0]:.2f}, similarity, margin {regression.coef_[0].round(2)}")
    print(f"AUC {roc_auc_score(y, p):.4f} (8-fold, no speaker's sentence on both sides)")
    for threshold in (0.3, 0.45, 0.6, 0.7, 0.85):
        print(
            f"from {threshold}: {np.mean(p[y] >= threshold):.3f} of right, {np.mean(p[~y] >= threshold):.3f} of wrong"
        )


def live(model_path: Path) -> None:
    """A tick every 20 ms that computes for 2 ms, alone and beside the second listener, all on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    speech = next((SHARED / "speech/ko/picovoice").glob("*.wav"))
    pcm = telephone(read_wav(speech))

    def forever(model: WhisperModel, stop: Callable[[], bool]) -> None:
        while not stop():
            read(model, pcm, "ko")

    def ticks(name: str) -> None:
        late = []
        due = time.perf_counter()
        for _ in range(300):
            due += 0.02
            time.sleep(max(0.0, due - time.perf_counter()))
            late.append(1000 * (time.perf_counter() - due))
            until = time.thread_time() + 0.002
            while time.thread_time() < until:
                pass
            due = max(due, time.perf_counter() - 0.02)
        late.sort()
        print(f"{name:34} median {late[150]:6.2f} ms, 95 % {late[285]:6.2f} ms, worst {late[-1]:6.2f} ms", flush=True)

    ticks("alone")
    for niceness in (0, 10, 19):
        model = WhisperModel(model_path, niceness=niceness)
        done = threading.Event()
        thread = threading.Thread(target=_niced, args=(niceness, lambda: forever(model, done.is_set)))  # noqa: B023
        thread.start()
        ticks(f"beside threads of niceness {niceness}")
        done.set()
        thread.join()
    command = [sys.executable, __file__, str(model_path), "endless"]
    process = subprocess.Popen(command, preexec_fn=lambda: os.nice(10), stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.readline()
    ticks("beside a process of niceness 10")
    process.kill()
    process.wait()


def _niced(niceness: int, work: Callable[[], None]) -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
    work()


def endless(model: WhisperModel) -> None:
    pcm = np.zeros(4 * SAMPLE_RATE, np.int16)
    print("ready", flush=True)
    while True:
        read(model, pcm, "ko")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("what", choices=("windows", "guards", "fit", "live", "endless"))
    arguments = parser.parse_args()
    if arguments.what == "live":
        live(arguments.model)
        return
    measure = {"windows": windows, "guards": guards, "fit": fit, "endless": endless}[arguments.what]
    measure(WhisperModel(arguments.model))


if __name__ == "__main__":
    main()
