"""How well sentences are understood that are made whole, and that are joined from pieces.

    python benchmarks/voices_joined.py [LANGUAGE [SENTENCES]]

Sentences of the configured pack with values in their gaps (drawn with a fixed seed), spoken by the best engine,
over 8 kHz mu-law, as the second listener hears them: spoken-form character error rate. Needs the second listener.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator

from voicebot import config
from voicebot.audio.mulaw import decode, encode
from voicebot.carriers import carriers
from voicebot.cli.voices_check import _second_listener
from voicebot.loading import open_pack
from voicebot.nlu.hangul import PARTICLES, particle
from voicebot.tts.engines import engines
from voicebot.tts.intelligibility import compare, error_rate
from voicebot.tts.port import NORMAL
from voicebot.tts.recordings import Pause, Recorded, Recordings
from voicebot.tts.recordings.carrier import _BRACES, Carrier, Gap
from voicebot.tts.recordings.script import write_script
from voicebot.tts.speech_text import sentences, spoken
from voicebot.tts.telephone import join, on_the_line, pause

SEED = 7


def value(gap: Gap, language: str, chance: random.Random) -> str:
    """Something that may stand in a gap, as written."""
    if gap.values and (not gap.kinds or chance.random() < 0.5):
        return chance.choice(gap.values)
    number, korean = chance.randint(1, 11), language == "ko"
    return {
        "digits": f"{chance.randint(0, 9999):04d}",
        "won": f"{chance.randint(10, 1999) * 100:,}" + ("원" if korean else " won"),
        "count": str(number),
        "date": f"{number}월 {chance.randint(1, 28)}일" if korean else f"November {chance.randint(1, 28)}",
        "time": f"오후 {number}시" if korean else f"{number} p.m.",
    }[chance.choice(gap.kinds)]


def said(carrier: Carrier, language: str, chance: random.Random) -> str:
    """A carrier with values in its gaps; empty where one of them is open."""
    text = ""
    for index, part in enumerate(_BRACES.split(carrier.text)):
        if index % 2 == 0:
            text += part
        elif part in PARTICLES:
            text += particle(text, part)
        else:
            gap = carrier.gaps.get(part, Gap())
            if gap.is_open:
                return ""
            text += value(gap, language, chance)
    return text


def with_gaps(found: tuple[Carrier, ...], language: str) -> Iterator[str]:
    """Sentences with values in them."""
    chance = random.Random(SEED)
    gapped = [carrier for carrier in found if any(len(gap.values) != 1 for gap in carrier.gaps.values())]
    chance.shuffle(gapped)
    for carrier in gapped:
        text = said(carrier, language, chance)
        if "<" not in text:
            yield from sentences(text, language)


def main(language: str, count: int) -> None:
    """Print both figures."""
    configuration = config.load(language=language)
    pack = open_pack(configuration)
    engine = next(engine for engine in engines(configuration) if language in engine.languages)
    found = carriers(pack, language)
    recordings = Recordings()
    for line in write_script(found, language).lines:
        if line.section != "phrase":
            recordings.add_later(
                str(line.piece), language, lambda text=line.piece.written: engine.synthesise(text, language, NORMAL)
            )
    hear = _second_listener(configuration)
    results = {"whole": [], "joined": []}
    for sentence in with_gaps(found, language):
        parts = recordings.compose(sentence, language)
        if parts is None or len(parts) < 2 or not all(isinstance(part, Recorded | Pause) for part in parts):
            continue
        joined = join([part.pcm if isinstance(part, Recorded) else pause(part.milliseconds) for part in parts])
        whole = on_the_line(engine.synthesise(spoken(sentence, language), language, NORMAL))
        for name, pcm in (("whole", whole), ("joined", joined)):
            results[name].append(compare(sentence, hear(decode(encode(pcm)), language), language))
        if len(results["whole"]) == count:
            break
    for name, heard in results.items():
        print(f"{language}  {engine.name}  {name:<6}  {error_rate(heard):6.1%} of {len(heard)} sentences")
    engine.close()


if __name__ == "__main__":
    main(*(sys.argv[1:2] or ["ko"]), *(map(int, sys.argv[2:3] or ["24"])))
