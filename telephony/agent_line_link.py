"""From the worker that accepted an agent's socket to the one that holds the caller: a Unix socket between them.

One message a line, as JSON text has no line break in it. The socket lies in a folder that only this user may enter. A
frame takes well under a millisecond this way, where the bus takes a fifth of a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from telephony.agent_line_end import SendText, Texts

_log = structlog.get_logger(__name__)

_LONGEST_PATH = 100
"""Of the 108 bytes that a Unix socket's address may have."""
_LONGEST_LINE = 65_536
_HELLO_WITHIN_S = 5.0

Joined = Callable[[str, str, str, Texts, SendText], Awaitable[None]]
"""A call, the agent's name as accounts have it and as others see it, and the agent's socket."""


class LineLink:
    """This worker's side."""

    def __init__(self, folder: Path) -> None:
        """`folder` is made where it is missing; one with a long path is replaced by one among the temporary files."""
        name = f"{os.getpid()}-{secrets.token_hex(4)}.sock"
        if len(str(folder / name)) > _LONGEST_PATH:
            folder = Path(tempfile.gettempdir()) / f"voicebot-{os.getuid()}"
        self._path = folder / name
        self._server: asyncio.Server | None = None
        self._joined: Joined | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def address(self) -> str:
        """By which other workers reach this one."""
        return str(self._path)

    async def listen(self, joined: Joined) -> None:
        """Take agents from other workers from now on. Raises OSError."""
        self._joined = joined
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid != os.getuid():
            raise PermissionError(f"{folder} belongs to somebody else")
        folder.chmod(0o700)
        for left in folder.glob("*.sock"):
            if not Path("/proc", left.name.partition("-")[0]).exists():
                left.unlink(missing_ok=True)  # of a worker that was killed
        self._server = await asyncio.start_unix_server(self._take, self._path, limit=_LONGEST_LINE)

    async def close(self) -> None:
        """Take nobody any more."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._open):
            task.cancel()
        self.forget()

    def forget(self) -> None:
        """Remove the address, at the process's end."""
        with contextlib.suppress(OSError):
            self._path.unlink()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            async with asyncio.timeout(_HELLO_WITHIN_S):
                hello = json.loads(await reader.readline())
            assert self._joined is not None
            await self._joined(hello["call"], hello["agent"], hello["shown"], _lines(reader), _writer(writer))
        except (OSError, ValueError, KeyError, TimeoutError) as error:
            _log.warning("an agent of another worker was not connected", error=type(error).__name__)
        except asyncio.CancelledError:
            pass  # this worker stops
        finally:
            self._open.discard(task)
            writer.close()


async def pass_on(address: str, call: str, agent: str, shown: str, texts: Texts, send: SendText) -> None:
    """Connect an agent's socket with the worker at `address`, until either side is done. Raises OSError."""
    reader, writer = await asyncio.open_unix_connection(address, limit=_LONGEST_LINE)
    write = _writer(writer)
    await write(json.dumps({"call": call, "agent": agent, "shown": shown}))
    tasks = [asyncio.create_task(_pump(texts, write)), asyncio.create_task(_pump(_lines(reader), send))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()


async def _pump(texts: Texts, send: SendText) -> None:
    while (text := await texts()) is not None:
        if isinstance(text, str):
            await send(text)


def _lines(reader: asyncio.StreamReader) -> Texts:
    async def texts() -> str | None:
        try:
            line = await reader.readline()
        except (ValueError, OSError):  # longer than any message, or cut off
            return None
        return line.decode().rstrip("\n") if line else None

    return texts


def _writer(writer: asyncio.StreamWriter) -> SendText:
    async def send(text: str) -> None:
        writer.write(text.replace("\n", " ").encode() + b"\n")
        await writer.drain()

    return send
