"""How soon a bad version that a share of calls gets is rolled back by its guard, and how often one that is no worse.

    python benchmarks/version_guard.py --pack shop --calls 1500 --runs 40 --equal-runs 200

Simulated callers hold calls with the content as installed and with versions of it that were broken on purpose: the
wordings of two intents swapped, half of the intents each under the next one's name, half of the FAQ entries answering
another's question. So many calls of each are held once; runs draw from them with their own seeds, every caller getting
the shared version with the probability of its share. What the guard sees of a call is what the history would hold:
whether a person got it or the caller left, turns that were not understood, the outcome; never whether the caller's wish
was fulfilled.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from voicebot.analytics.guard.evidence import ALPHA, Metric, Outcome, compare
from voicebot.analytics.guard.watch import is_misunderstood
from voicebot.backends.registry import open_backend
from voicebot.dialogue.pack import COMMANDS, LanguagePack, Pack, load_pack
from voicebot.loading import open_dialogue
from voicebot.simulation.calls import TODAY, SimulatedCall, Simulator

PROMPTS = Path(__file__).parents[1] / "prompts"


def broken(pack: Pack, how: str) -> Pack:
    """The pack with its sentences under wrong names."""
    return replace(pack, languages={name: _broken(pack, words, how) for name, words in pack.languages.items()})


def _broken(pack: Pack, words: LanguagePack, how: str) -> LanguagePack:
    flows = [name for name in words.sentences if name not in COMMANDS and name not in pack.faq]
    faq = [name for name in words.sentences if name in pack.faq]
    match how:
        case "two intents swapped":
            moved = flows[:2]
        case "half of the intents moved on":
            moved = flows[: max(2, len(flows) // 2)]
        case "half of the FAQ broken":
            moved = faq[: max(2, len(faq) // 2)]
        case _:
            return words
    to = dict(zip(moved, [*moved[1:], moved[0]], strict=True))
    return replace(words, sentences={name: words.sentences[to.get(name, name)] for name in words.sentences})


def held(pack: Pack, taught: Pack, language: str, cer: float, calls: int, seed: int) -> list[SimulatedCall]:
    simulator = Simulator(
        pack,
        open_dialogue(taught, Path("var")),
        language,
        lambda: open_backend(pack.backend, pack.folder, today=lambda: TODAY),
        cer=cer,
    )
    return list(simulator.calls(calls, seed))


def seen(call: SimulatedCall) -> Mapping[Metric, bool]:
    """What the history would hold of the call."""
    unmatched = sum(turn.decision.startswith(("no_match", "not_heard", "wrong_keys")) for turn in call.turns)
    left = call.ended == "left" and call.turns[-1].did != "(done)"
    return {
        "not_contained": bool(call.handed_over) or left or call.ended == "endless",
        "handed_over": bool(call.handed_over),
        "misunderstood": is_misunderstood(unmatched, len(call.turns)),
        "failed": call.ended == "endless",
    }


def run(
    active: list[Mapping[Metric, bool]], shared: list[Mapping[Metric, bool]], share: float, most: int, seed: int
) -> int | None:
    """After how many calls of the shared version it was rolled back; None where it was not within `most`."""
    chance = random.Random(f"{seed}:{share}")
    outcomes: list[Outcome] = []
    number = 0
    while number < most:
        is_shared = chance.random() < share
        number += is_shared
        outcomes.append(Outcome(is_shared, chance.choice(shared if is_shared else active)))
    return compare(outcomes).after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default="shop")
    parser.add_argument("--language", default="ko")
    parser.add_argument("--cer", type=float, default=0.1)
    parser.add_argument("--calls", type=int, default=1500, help="simulated calls of each version")
    parser.add_argument("--runs", type=int, default=40, help="for each broken version and share")
    parser.add_argument("--equal-runs", type=int, default=200, help="with a version that is no worse, by share")
    parser.add_argument("--equal-calls", type=int, default=1000, help="of the shared version in each of them")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.1, 0.3, 0.5])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    pack = load_pack(PROMPTS, options.pack)
    began = time.process_time()
    calls = {
        how: [seen(one) for one in held(pack, broken(pack, how), options.language, options.cer, options.calls, seed)]
        for how, seed in (
            ("as installed", 1),
            ("equal", 2),
            ("two intents swapped", 2),
            ("half of the intents moved on", 2),
            ("half of the FAQ broken", 2),
        )
    }
    results: list[dict[str, object]] = []
    for how, shared in calls.items():
        if how == "as installed":
            continue
        rates = {metric: round(statistics.mean(one[metric] for one in shared), 3) for metric in shared[0]}
        for share in options.shares:
            equal = how == "equal"
            runs, most = (options.equal_runs, options.equal_calls) if equal else (options.runs, 200)
            # Both arms of an equal version draw from the same calls: nothing differs but chance.
            found = [
                run(calls["as installed"], calls["as installed"] if equal else shared, share, most, seed)
                for seed in range(runs)
            ]
            stopped = sorted(one for one in found if one is not None)
            row = {
                "version": how,
                "share": share,
                "runs": runs,
                "calls": most,
                "rolled back": round(len(stopped) / runs, 3),
                "median calls": statistics.median(stopped) if stopped else None,
                "90 %": stopped[int(0.9 * (len(stopped) - 1))] if stopped else None,
                **rates,
            }
            results.append(row)
            print(json.dumps(row, ensure_ascii=False))
            sys.stdout.flush()
    print(f"{time.process_time() - began:.0f} s of processor time, alpha {ALPHA}")
    if options.out:
        options.out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
