"""How long the first screen of each page waits for the history, with 100,000 calls and 1,000,000 turns.

    python -m benchmarks.history_pages --var FOLDER [--calls 100000]        SQLite, in FOLDER
    python -m benchmarks.history_pages --postgresql [--calls 100000]        a PostgreSQL server of its own
    python -m benchmarks.history_pages --url postgresql://...               one that is there
    python -m benchmarks.history_pages --writer                             what a turn costs the call's loop

The history is made first where there is none (benchmarks/history_calls.py; some minutes). Each page is asked five
times; the first time, nothing of it is in this process's or SQLite's own memory. Limits: 500 ms a screen, 1 s a search.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.history_calls import END, generate
from voicebot.analytics.figures import Analytics
from voicebot.analytics.scope import Scope
from voicebot.store.history.database import Database, open_database
from voicebot.store.history.filters import CallFilter
from voicebot.store.history.keeping import Ages, CallHistory
from voicebot.store.history.preparing import Preparation
from voicebot.store.history.reading import History
from voicebot.store.history.records import Begun, HeardShare, Turn
from voicebot.store.history.tables import calls, moment, turns
from voicebot.store.journal import Entry

SCREEN_MS, SEARCH_MS = 500, 1000
_TIMES = 5
Page = tuple[str, int, Callable[[Database], object]]


def _pages() -> list[Page]:
    end = moment(END)
    month, quarter = Scope(end - timedelta(days=30), end), Scope(end - timedelta(days=90), end)
    shop = Scope(end - timedelta(days=30), end, pack="shop", language="ko")

    def listed(**wanted: object) -> Callable[[Database], object]:
        return lambda database: History(database).list_calls(CallFilter(**wanted))  # type: ignore[arg-type]

    def found(words: str, **wanted: object) -> Callable[[Database], object]:
        def search(database: Database) -> object:
            return History(database).search(words, CallFilter(**wanted) if wanted else None)  # type: ignore[arg-type]

        return search

    def overview(scope: Scope) -> Callable[[Database], object]:
        def screen(database: Database) -> object:
            analytics = Analytics(database)
            return (
                analytics.compared(scope),
                analytics.course(scope),
                analytics.flows(scope),
                analytics.intents(scope, limit=10),
                analytics.rising(scope),
                analytics.feelings(scope),
            )

        return screen

    def funnel(database: Database) -> object:
        analytics = Analytics(database)
        return analytics.flows(month), analytics.funnel(month, "return_item"), analytics.leaving(month, "return_item")

    def one_call(database: Database) -> object:
        history = History(database)
        return history.call(history.list_calls(CallFilter(until=end - timedelta(days=45)), limit=1).items[0].id)

    def far_page(database: Database) -> object:
        return History(database).list_calls(after=f"{END - 80 * 86_400_000}.20000")

    return [
        ("overview, 30 days", SCREEN_MS, overview(month)),
        ("overview, 90 days", SCREEN_MS, overview(quarter)),
        ("overview, one pack and language", SCREEN_MS, overview(shop)),
        ("flows, funnel, reasons for leaving", SCREEN_MS, funnel),
        ("KPIs by pack", SCREEN_MS, lambda database: Analytics(database).by(month, "pack")),
        ("history, first page", SCREEN_MS, listed()),
        ("history, 80 days back", SCREEN_MS, far_page),
        ("history, hand-overs of one pack", SCREEN_MS, listed(pack="bank", outcome="hand_over")),
        ("history, a flow, an intent, upset", SCREEN_MS, listed(flow="lost_card", intent="lost_card", feeling="angry")),
        ("history, an intent that nobody had", SCREEN_MS, listed(intent="nothing")),
        ("history, low ratings of an agent", SCREEN_MS, listed(max_csat=2, agent="agent07")),
        ("history, long calls", SCREEN_MS, listed(min_duration_s=60)),
        ("history, nothing is that long", SCREEN_MS, listed(min_duration_s=6000)),
        ("history, with words", SEARCH_MS, listed(words="반품")),
        ("a call", SCREEN_MS, one_call),
        ("hand-overs, waiting", SCREEN_MS, lambda database: History(database).hand_overs(waiting=True)),
        ("hand-overs, all", SCREEN_MS, lambda database: History(database).hand_overs()),
        ("audit trail", SCREEN_MS, lambda database: History(database).audit_trail()),
        ("search, a frequent word", SEARCH_MS, found("배송")),
        ("search, the most frequent word", SEARCH_MS, found("확인")),
        ("search, a syllable", SEARCH_MS, found("환")),
        ("search, two words", SEARCH_MS, found("해운대 주민센터")),
        ("search, a number", SEARCH_MS, found("4711")),
        ("search, English", SEARCH_MS, found("availab")),
        ("search, nothing", SEARCH_MS, found("코끼리")),
        ("search within a pack and a week", SEARCH_MS, found("반품", pack="shop", since=end - timedelta(days=7))),
        ("search within another pack", SEARCH_MS, found("반품", pack="bank")),
    ]


def measure(database: Database) -> bool:
    """Print a table; whether every page kept its limit."""
    with database.reading() as connection:
        numbers = [connection.execute(select(func.count()).select_from(table)).scalar() for table in (calls, turns)]
    print(f"{database.engine.dialect.name}: {numbers[0]} calls, {numbers[1]} turns, {datetime.now(UTC).date()}\n")
    print("| page | first, ms | median of 5, ms | of CPU here, ms | limit, ms |\n|---|---|---|---|---|")
    kept = True
    for name, limit, page in _pages():
        database.close()
        walls, cpus = [], []
        for _ in range(_TIMES):
            wall, cpu = time.perf_counter(), time.process_time()
            page(database)
            walls.append((time.perf_counter() - wall) * 1000)
            cpus.append((time.process_time() - cpu) * 1000)
        kept = kept and walls[0] <= limit
        median = statistics.median(walls)
        print(f"| {name} | {walls[0]:.0f} | {median:.0f} | {statistics.median(cpus):.0f} | {limit} |", flush=True)
    return kept


def measure_writer() -> None:
    """What `keep` costs whoever calls it, while two threads write to SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database("", Path(folder))
        prepare = Preparation(lambda number: number, "full")
        history = CallHistory(database, Path(folder) / "spool", prepare, Ages(30, 30, 30))
        facts = {f"number{n}": n / 7 for n in range(12)}
        costs: dict[str, list[float]] = {"of its own time": [], "by the clock": []}
        for call in range(200):
            history.keep(Begun(f"CA{call}", 1_000 + call, "shop", "1", "ko", "text"))
            for number in range(0, 20, 2):
                heard = Entry(
                    "caller", number * 1000, "주문한 이어폰 언제 와요?", "vosk-ko", "accept", 0.97, facts=facts
                )
                said = Entry("bot", number * 1000 + 700, "배송 중입니다. 내일 도착할 예정이에요.", wait_ms=700)
                wall, own = time.perf_counter(), time.thread_time()
                history.keep(HeardShare(f"CA{call}", 1_000 + call, max(0, number - 1), 1.0))
                history.keep(Turn(f"CA{call}", 1_000 + call, number, "ko", heard))
                history.keep(Turn(f"CA{call}", 1_000 + call, number + 1, "ko", said))
                costs["of its own time"].append((time.thread_time() - own) * 1000)
                costs["by the clock"].append((time.perf_counter() - wall) * 1000)
                time.sleep(0.001)
        history.flush(60)
        history.close()
    for name, spent in costs.items():
        spent.sort()
        middle, most = spent[len(spent) // 2], spent[len(spent) * 99 // 100]
        print(f"a turn costs the loop, ms {name}: median {middle:.4f}, 99 % {most:.4f}, worst {spent[-1]:.3f}")


@contextlib.contextmanager
def _database(arguments: argparse.Namespace) -> Iterator[Database]:
    if not arguments.postgresql:
        yield open_database(arguments.url, arguments.var)
        return
    from tests.support.postgresql import PostgreSQL

    server = PostgreSQL()
    try:
        yield open_database(server.new_database(), arguments.var)
    finally:
        server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--var", type=Path, default=Path("var/benchmark"))
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--writer", action="store_true")
    arguments = parser.parse_args()
    if arguments.writer:
        measure_writer()
        return
    with _database(arguments) as database:
        database.migrate()
        with database.reading() as connection:
            there = connection.execute(select(calls.c.key).limit(1)).first()
        if there is None:
            for done in generate(database, arguments.calls):
                print(f"\r{done} calls", end="", flush=True)
            print()
        kept = measure(database)
        database.close()
    if not kept:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
