from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from asr_models import download
from asr_models.errors import ModelFilesError
from tests.asr_models.upstream import Upstream

BODY = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(BODY).hexdigest()


def fetch(upstream: Upstream, target: Path, digest: str = DIGEST, size: int = len(BODY)) -> None:
    download.fetch(f"{upstream.url}/model.zip", target, size=size, digest=digest)


def test_a_file_arrives_whole_with_its_progress(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files["model.zip"] = BODY
    told: list[tuple[int, int]] = []
    download.fetch(
        f"{upstream.url}/model.zip", tmp_path / "m", size=1_000_000, digest=DIGEST, progress=lambda *at: told.append(at)
    )
    assert (tmp_path / "m").read_bytes() == BODY
    assert told[-1] == (len(BODY), len(BODY))
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_broken_connection_is_resumed_where_it_broke(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files["model.zip"] = BODY
    upstream.break_after = [1000, 500_000, 0]
    fetch(upstream, tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == BODY
    starts = [int(span.removeprefix("bytes=").rstrip("-") or 0) for _, span in upstream.asked]
    assert starts == [0, 1000, 501_000, 501_000]


def test_a_later_call_goes_on_with_what_an_earlier_one_left(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files["model.zip"] = BODY
    (tmp_path / "m.part").write_bytes(BODY[:4711])
    fetch(upstream, tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == BODY
    assert upstream.asked == [("/model.zip", "bytes=4711-")]


def test_what_was_complete_already_is_only_checked(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files["model.zip"] = BODY
    (tmp_path / "m.part").write_bytes(BODY)
    fetch(upstream, tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == BODY


def test_a_server_that_cannot_resume_sends_it_all_again(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files["model.zip"] = BODY
    upstream.resumes = False
    upstream.break_after = [300_000]
    fetch(upstream, tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == BODY


def test_a_file_that_became_shorter_is_fetched_anew(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files["model.zip"] = BODY
    (tmp_path / "m.part").write_bytes(BODY + b"more")
    fetch(upstream, tmp_path / "m")
    assert (tmp_path / "m").read_bytes() == BODY


def test_a_connection_that_breaks_every_time_is_given_up_with_what_came_kept(
    upstream: Upstream, tmp_path: Path
) -> None:
    upstream.files["model.zip"] = BODY
    upstream.break_after = [1000] + [0] * 10
    with pytest.raises(ModelFilesError, match="goes on where it stopped"):
        fetch(upstream, tmp_path / "m")
    assert (tmp_path / "m.part").read_bytes() == BODY[:1000]
    assert len(upstream.asked) == 1 + download.ATTEMPTS


def test_a_wrong_hash_leaves_nothing(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files["model.zip"] = BODY
    with pytest.raises(ModelFilesError, match="has not the SHA-256 000"):
        fetch(upstream, tmp_path / "m", digest="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_said_with_its_address(upstream: Upstream, tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"/model\.zip: the server answered 404"):
        fetch(upstream, tmp_path / "m")


def test_more_than_expected_is_refused(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files["model.zip"] = BODY
    with pytest.raises(ModelFilesError, match="twice what was expected"):
        fetch(upstream, tmp_path / "m", size=1000)


def test_no_server_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(ModelFilesError, match="check the network"):
            download.fetch(f"http://127.0.0.1:{free.getsockname()[1]}/m", tmp_path / "m", size=10)


def test_a_server_that_falls_silent_counts_as_broken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/m"
        with pytest.raises(ModelFilesError, match="timed out"):
            download.fetch(address, tmp_path / "m", size=10, timeout_s=0.02)


@pytest.mark.parametrize("url", ["ftp://example.com/m", "no address", "http://[::1/m"])
def test_an_address_that_is_none_is_said_so(url: str, tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError):
        download.fetch(url, tmp_path / "m", size=10)


def test_too_little_space_is_said_before_anything_is_fetched(
    upstream: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(ModelFilesError, match="make space"):
        fetch(upstream, tmp_path / "m")
    assert upstream.asked == []
