"""Do the parsers of the open port survive anything, in bounded memory?

    python benchmarks/fuzz_parsers.py [--messages 900000] [--webhooks 100000] [--seed 1] [--json]

Mutates a corpus of real messages and webhooks: bytes flipped, cut, doubled and spliced; fields dropped, renamed and
given values of other types; numbers at their limits; deep, large and binary ones. WebSocket messages go to
`MediaStream.receive`, in streams of 500; webhooks, bodies and heads, go through the whole Flask application as from
this machine, so that the views are reached too. It fails where anything but an answer comes: an exception from the
parser, a status of 500, "webhook failed" in the log, or memory that grows. About four minutes on one core.
"""

from __future__ import annotations

import argparse
import base64
import gc
import io
import json
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).parents[1]))

import structlog
from peers.hostile_messages import hostile_messages, untimely_media
from peers.independent_phone import start_body, webhook_parameters

from telephony.media_stream import MediaStream, Stopped
from telephony.server import create_app
from tests.telephony.twilio_side import Bot
from voicebot.config import Configuration

STREAM, CALL = "MZ" + "0" * 32, "CA" + "0" * 32
A_STREAM = 500
"""Messages of one stream."""
GROWTH_MIB = 64
"""Of memory, from a tenth of the inputs on, that is still no leak."""

_VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**31, 2**63, 10**400, 1.5, float("nan"), "", "0", "-1", "9" * 400, "1e9", "\x00", "\ud800"),
    *([], {}, [[]], {"a": {}}, "음" * 100, "x" * 5000, "٣", "\u202e", " 1", "1 "),
)
_PATHS = ("voice", "after-stream", "after-stream?stream=1", "after-dial", "after-queue", "status", "keypad?step=1")


def message_corpus() -> list[str | bytes]:
    """Messages as Twilio sends them, and hostile ones."""

    def message(event: str, sequence: int, **body: Any) -> str:
        return json.dumps({"event": event, "sequenceNumber": str(sequence), "streamSid": STREAM, **body})

    def media(n: int) -> str:
        payload = base64.b64encode(bytes(random.Random(n).randbytes(160))).decode()
        stamp = {"track": "inbound", "chunk": str(n), "timestamp": str(99 + 20 * n), "payload": payload}
        return message("media", n + 1, media=stamp)

    real = [
        json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"}),
        message("start", 1, start=start_body(STREAM, CALL, {"token": "t"})),
        *(media(n) for n in range(1, 20)),
        message("dtmf", 5, dtmf={"track": "inbound_track", "digit": "1"}),
        message("mark", 6, mark={"name": "1:2"}),
        message("stop", 7, stop={"accountSid": "AC1", "callSid": CALL}),
    ]
    hostile = [*hostile_messages(STREAM, CALL), *untimely_media(STREAM)]
    return [*real, *(m for m in hostile if len(m) < 20_000)]


def mutated(rng: random.Random, corpus: list[str | bytes]) -> str | bytes:
    """One input."""
    base = rng.choice(corpus)
    kind = rng.random()
    if kind < 0.5 and isinstance(base, str):
        try:
            data = json.loads(base)
        except (ValueError, RecursionError):
            data = {"event": base}
        for _ in range(rng.randint(0, 3)):
            data = changed(rng, data)
        return json.dumps(data)
    raw = bytearray(base.encode("utf-8", "surrogatepass") if isinstance(base, str) else base)
    for _ in range(rng.randint(1, 8)):
        splice(rng, raw, corpus)
    return bytes(raw) if kind > 0.95 else raw.decode("utf-8", "replace")


def changed(rng: random.Random, value: Any) -> Any:
    """A JSON value with one place changed."""
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = rng.choice(list(value))
        what = rng.random()
        if what < 0.15:
            return {k: v for k, v in value.items() if k != key}
        if what < 0.25:
            return {(k + "x" if k == key else k): v for k, v in value.items()}
        return {**value, key: changed(rng, value[key])}
    if isinstance(value, str) and value and rng.random() < 0.5:
        raw = bytearray(value.encode("utf-8", "surrogatepass"))
        splice(rng, raw, [value])
        return raw.decode("utf-8", "replace")
    return rng.choice(_VALUES)


def splice(rng: random.Random, raw: bytearray, corpus: list[str | bytes]) -> None:
    """Bytes flipped, cut, doubled, or put in from elsewhere."""
    at = rng.randrange(len(raw) + 1)
    what = rng.randrange(5)
    if what == 0 and at < len(raw):
        raw[at] ^= 1 << rng.randrange(8)
    elif what == 1:
        del raw[at : at + rng.randint(1, 20)]
    elif what == 2:
        raw[at:at] = raw[at : at + rng.randint(1, 40)]
    elif what == 3:
        other = rng.choice(corpus)
        piece = other.encode("utf-8", "surrogatepass") if isinstance(other, str) else other
        start = rng.randrange(len(piece) + 1)
        raw[at:at] = piece[start : start + rng.randint(1, 60)]
    else:
        raw[at:at] = rng.choice((b"\x00", b"[" * 50, b"{", b'"', b"\\u", b"\xff", b"%", b"&", b"=", b"+", b"\r\n"))


