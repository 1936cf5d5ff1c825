"""Hostile and broken `.keras` archives (attack cases 1 to 12); each is built here, none is loaded by Keras."""

from __future__ import annotations

import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fv_core.errors import FvError, MissingPath
from fv_train.keras_archive import DamagedModel, LegacyKerasFile, UnsafeModel, write_clean_copy

Members = dict[str, bytes]


def layer(kind: str = "Dense", module: str | None = "keras.layers", **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "module": module, "registered_name": None, "config": {"name": "layer", **config}}


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return {
        "class_name": "Sequential",
        "module": "keras",
        "registered_name": None,
        "config": {"layers": list(layers)},
        "compile_config": {"optimizer": {"class_name": "Evil", "module": "os"}},
    }


def archive(path: Path, config: object, change: Callable[[Members], None] = lambda members: None) -> Path:
    members = {
        "metadata.json": b"{}",
        "config.json": config if isinstance(config, bytes) else json.dumps(config).encode(),
        "model.weights.h5": b"\x89HDF\r\n\x1a\n weights",
    }
    change(members)
    with zipfile.ZipFile(path, "w") as target:
        for name, data in members.items():
            target.writestr(name, data)
    return path


def refused(path: Path, tmp_path: Path, kind: type[FvError]) -> FvError:
    target = tmp_path / "clean" / "model.keras"
    target.parent.mkdir()
    with pytest.raises(kind) as caught:
        write_clean_copy(path, target)
    assert caught.value.why
    return caught.value


def test_a_plain_model_is_copied_without_its_compile_configuration(tmp_path: Path) -> None:
    source = archive(tmp_path / "m.keras", model(layer("InputLayer"), layer("Conv2D"), layer("Dense")))
    write_clean_copy(source, tmp_path / "clean.keras")
    with zipfile.ZipFile(tmp_path / "clean.keras") as clean:
        assert json.loads(clean.read("config.json"))["compile_config"] is None
        assert clean.read("model.weights.h5") == b"\x89HDF\r\n\x1a\n weights"


def test_every_dtype_policy_becomes_float32(tmp_path: Path) -> None:
    policy = {
        "class_name": "DTypePolicy",
        "module": "keras",
        "registered_name": None,
        "config": {"name": "mixed_float16"},
    }
    source = archive(tmp_path / "m.keras", model(layer("Conv2D", dtype=policy)))
    write_clean_copy(source, tmp_path / "clean.keras")
    with zipfile.ZipFile(tmp_path / "clean.keras") as clean:
        found = json.loads(clean.read("config.json"))["config"]["layers"][0]["config"]["dtype"]
    assert found["config"] == {"name": "float32"}


@pytest.mark.parametrize(
    "bad",
    [
        layer("Lambda"),
        layer("system", module="os"),
        layer("eval", module="builtins"),
        layer("enable_unsafe_deserialization", module="keras.config"),
        layer("enable_unsafe_deserialization", module="keras.src.saving.serialization_lib"),
        layer("TorchModuleWrapper"),
        layer("TFSMLayer", filepath="elsewhere/model"),
        layer("StringLookup", vocabulary="/etc/passwd"),
        layer("TextVectorization", vocabulary="http://example.org"),
        {**layer("Dense"), "registered_name": "custom>Dense"},
        {"class_name": "function", "module": "builtins", "config": "f", "registered_name": "function"},
        layer("Conv2D", kernel_initializer={"class_name": "a.b", "module": "keras.initializers", "config": {}}),
        layer("Dense", module=None),
        layer("Dense", name="../../x"),
        layer("Dense", name="..\\x"),
        layer("Dense", name="/etc/x"),
    ],
    ids=lambda bad: f"{bad['module']}-{bad['class_name']}-{bad['config'] if isinstance(bad['config'], str) else ''}",
)
def test_what_is_no_part_of_a_classifier_is_refused(bad: dict[str, Any], tmp_path: Path) -> None:
    refused(archive(tmp_path / "m.keras", model(layer("Conv2D"), bad)), tmp_path, UnsafeModel)


