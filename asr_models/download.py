"""Fetching one file over HTTP: resumed where it broke off, bounded, checked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx

from asr_models.errors import ModelFilesError
from asr_models.files import file_error, sha256

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes expected in all."""


def no_progress(_done: int, _total: int) -> None:
    """Tell nobody."""


TIMEOUT_S = 30.0
"""Seconds without a byte after which a connection counts as broken."""

ATTEMPTS = 5
"""Connections made before giving up. One that brought something does not count."""


def fetch(
    url: str,
    target: Path,
    *,
    size: int,
    digest: str = "",
    progress: Progress = no_progress,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Fetch `url` into `target`, which must not exist before.

    What arrives stands in `target` + ".part" until it is complete; a later call goes on from there. `size` is what to
    expect in bytes: more than twice that is refused. With `digest`, a file of another SHA-256 is removed and refused.
    Raises ModelFilesError.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        missing = size - (part.stat().st_size if part.exists() else 0)
        if shutil.disk_usage(target.parent).free < missing:
            raise ModelFilesError(
                f"{target.parent}: {missing // 1_000_000 + 1} MB are needed and less is free; make space there."
            )
        _fetch_with_attempts(url, part, size, progress, timeout_s)
        if digest and sha256(part) != digest:
            part.unlink()
            raise ModelFilesError(
                f"{url}: what came has not the SHA-256 {digest} and was removed; try again, or name another source "
                "with --from."
            )
        part.rename(target)
    except OSError as error:
        raise file_error(target, error) from None


def _fetch_with_attempts(url: str, part: Path, size: int, progress: Progress, timeout_s: float) -> None:
    failures = 0
    with httpx.Client(follow_redirects=True, timeout=timeout_s) as client:
        while True:
            before = part.stat().st_size if part.exists() else 0
            try:
                _fetch_rest(client, url, part, size, progress)
                return
            except (httpx.TransportError, httpx.TooManyRedirects) as error:
                came_on = part.exists() and part.stat().st_size > before
                failures = 0 if came_on else failures + 1
                if failures == ATTEMPTS or isinstance(error, httpx.UnsupportedProtocol):
                    reason = str(error) or type(error).__name__
                    raise ModelFilesError(
                        f"{url}: can't be fetched ({reason}); check the network and give the same command again, it "
                        "goes on where it stopped."
                    ) from None
            except httpx.InvalidURL:
                raise ModelFilesError(f"{url}: not a URL; write it as https://HOST/PATH.") from None


def _fetch_rest(client: httpx.Client, url: str, part: Path, size: int, progress: Progress) -> None:
    """One connection: append to `part` what is missing of it."""
    have = part.stat().st_size if part.exists() else 0
    # Bytes as they are: a compressed transfer would make the offsets mean something else.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and have:
            if response.headers.get("Content-Range") == f"bytes */{have}":
                return
            part.unlink()
            raise httpx.RemoteProtocolError("the file there has changed")
        if not response.is_success:
            raise ModelFilesError(
                f"{url}: the server answered {response.status_code} {response.reason_phrase}; check the address, or "
                "name another source with --from."
            )
        resumed = response.status_code == httpx.codes.PARTIAL_CONTENT
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.unlink()
            raise httpx.RemoteProtocolError("the server sent another part than was asked for")
        done = have if resumed else 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length and length.isdecimal() else size
        _refuse_more(url, total, size)
        with part.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_raw():
                done += len(chunk)
                _refuse_more(url, done, size)
                file.write(chunk)
                progress(done, total)


def _refuse_more(url: str, amount: int, size: int) -> None:
    if amount > 2 * size:
        raise ModelFilesError(
            f"{url}: more than {2 * size // 1_000_000 + 1} MB, twice what was expected; that is not the model, "
            "name another source with --from."
        )