def fuzz_messages(count: int, rng: random.Random, memory: list[int]) -> Counter[str]:
    """Raises whatever the parser raises."""
    corpus = message_corpus()
    start = corpus[1]
    seen: Counter[str] = Counter()
    over = True
    for number in range(count):
        if over or number % A_STREAM == 0:
            stream = MediaStream()
            if rng.random() < 0.9:
                stream.receive(start, 0)
        event = stream.receive(mutated(rng, corpus), number * 20)
        over = isinstance(event, Stopped) or not (number % 7 or rng.random() < 0.5)
        seen[getattr(event, "reason", type(event).__name__)] += 1
        _watch(memory, number, count)
    return seen


def webhook(rng: random.Random, corpus: list[str | bytes]) -> dict[str, Any]:
    """A WSGI request as from this machine."""
    form: dict[str, str] = webhook_parameters("CA" + f"{rng.randrange(50):032x}")
    for _ in range(rng.randint(0, 3)):
        key = rng.choice([*form, "Digits", "QueueResult", "DialCallStatus", "CallStatus", "SpeechResult"])
        form[key] = str(rng.choice(_VALUES))[:5000]
    body = bytearray(urlencode(form, errors="replace").encode())
    for _ in range(rng.choice((0, 0, 0, 1, 3))):
        splice(rng, body, corpus)
    path, _, query = rng.choice(_PATHS).partition("?")
    if rng.random() < 0.3:
        query = rng.choice(("stream=", "stream=-1", "stream=" + "9" * 300, "%ff=%", "a&&&=", "stream=1&stream=2"))
    method = rng.choice(("POST", "POST", "POST", "GET"))
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", "x", "")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/twilio/{path}",
        # What is not ASCII there is refused before it comes to Flask.
        "QUERY_STRING": query if method == "POST" else bytes(body).decode("ascii", "ignore"),
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "127.0.0.1:8080",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": rng.choices(kinds, (20, 1, 1, 1, 1))[0],
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_I_TWILIO_IDEMPOTENCY_TOKEN": rng.choice(("", "t", "\xff" * 50)),
        "HTTP_X_TWILIO_SIGNATURE": rng.choice(("", "x")),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(bytes(body)),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def fuzz_webhooks(count: int, rng: random.Random, memory: list[int]) -> Counter[str]:
    """Raises AssertionError for an answer that is none."""
    app = create_app(Configuration(twilio_auth_token=""), Bot()).flask
    corpus = [urlencode(webhook_parameters(CALL)), "a=b&a=c", "\x00", "%", "="]
    seen: Counter[str] = Counter()
    with structlog.testing.capture_logs() as logs:
        for number in range(count):
            environ = webhook(rng, [*corpus])
            status: list[str] = []
            body = b"".join(_answer(app.wsgi_app(environ, lambda line, *_, to=status: to.append(line))))
            code = status[0][:3]
            assert code in ("200", "204", "308", "400", "403", "404", "405", "413", "415"), (code, environ)
            assert not body or code != "200" or b"<Response" in body, body[:200]
            seen[code] += 1
            failed = [entry for entry in logs if entry["event"] == "webhook failed"]
            assert not failed, (failed, environ["QUERY_STRING"], environ["wsgi.input"].getvalue())
            logs.clear()
            _watch(memory, number, count)
    return seen


def _answer(parts: Any) -> Iterator[bytes]:
    try:
        yield from parts
    finally:
        getattr(parts, "close", lambda: None)()


def _watch(memory: list[int], number: int, count: int) -> None:
    if number % max(count // 10, 1) == max(count // 10, 1) - 1:
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        memory.append(pages * resource.getpagesize() // 2**20)


def fuzz(messages: int, webhooks: int, seed: int) -> dict[str, Any]:
    """Figures. Raises what went wrong."""
    rng = random.Random(seed)
    of_messages: list[int] = []
    of_webhooks: list[int] = []
    began = time.process_time()
    events = fuzz_messages(messages, rng, of_messages)
    statuses = fuzz_webhooks(webhooks, rng, of_webhooks)
    return {
        "inputs": messages + webhooks,
        "events": {str(name): number for name, number in events.most_common()},
        "statuses": dict(statuses.most_common()),
        "rss_mib_messages": of_messages,
        "rss_mib_webhooks": of_webhooks,
        "bounded": all(seen[-1] - seen[0] <= GROWTH_MIB for seen in (of_messages, of_webhooks)),
        "cpu_s": round(time.process_time() - began, 1),
        "seed": seed,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=900_000)
    parser.add_argument("--webhooks", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures = fuzz(options.messages, options.webhooks, options.seed)
    print(json.dumps(figures) if options.json else "\n".join(f"{name:18} {value}" for name, value in figures.items()))
    return 0 if figures["bounded"] else 1


if __name__ == "__main__":
    sys.exit(main())
