from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from asr_models.catalogue import Download, Model
from asr_models.errors import ModelFilesError
from asr_models.installation import Trust, install, verify
from asr_models.resolver import find
from tests.asr_models.upstream import Upstream

FILES = {"am/final.mdl": b"acoustic" * 1000, "conf/mfcc.conf": b"--sample-frequency=16000\n"}
ACCEPT = Trust(first_use=True)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            archive.writestr(path, data)
    return buffer.getvalue()


def vosk_model(upstream: Upstream, archive: bytes, *, sha256: str = "", files: dict[str, str] | None = None) -> Model:
    upstream.files["small.zip"] = archive
    return Model(
        name="vosk-xx",
        purpose="test",
        languages=("ko",),
        licence="Apache-2.0",
        size=20_000,
        essential=tuple(FILES),
        downloads=(Download(f"{upstream.url}/small.zip", len(archive), sha256),),
        files=files or {},
    )


GOOD = zipped({f"vosk-model-small/{path}": data for path, data in FILES.items()})


def test_an_archive_with_the_right_hash_becomes_a_folder_that_is_found_and_verified(
    upstream: Upstream, tmp_path: Path
) -> None:
    wanted = vosk_model(upstream, GOOD, sha256=digest(GOOD))
    found = install(wanted, tmp_path / "models")
    assert {path: (found.folder / path).read_bytes() for path in FILES} == FILES
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["vosk-xx"]
    again = find(wanted, var=tmp_path)
    assert again == found
    assert verify(found).wrong == ""
    assert verify(found).basis == "installation"


def test_a_damaged_file_is_found_by_verify(upstream: Upstream, tmp_path: Path) -> None:
    found = install(vosk_model(upstream, GOOD, sha256=digest(GOOD)), tmp_path)
    (found.folder / "am/final.mdl").write_bytes(b"something else")
    assert verify(found).wrong == "am/final.mdl is not what it should be"
    (found.folder / "am/final.mdl").unlink()
    assert verify(found).wrong == "am/final.mdl is missing"


def test_a_model_of_single_files_is_fetched_file_by_file(upstream: Upstream, tmp_path: Path) -> None:
    upstream.files |= {"at/rev/model.bin": b"weights" * 5000, "at/rev/config.json": b"{}"}
    wanted = Model(
        name="whisper-xx",
        purpose="test",
        languages=("ko",),
        licence="MIT",
        size=50_000,
        essential=("model.bin", "config.json"),
        downloads=tuple(
            Download(f"{upstream.url}/{path}", len(data), digest(data), path.rpartition("/")[2])
            for path, data in upstream.files.items()
        ),
        files={path.rpartition("/")[2]: digest(data) for path, data in upstream.files.items()},
    )
    told: list[int] = []
    found = install(wanted, tmp_path, progress=lambda done, _total: told.append(done))
    assert (found.folder / "model.bin").read_bytes() == b"weights" * 5000
    assert told[-1] == 35_002
    assert verify(found) == verify(found).__class__("", "catalogue", 2)


def test_an_archive_of_unknown_hash_is_refused_before_it_is_fetched(upstream: Upstream, tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"no hash of it is known.*--sha256.*--trust-first-use"):
        install(vosk_model(upstream, GOOD), tmp_path)
    assert upstream.asked == []


def test_an_operator_may_give_the_hash_or_trust_the_first_use(upstream: Upstream, tmp_path: Path) -> None:
    wanted = vosk_model(upstream, GOOD)
    assert verify(install(wanted, tmp_path / "given", trust=Trust(digest(GOOD)))).basis == "installation"
    assert verify(install(wanted, tmp_path / "first", trust=ACCEPT)).files == 2
    with pytest.raises(ModelFilesError, match="SHA-256 1111"):
        install(wanted, tmp_path / "wrong", trust=Trust("1" * 64))
    assert list((tmp_path / "wrong").iterdir()) == []


def test_known_hashes_of_the_files_stand_in_for_the_archives(upstream: Upstream, tmp_path: Path) -> None:
    known = {path: digest(data) for path, data in FILES.items()}
    assert verify(install(vosk_model(upstream, GOOD, files=known), tmp_path / "a")).basis == "catalogue"
    other = vosk_model(upstream, GOOD, files=known | {"conf/mfcc.conf": "0" * 64})
    with pytest.raises(ModelFilesError, match=r"conf/mfcc\.conf is not what it should be.*--trust-first-use"):
        install(other, tmp_path / "b")
    assert not (tmp_path / "b" / "vosk-xx").exists()
    asked = len(upstream.asked)
    install(other, tmp_path / "b", trust=ACCEPT)
    assert len(upstream.asked) == asked, "what had come already is not fetched again"


def test_a_mirror_takes_upstreams_place(upstream: Upstream, tmp_path: Path) -> None:
    wanted = vosk_model(upstream, GOOD, sha256=digest(GOOD))
    upstream.files = {"inside/small.zip": GOOD}
    install(wanted, tmp_path, mirror=f"{upstream.url}/inside/")
    assert upstream.asked == [("/inside/small.zip", "")]


@pytest.mark.parametrize("path", ["../../escaped", "/etc/escaped", "vosk/../../escaped", "..\\escaped"])
def test_an_archive_never_writes_outside_its_folder(upstream: Upstream, tmp_path: Path, path: str) -> None:
    archive = zipped({**FILES, path: b"!"})
    with pytest.raises(ModelFilesError, match="outside the model"):
        install(vosk_model(upstream, archive), tmp_path / "models", trust=ACCEPT)
    assert not list(tmp_path.rglob("*escaped*"))
    assert not (tmp_path / "models" / "vosk-xx").exists()


def test_an_archive_that_unpacks_to_far_too_much_is_refused(upstream: Upstream, tmp_path: Path) -> None:
    archive = zipped({**FILES, "bomb": bytes(1_000_000)})
    with pytest.raises(ModelFilesError, match="can't be the model"):
        install(vosk_model(upstream, archive), tmp_path, trust=ACCEPT)


def test_what_is_no_archive_is_removed_and_said(upstream: Upstream, tmp_path: Path) -> None:
    page = b"<html>Please log in to this network</html>" * 300
    with pytest.raises(ModelFilesError, match="no whole zip archive"):
        install(vosk_model(upstream, page), tmp_path, trust=ACCEPT)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_without_the_essential_files_is_refused(upstream: Upstream, tmp_path: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"am/final\.mdl is not in what came"):
        install(vosk_model(upstream, zipped({"README": b"moved"})), tmp_path, trust=ACCEPT)


def test_a_new_installation_takes_the_place_of_the_old(upstream: Upstream, tmp_path: Path) -> None:
    wanted = vosk_model(upstream, GOOD, sha256=digest(GOOD))
    folder = install(wanted, tmp_path).folder
    (folder / "stray").write_text("old")
    assert not (install(wanted, tmp_path).folder / "stray").exists()
