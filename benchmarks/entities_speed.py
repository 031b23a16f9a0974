"""What finding values costs: CPU per sentence, and of import and first use. Sentences are those of the tests' tables.

    python benchmarks/entities_speed.py [--json]

Figures are CPU milliseconds of one thread (`time.process_time`). Import and first use are measured in fresh processes,
as one start of the service or one `voicebot understand` pays for them; a sentence counts with its best of three runs.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

from ruamel.yaml import YAML

from voicebot.nlu.entities import find_entities

TABLES = Path(__file__).parents[1] / "tests" / "nlu"
TODAY = date(2026, 11, 19)
FIRST = {"ko": "내일 오후 세 시에 삼만 원 보내 주세요", "en": "send thirty dollars tomorrow at three"}
_START = """
import sys, time
from datetime import date
begun = time.process_time()
from voicebot.nlu.entities import find_entities
imported = time.process_time()
find_entities(sys.argv[2], sys.argv[1], today=date(2026, 11, 19))
print(1000 * (imported - begun), 1000 * (time.process_time() - begun))
"""


def sentences(language: str) -> list[str]:
    """Whole sentences of callers, values inside them."""
    groups = YAML(typ="safe").load((TABLES / "entities_callers.yaml").read_text(encoding="utf-8"))
    return [case["said"] for group in groups if group["language"] == language for case in group["cases"]]


def cpu_ms(text: str, language: str) -> float:
    """The best of three runs."""
    runs = []
    for _ in range(3):
        begun = time.process_time()
        find_entities(text, language, today=TODAY)
        runs.append(1000 * (time.process_time() - begun))
    return min(runs)


def start_ms(language: str) -> tuple[float, float]:
    """Of a fresh process, the median of three: the import, and the import with the first sentence."""
    runs = []
    for _ in range(3):
        command = [sys.executable, "-c", _START, language, FIRST[language]]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        runs.append((float(said[0]), float(said[1])))
    return statistics.median(run[0] for run in runs), statistics.median(run[1] for run in runs)


def main() -> None:
    report = {}
    for language in ("ko", "en"):
        said = sentences(language)
        find_entities(said[0], language, today=TODAY)
        costs = sorted(cpu_ms(text, language) for text in said)
        imported, first = start_ms(language)
        report[language] = {
            "sentences": len(costs),
            "median_ms": round(statistics.median(costs), 2),
            "p95_ms": round(costs[int(0.95 * len(costs))], 2),
            "import_ms": round(imported),
            "import_and_first_ms": round(first),
        }
    if "--json" in sys.argv[1:]:
        print(json.dumps(report))
        return
    for language, row in report.items():
        print(language, "  ".join(f"{name} {value}" for name, value in row.items()))


if __name__ == "__main__":
    main()
