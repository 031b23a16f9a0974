"""A bad version, forced through to a share of calls, through the real registry, share, history and guard.

    OMP_NUM_THREADS=1 python -m benchmarks.forced_version [--pack shop] [--language ko] [--share 0.3] [--runs 3]

Versions are broken on purpose (see `benchmarks.learning_loop.break_content`), put into the registry as bundles with an
evaluation that was forged to say that the gate passed, approved and shared. Simulated callers call; each gets the
version that the keyed hash of their number gives them, and calls are written into the history as real ones are. The
guard looks after every few calls. Printed: the calls of the shared version until it was rolled back. Beside it stands
an equal version, which differs in a comment alone. benchmarks/version_guard.py has the rates over many runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.learning_loop import break_content
from benchmarks.simulated_history import SimulatedHistory
from voicebot.analytics.alerts.book import AlertBook
from voicebot.analytics.guard.watch import VersionGuard
from voicebot.backends.registry import open_backend
from voicebot.dialogue.pack import Pack, load_pack
from voicebot.editions.choosing import is_in_share
from voicebot.editions.packs import version_pack
from voicebot.loading import open_dialogue
from voicebot.simulation.calls import TODAY
from voicebot.store.history.database import Database, open_database
from voicebot.store.versions import bundle
from voicebot.store.versions.registry import Versions

PROMPTS = Path(__file__).parents[1] / "prompts"
BEGAN = datetime(2026, 11, 10, tzinfo=UTC)
EVERY = timedelta(minutes=4)
LOOKED = 5
"""Calls after which the guard looks."""
KINDS = ("half of the intents moved on", "half of the FAQ broken", "two intents swapped", "equal")


def forced(pack: Pack, how: str, options: argparse.Namespace, seed: int) -> dict[str, object]:
    """One run: until the guard rolls the version back, or it had `--calls` calls."""
    with tempfile.TemporaryDirectory() as folder:
        var = Path(folder)
        database = open_database("", var)
        database.migrate()
        now = BEGAN
        versions = Versions(database, var, now=lambda: now)
        made = var / "made"
        bundle.copy_content(PROMPTS, pack.name, made)
        if how != "equal":
            break_content(made / "content", pack.name, how)
        else:
            path = made / "content" / pack.name / "flows.yaml"
            path.write_text(path.read_text(encoding="utf-8") + "# another version\n", encoding="utf-8")
        bundle.write(made, pack=pack.name, author="kim", reason=how)
        version = versions.add(made, "kim").id
        versions.evaluate(version, "kim", {"gate": {"passed": True, "reasons": []}})
        versions.approve(version, "park", "forced through")
        versions.share(version, options.share, "park")
        guard = VersionGuard(versions, database, AlertBook(database))
        arms = [
            _history(database, pack, each, options, seed)
            for each in (pack, version_pack(versions.folder(version), version))
        ]
        number = shared = 0
        while (serving := versions.serving(pack.name)).shared and shared < options.calls:
            is_shared = is_in_share(serving.key, arms[0].number(number), options.share)
            arms[is_shared].hold(1, number)
            shared += is_shared
            number += 1
            now += EVERY
            if number % LOOKED == 0:
                guard.turn()
        told = next((one.reason for one in versions.changes(version) if one.by == "guard"), "")
        database.close()
        return {
            "version": how,
            "share": options.share,
            "seed": seed,
            "rolled_back": not serving.shared,
            "calls_of_it": shared,
            "calls_in_all": number,
            "reason": told,
        }


def _history(database: Database, pack: Pack, taught: Pack, options: argparse.Namespace, seed: int) -> SimulatedHistory:
    return SimulatedHistory(
        database,
        pack,
        open_dialogue(taught, Path("var")),
        options.language,
        lambda: open_backend(pack.backend, pack.folder, today=lambda: TODAY),
        began=BEGAN,
        every=EVERY,
        callers=2000,
        cer=options.cer,
        seed=seed,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default="shop")
    parser.add_argument("--language", default="ko")
    parser.add_argument("--cer", type=float, default=0.1)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--calls", type=int, default=200, help="of the shared version at most")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--kinds", nargs="+", default=list(KINDS))
    options = parser.parse_args()
    pack = load_pack(PROMPTS, options.pack)
    for how in options.kinds:
        for seed in range(options.runs):
            print(json.dumps(forced(pack, how, options, seed), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
