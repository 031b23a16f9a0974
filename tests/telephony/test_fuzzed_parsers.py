"""A short run of the fuzzing that `benchmarks/fuzz_parsers.py` does at length."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_ten_thousand_mutated_messages_and_webhooks_are_answered() -> None:
    file = Path(__file__).parents[2] / "benchmarks" / "fuzz_parsers.py"
    spec = importlib.util.spec_from_file_location("fuzz_parsers", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    figures = module.fuzz(10_000, 300, seed=7)
    assert figures["inputs"] == 10_300
    assert figures["bounded"]