def test_a_lambda_deep_inside_another_layer_is_found(tmp_path: Path) -> None:
    nested = layer("RandAugment", inner=[{"deeper": layer("Lambda")}])
    error = refused(archive(tmp_path / "m.keras", model(nested)), tmp_path, UnsafeModel)
    assert "Lambda" in error.why


@pytest.mark.parametrize("name", ["../x", "..\\x", "/etc/x", "assets/vocabulary.txt", "model.weights.npz"])
def test_a_surplus_member_is_refused(name: str, tmp_path: Path) -> None:
    source = archive(tmp_path / "m.keras", model(), lambda members: members.update({name: b"x"}))
    assert repr(name) in refused(source, tmp_path, UnsafeModel).why


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    source = archive(tmp_path / "m.keras", model())
    with zipfile.ZipFile(source, "a") as target:
        target.writestr("config.json", json.dumps(model(layer("Lambda"))))
    refused(source, tmp_path, UnsafeModel)


def test_a_symbolic_link_in_the_archive_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "m.keras"
    with zipfile.ZipFile(source, "w") as target:
        target.writestr("metadata.json", "{}")
        target.writestr("config.json", json.dumps(model()))
        link = zipfile.ZipInfo("model.weights.h5")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        target.writestr(link, "/etc/passwd")
    refused(source, tmp_path, UnsafeModel)


@pytest.mark.parametrize("name", ["config.json", "metadata.json", "model.weights.h5"])
def test_a_member_that_unpacks_to_far_too_much_is_refused_before_it_is_read(name: str, tmp_path: Path) -> None:
    source = tmp_path / "m.keras"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_BZIP2) as target:
        for member in ("metadata.json", "config.json", "model.weights.h5"):
            target.writestr(member, b"{}" if member != name else b" " * (64 << 20))
    refused(source, tmp_path, UnsafeModel)


def test_a_deeply_nested_configuration_is_refused(tmp_path: Path) -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    refused(archive(tmp_path / "m.keras", model(layer("Dense", deep=deep))), tmp_path, UnsafeModel)


def test_a_configuration_that_exhausts_the_parser_is_damaged(tmp_path: Path) -> None:
    refused(archive(tmp_path / "m.keras", b"[" * 100_000), tmp_path, DamagedModel)


@pytest.mark.parametrize("config", [b"\xff\xfe", b"{", [], {"class_name": "Dense"}], ids=str)
def test_a_configuration_of_no_model_is_damaged(config: object, tmp_path: Path) -> None:
    refused(archive(tmp_path / "m.keras", config), tmp_path, DamagedModel)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_archive_is_damaged(share: float, tmp_path: Path) -> None:
    whole = archive(tmp_path / "whole.keras", model(layer("Dense"))).read_bytes()
    source = tmp_path / "m.keras"
    source.write_bytes(whole[: int(share * len(whole))])
    refused(source, tmp_path, DamagedModel)


def test_a_legacy_file_is_refused_by_content_and_by_name(tmp_path: Path) -> None:
    disguised = tmp_path / "m.keras"
    disguised.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 64)
    named = tmp_path / "m.h5"
    named.write_bytes(b"anything")
    for source in (disguised, named):
        with pytest.raises(LegacyKerasFile):
            write_clean_copy(source, tmp_path / "clean.keras")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "m.keras"
    folder.mkdir()
    with pytest.raises(MissingPath, match="folder"):
        write_clean_copy(folder, tmp_path / "clean.keras")


def test_a_missing_file_and_another_suffix_are_said(tmp_path: Path) -> None:
    with pytest.raises(MissingPath):
        write_clean_copy(tmp_path / "none.keras", tmp_path / "clean.keras")
    other = tmp_path / "m.txt"
    other.write_text("hello")
    with pytest.raises(DamagedModel):
        write_clean_copy(other, tmp_path / "clean.keras")
