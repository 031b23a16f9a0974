"""How often the first listener finds the right sentence of a pack of 300, and what it does with sentences outside it.

    OMP_NUM_THREADS=1 python benchmarks/asr_domain.py [--data MANIFEST] [--size 300] [--phrases 8] [--json]

Every utterance is 8 kHz mu-law, fed in frames of 20 ms, and heard twice: with a pack that has its sentence, and with
one that does not. Whole clips and phrases cut out of them (benchmarks/asr_utterances.py) are reported apart; the pack
of phrases has many that overlap. `right` is the sentence found, whatever the verdict; intervals are Wilson's, 95 %. The
clips of ../shared/speech also trained the verification: for speakers that it has not heard give another manifest, or
see the figures of asr_verification.py.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asr_utterances import SHARED, WORSENINGS, Cutter, Spoken, clips, on_the_telephone, other_sentences
from asr_verification import korean_model
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from voicebot.asr.port import Domain, Recognition, Sentence, Verdict
from voicebot.asr.segmentation import Segmenter
from voicebot.asr.vocabulary import read_vocabulary
from voicebot.asr.vosk_listener import VoskRecogniser
from voicebot.audio.format import FRAME_BYTES, SAMPLE_RATE


@dataclass(frozen=True)
class Heard:
    spoken: Spoken
    inside: Recognition
    outside: Recognition

    @property
    def right(self) -> bool:
        return bool(self.inside.candidates) and self.inside.candidates[0].text == self.spoken.text


def wilson(successes: int, trials: int) -> str:
    """The share in percent with its 95 % interval."""
    if not trials:
        return "-"
    z, share = 1.96, successes / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return f"{100 * share:.1f} ({100 * (middle - half):.1f}-{100 * (middle + half):.1f})"


def pack(name: str, texts: Sequence[str]) -> Domain:
    return Domain(name, "ko", tuple(Sentence(text, text) for text in texts))


def hear(recogniser: VoskRecogniser, spoken: Spoken, domain: Domain) -> Recognition:
    sound = spoken.pcm.tobytes()
    utterance = recogniser.listen(domain)
    for start in range(0, len(sound), FRAME_BYTES):
        utterance.feed(sound[start : start + FRAME_BYTES])
    return utterance.finish()


def group_of(spoken: Spoken) -> str:
    kind = "phrases" if spoken.cut else "whole clips"
    return f"{kind}, {'synthetic' if spoken.synthetic else 'human'}{', worsened' if spoken.worsened else ''}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--data", type=Path, default=SHARED / "speech/manifest.jsonl")
    arguments.add_argument("--size", type=int, default=300, help="sentences in a pack")
    arguments.add_argument("--phrases", type=int, default=8, help="cut out of each human clip")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    chance = random.Random(7)
    model = korean_model()
    segmenter = Segmenter(read_vocabulary(model), "ko")
    cutter = Cutter(model, segmenter)
    whole = [clip for clip in clips(options.data, "ko") if "," not in clip.text]
    cuts = [cut for clip in whole if not clip.synthetic for cut in cutter.phrases(clip, options.phrases, chance)]
    fillers = chance.sample(other_sentences(segmenter), 2 * options.size)
    outside = pack("outside", fillers[: options.size])
    texts = {
        False: list(dict.fromkeys(clip.text for clip in whole)),
        True: list(dict.fromkeys(cut.text for cut in cuts)),
    }
    inside = {
        cut: pack(f"inside-{cut}", [*own, *fillers[options.size :][: max(0, options.size - len(own))]])
        for cut, own in texts.items()
    }
    recogniser = VoskRecogniser({"ko": model})
    heard = []
    for clip in tqdm([*whole, *cuts]):
        for worsening in ("",) if clip.synthetic else ("", chance.choice(WORSENINGS)):
            spoken = on_the_telephone(clip, chance, worsening)
            heard.append(Heard(spoken, hear(recogniser, spoken, inside[clip.cut]), hear(recogniser, spoken, outside)))
    groups: dict[str, list[Heard]] = defaultdict(list)
    for one in heard:
        groups[group_of(one.spoken)].append(one)
    report(groups, [len(domain.sentences) for domain in inside.values()], as_json=options.json)


def report(groups: dict[str, list[Heard]], sizes: Sequence[int], *, as_json: bool) -> None:
    rows = []
    for name, members in groups.items():
        verdicts = [one.inside.verdict for one in members if one.right]
        wrong = [one.inside.verdict for one in members if not one.right]
        away = [one.outside.verdict for one in members]
        seconds = sum(len(one.spoken.pcm) for one in members) / SAMPLE_RATE
        rows.append(
            {
                "utterances": name,
                "n": str(len(members)),
                "right %": wilson(len(verdicts), len(members)),
                "right and accepted %": wilson(verdicts.count(Verdict.ACCEPT), len(members)),
                "right but rejected %": wilson(verdicts.count(Verdict.REJECT), len(members)),
                "wrong but accepted %": wilson(wrong.count(Verdict.ACCEPT), len(members)),
                "outside accepted %": wilson(away.count(Verdict.ACCEPT), len(members)),
                "outside confirmed %": wilson(away.count(Verdict.CONFIRM), len(members)),
                "CPU a second": f"{sum(one.inside.cpu_seconds for one in members) / seconds:.3f}",
            }
        )
    if as_json:
        print(json.dumps({"pack sizes": list(sizes), "rows": rows}, indent=2))
        return
    table = Table(title=f"First listener, packs of {' and '.join(map(str, sizes))} sentences, 8 kHz mu-law")
    for column in rows[0]:
        table.add_column(column)
    for row in rows:
        table.add_row(*row.values())
    Console(width=200).print(table)


if __name__ == "__main__":
    main()
