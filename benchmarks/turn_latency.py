"""How long a caller waits, and how quickly the bot stops: from the stereo recordings of real calls in real time.

    python benchmarks/turn_latency.py [--calls 3] [--json]

Starts the service as a process of its own, and calls it with simulated telephones from others: real HTTP, real
WebSockets, real speech, all calls at the same time on the same machine. Waiting is from the last sample of the caller's
voice to the first sample of the answer, barge-in from the first sample of the caller's voice to silence on the line.
About three minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SPEECH = ROOT / "benchmarks" / "speech"

TURNS = ("12", "15", "18", "12", "15", "18", "12", "15", "18")
"""Clips of questions that are answered at once: hours, address, points."""
BARGE_INS = ("15", "18")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=3, help="calls at once; each has 11 turns and 2 barge-ins")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "TWILIO_AUTH_TOKEN": secrets.token_hex(16), "VOICEBOT_VAR": folder}
        began = time.monotonic()
        service = subprocess.Popen(
            [sys.executable, "-m", "voicebot", "serve", "--port", "0"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            url = _url(service)
            _wait_until_ready(url)
            ready_s = time.monotonic() - began
            time.sleep(20)  # phrases are spoken ahead, and embeddings made, once after an installation
            with ThreadPoolExecutor(options.calls) as phones:
                results = list(phones.map(lambda _: _call(url, Path(folder), environment), range(options.calls)))
            phone_cpu_s = _cpu_of_children()  # the service still runs
        finally:
            service.terminate()
            service.wait(timeout=30)
    service_cpu_s = _cpu_of_children() - phone_cpu_s
    waits = [m["response_ms"] for r in results for m in r["measures"] if m["silence_ms"] is None and m["response_ms"]]
    stops = [m["silence_ms"] for r in results for m in r["measures"] if m["silence_ms"] is not None]
    seconds = sum(r["duration_ms"] for r in results) / 1000
    figures = {
        "ready_s": round(ready_s, 1),
        "turns": len(waits),
        "wait_ms": _spread(waits),
        "barge_ins": len(stops),
        "barge_in_ms": _spread(stops),
        "call_seconds": round(seconds),
        "phone_cpu_share": round(phone_cpu_s / seconds, 3),
        "service_cpu_share": round(service_cpu_s / seconds, 3),
        "phone_late_ms": max(r["late_ms"] for r in results),
    }
    print(json.dumps(figures) if options.json else "\n".join(f"{name:18} {value}" for name, value in figures.items()))
    return 0


def _url(service: subprocess.Popen[str]) -> str:
    assert service.stdout is not None
    for line in service.stdout:
        if "listening on " in line:
            return line.split("listening on ")[1].strip()
    raise SystemExit("the service did not start; run: voicebot serve")


def _wait_until_ready(url: str) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=2) as reply:
                if reply.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit("the service was not ready within a minute")


def _call(url: str, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    steps: list[Any] = [{"wait_for": "bot_silence"}]
    for clip in TURNS:
        steps += [{"play": str(SPEECH / f"hn1_m120_{clip}.wav")}, {"wait_for": "bot_silence"}]
    for clip in BARGE_INS:
        steps += [{"play": str(SPEECH / "hn1_m120_12.wav")}, {"interrupt_after": "1.5 s"}]
        steps += [{"play": str(SPEECH / f"hn1_m120_{clip}.wav")}, {"wait_for": "bot_silence"}]
    scenario = folder / "turns.yaml"
    scenario.write_text(json.dumps({"name": "turns", "from": "anonymous", "steps": steps}), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "voicebot", "call", "--url", url, "--scenario", str(scenario), "--json"],
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    if not done.stdout:
        raise SystemExit(done.stderr)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _cpu_of_children() -> float:
    """CPU seconds of processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _spread(values: Sequence[float]) -> dict[str, float]:
    if len(values) < 2:
        return {}
    ordered = sorted(values)
    at_95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    return {"median": statistics.median(ordered), "95 %": at_95, "most": ordered[-1]}


if __name__ == "__main__":
    sys.exit(main())
