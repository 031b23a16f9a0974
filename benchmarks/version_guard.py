"""How soon a bad version that a share of calls gets is rolled back by its guard, and how often one that is no worse.

    python benchmarks/version_guard.py --pack bank --language en

Simulated callers hold calls with the content as installed and with versions of it that were broken on purpose: the
wordings of two intents swapped, half of the intents each under the next one's name, half of the FAQ entries answering
another's question. The calls are written into a history, as real ones are, and read from it as the guard reads them. So
many calls of each are held once; runs draw from them with their own seeds, every caller getting the shared version with
the probability of its share, and as many calls of the same hours in each of the weeks before.

"equal" draws both arms and the earlier calls from the same calls: nothing differs but chance. "equal, harder than
before" draws both arms from calls in which twice as much is misheard as in the earlier ones: only the guard's demand
that the concurrent calls agree stands between it and a false alarm.

The guard's parameters were chosen with --pack shop --language ko --seed 0.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.simulated_history import SimulatedHistory
from voicebot.analytics.guard.evidence import ALPHA, Group, Metric, Outcome, compare
from voicebot.analytics.guard.reading import WEEKS, outcomes
from voicebot.backends.registry import open_backend
from voicebot.dialogue.pack import COMMANDS, LanguagePack, Pack, load_pack
from voicebot.loading import open_dialogue
from voicebot.simulation.calls import TODAY
from voicebot.store.history.database import open_database

PROMPTS = Path(__file__).parents[1] / "prompts"
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
MOST_EARLIER = 1000 * WEEKS
Bad = Mapping[Metric, bool]


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


def held(pack_name: str, language: str, how: str, cer: float, calls: int, seed: int) -> list[Bad]:
    """How so many calls went, as the guard reads it from their history."""
    pack = load_pack(PROMPTS, pack_name)
    with tempfile.TemporaryDirectory() as folder:
        database = open_database("", Path(folder))
        database.migrate()
        SimulatedHistory(
            database,
            pack,
            open_dialogue(broken(pack, how), Path("var")),
            language,
            lambda: open_backend(pack.backend, pack.folder, today=lambda: TODAY),
            began=BEGAN,
            every=timedelta(minutes=1),
            callers=10**9,
            cer=cer,
            seed=seed,
        ).hold(calls)
        found = [one.bad for one in outcomes(database, pack.name, "none", BEGAN)]
        database.close()
    return found


def run(
    earlier: list[Bad], active: list[Bad], shared: list[Bad], share: float, most: int, seed: int, weeks: int
) -> int | None:
    """After how many calls of the shared version it was rolled back; None where it was not within `most`."""
    chance = random.Random(f"{seed}:{share}")
    drawn: list[Outcome] = []
    number = before = 0
    while number < most:
        for _ in range(weeks if before < MOST_EARLIER else 0):
            drawn.append(Outcome("earlier", chance.choice(earlier)))
            before += 1
        group: Group = "shared" if chance.random() < share else "active"
        number += group == "shared"
        drawn.append(Outcome(group, chance.choice(shared if group == "shared" else active)))
    return compare(drawn).after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default="shop")
    parser.add_argument("--language", default="ko")
    parser.add_argument("--cer", type=float, default=0.1)
    parser.add_argument("--calls", type=int, default=800, help="simulated calls of each version")
    parser.add_argument("--runs", type=int, default=40, help="for each broken version and share")
    parser.add_argument("--equal-runs", type=int, default=200, help="with a version that is no worse, by share")
    parser.add_argument("--equal-calls", type=int, default=1000, help="of the shared version in each of them")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.1, 0.3, 0.5])
    parser.add_argument("--weeks", type=int, default=WEEKS, help="0: without earlier calls, as for a new pack")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    began = time.monotonic()
    versions = {
        "as installed": options.cer,
        "equal, harder than before": 2 * options.cer,
        "two intents swapped": options.cer,
        "half of the intents moved on": options.cer,
        "half of the FAQ broken": options.cer,
    }
    results: list[dict[str, object]] = []
    with ProcessPoolExecutor(options.workers) as pool:
        waiting = {
            how: pool.submit(held, options.pack, options.language, how, cer, options.calls, 2 * options.seed + (n > 0))
            for n, (how, cer) in enumerate(versions.items())
        }
        calls = {how: one.result() for how, one in waiting.items()}
        earlier = calls.pop("as installed")
        print(f"calls held after {time.monotonic() - began:.0f} s", flush=True)
        for how, share in itertools.product(["equal", *calls], options.shares):
            equal = how.startswith("equal")
            shared = earlier if how == "equal" else calls[how]
            active = shared if equal else earlier
            runs, most = (options.equal_runs, options.equal_calls) if equal else (options.runs, 200)
            seeds = [options.seed * 100_000 + number for number in range(runs)]
            drawn = ([one] * runs for one in (earlier, active, shared, share, most))
            found = list(pool.map(run, *drawn, seeds, [options.weeks] * runs, chunksize=10))
            stopped = sorted(one for one in found if one is not None)
            row = {
                "pack": options.pack,
                "language": options.language,
                "version": how,
                "share": share,
                "runs": runs,
                "calls": most,
                "rolled back": round(len(stopped) / runs, 3),
                "median calls": statistics.median(stopped) if stopped else None,
                "90 %": stopped[int(0.9 * (len(stopped) - 1))] if stopped else None,
                **{metric: round(statistics.mean(one.get(metric, False) for one in shared), 3) for metric in shared[0]},
            }
            results.append(row)
            print(json.dumps(row, ensure_ascii=False), flush=True)
    print(f"{time.monotonic() - began:.0f} s, alpha {ALPHA}")
    if options.out:
        options.out.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
