"""The history's database: SQLite by default, PostgreSQL by its URL; opened, and brought to the newest schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, Insert, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from voicebot.errors import VoicebotError

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATING = 0x766F6963
"""The advisory lock on PostgreSQL under which the schema is changed; any number that others don't use."""
BUSY_S = 5.0
"""How long SQLite waits for another process that is writing."""
CONNECT_S = 5
"""How long PostgreSQL may take to answer."""


class DatabaseError(VoicebotError):
    """A database that can't be used."""


class Database:
    """The engine, and what differs between the two databases. Callable from any thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"

    @property
    def shown(self) -> str:
        """Its URL, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT that knows ON CONFLICT."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def insert_new(self, table: Table) -> Insert:
        """An INSERT that passes over rows which are there already."""
        return self.insert(table).on_conflict_do_nothing()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for one consistent look. Raises DatabaseError."""
        with self._explained(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction, kept where the block ends in order. Raises DatabaseError."""
        with self._explained(), self.engine.begin() as connection:
            if self.is_sqlite:
                # The write lock comes first: a transaction that has read already could not wait for it.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise DatabaseError(
                f"the database {self.shown} failed ({reason(error)}); is it running and up to date?"
            ) from error

    def migrate(self) -> None:
        """Bring the schema up to date; several processes may do so at once. Raises DatabaseError."""
        try:
            with self.engine.begin() as connection:
                # The next process waits here, then finds nothing to do.
                if self.is_sqlite:
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                else:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING})
                configuration = self._alembic()
                configuration.attributes["connection"] = connection
                command.upgrade(configuration, "heads")
        except CommandError:
            raise DatabaseError(
                f"the database {self.shown} was made by a newer version of voicebot; install that version."
            ) from None
        except SQLAlchemyError as error:
            raise DatabaseError(
                f"the database {self.shown} can't be prepared ({reason(error)}); "
                "check database_url, that the server runs, and that its user may create tables."
            ) from error

    def revisions(self) -> tuple[str, str]:
        """The schema's revision in the database (empty where there is none) and the newest one."""
        newest = ", ".join(sorted(ScriptDirectory.from_config(self._alembic()).get_heads()))
        with self.reading() as connection:
            return ", ".join(sorted(MigrationContext.configure(connection).get_current_heads())), newest

    def tune(self) -> None:
        """Let the database look at what it holds, so that it plans well. For after many rows came or went."""
        with self._explained(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for statement in ("PRAGMA optimize", "ANALYZE") if self.is_sqlite else ("VACUUM ANALYZE",):
                connection.exec_driver_sql(statement)

    def _alembic(self) -> Config:
        configuration = Config()
        configuration.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        return configuration

    def close(self) -> None:
        self.engine.dispose()


def open_database(url: str, var: Path) -> Database:
    """The database at `url`; empty: SQLite in `var`. Nothing is connected to yet. Raises DatabaseError."""
    if not url:
        return _sqlite(URL.create("sqlite", database=str(var / "history.db")))
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            return _sqlite(parsed)
        if backend != "postgresql":
            raise ArgumentError
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    except (ArgumentError, NoSuchModuleError):
        raise DatabaseError(
            "database_url can't be used; write postgresql://USER:PASSWORD@HOST/DATABASE or sqlite:///PATH, "
            "or leave it empty."
        ) from None
    except ImportError:
        raise DatabaseError(
            "PostgreSQL needs a package more; install it with: pip install 'voicebot[postgres]'."
        ) from None


def _postgresql(url: URL) -> Database:
    engine = create_engine(
        url,
        pool_size=5,
        max_overflow=10,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": CONNECT_S,
            # The server too must notice a host that is cut off: what that one was writing stays locked till then.
            "options": "-c timezone=UTC -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 "
            "-c tcp_keepalives_count=2 -c tcp_user_timeout=20000",
            # A server that is cut off closes nothing: without these a question to it waits for a quarter of an hour.
            "tcp_user_timeout": CONNECT_S * 1000,
            "keepalives_idle": CONNECT_S,
            "keepalives_interval": CONNECT_S,
            "keepalives_count": 2,
        },
    )
    return Database(engine)


def _sqlite(url: URL) -> Database:
    if url.database and url.database != ":memory:":
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Made by the service's own user, for it only: words are in it.
            Path(url.database).touch(mode=0o600)
        except OSError as error:
            raise DatabaseError(
                f"{url.database}: can't be made ({error.strerror}); check the folder's permissions."
            ) from None
    engine = create_engine(url, connect_args={"timeout": BUSY_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        # NORMAL: a killed process loses nothing; a power cut may cost the last transactions, never the file.
        for setting in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "cache_size = -65536"):
            cursor.execute(f"PRAGMA {setting}")
        cursor.close()

    return Database(engine)


def reason(error: SQLAlchemyError) -> str:
    """The database's own words, one line, without the statement and its values (they may be what callers said)."""
    original = getattr(error, "orig", None)
    if original is None or isinstance(error, DataError | IntegrityError):
        return type(error).__name__
    lines = str(original).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(original).__name__
