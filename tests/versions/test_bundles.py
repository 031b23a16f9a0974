"""Bundles: what was signed is what is unpacked, and nothing else."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.versions.conftest import Made
from voicebot.store.versions import BundleError, VersionError, Versions, bundle, packing
from voicebot.store.versions.tables import version_chunks


def test_a_bundle_comes_back_as_it_was_packed(made: Made, tmp_path: Path) -> None:
    folder = made()
    found = bundle.verify(folder)
    back = packing.unpack(packing.packed(folder, found), tmp_path / "there" / found.id, found.digest)
    assert (back.id, back.size) == (found.id, found.size)
    for name in found.manifest.files:
        assert (tmp_path / "there" / found.id / name).read_bytes() == (folder / name).read_bytes()


def test_the_id_follows_from_everything_that_is_in_it(made: Made) -> None:
    assert bundle.verify(made("one")).id != bundle.verify(made("two")).id


@pytest.mark.parametrize("what", ["changed", "missing", "added", "link", "manifest", "author", "newer", "no manifest"])
def test_a_damaged_or_altered_bundle_is_refused_in_one_sentence(made: Made, what: str) -> None:
    folder = made()
    file, manifest = folder / "content/shop/flows.yaml", folder / "manifest.json"
    written = json.loads(manifest.read_text())
    match what:
        case "changed":
            file.write_text(file.read_text() + " ")
        case "missing":
            file.unlink()
        case "added":
            (folder / "content/shop/more.yaml").write_text("x: 1")
        case "link":
            file.unlink()
            file.symlink_to("/etc/passwd")
        case "manifest":
            manifest.write_text("{")
        case "author":
            manifest.write_text(json.dumps({**written, "author": "lee"}))
        case "newer":
            manifest.write_text(json.dumps({**written, "format": 99}))
        case "no manifest":
            manifest.unlink()
    with pytest.raises(BundleError) as refused:
        bundle.verify(folder)
    assert "\n" not in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/x", "a/../../b", ".hidden", "a//b", "con\\x", "a/", "x\x00", "a/b. "]
)
def test_no_path_leads_out_of_the_folder(name: str) -> None:
    assert not bundle.is_safe(name)


@given(st.text(max_size=40))
def test_a_safe_path_stays_within_its_folder(name: str) -> None:
    if bundle.is_safe(name):
        assert (Path("/f") / name).resolve().is_relative_to("/f/")


def _tar(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for member, data in members:
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return file.getvalue()


@pytest.mark.parametrize("how", ["cut", "noise", "slip", "symlink", "twice", "other"])
def test_what_is_stored_is_not_believed(made: Made, tmp_path: Path, how: str) -> None:
    folder = made()
    found = bundle.verify(folder)
    whole = b"".join(packing.packed(folder, found))
    manifest = tarfile.TarInfo("manifest.json"), (folder / "manifest.json").read_bytes()
    link = tarfile.TarInfo("content/shop/flows.yaml")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    first = next(iter(found.manifest.files))
    member = tarfile.TarInfo(first), (folder / first).read_bytes()
    stored = {
        "cut": whole[: len(whole) // 2],
        "noise": b"noise",
        "slip": _tar([manifest, (tarfile.TarInfo("../evil"), b"x")]),
        "symlink": _tar([manifest, (link, b"")]),
        "twice": _tar([manifest, member, (tarfile.TarInfo(first), member[1])]),
        "other": _tar([manifest, (tarfile.TarInfo(first), b"something else")]),
    }[how]
    with pytest.raises(BundleError):
        packing.unpack([stored], tmp_path / "there" / found.id, found.digest)
    assert list((tmp_path / "there").iterdir()) == []


def test_a_version_that_was_altered_on_disk_is_unpacked_anew(registry: Versions, made: Made) -> None:
    version = registry.add(made(), "kim")
    flows = registry.folder(version.id) / "content/shop/flows.yaml"
    right = flows.read_bytes()
    flows.write_text("flows: {}")
    assert (registry.folder(version.id) / "content/shop/flows.yaml").read_bytes() == right


def test_a_version_that_is_damaged_in_the_database_is_refused(registry: Versions, made: Made) -> None:
    version = registry.add(made(), "kim")
    with registry._database.writing() as connection:
        connection.execute(version_chunks.update().values(data=b"damaged"))
    with pytest.raises(BundleError, match="damaged"):
        registry.folder(version.id)


def test_a_bundle_is_added_once(registry: Versions, made: Made) -> None:
    folder = made()
    registry.add(folder, "kim")
    with pytest.raises(VersionError, match="already"):
        registry.add(folder, "kim")
