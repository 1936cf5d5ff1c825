"""The Android project: its Kotlin compiles, its golden test runs as it is, hostile labels come out as they went in."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.embed.conftest import MakeProject
from tests.embed.kotlin import Compiled


def test_the_files_that_a_build_needs(make_project: MakeProject) -> None:
    project = make_project("android", "plain.tflite")
    for name in ("settings.gradle.kts", "build.gradle.kts", "app/build.gradle.kts", "core/build.gradle.kts"):
        assert (project / name).is_file()
    assert (project / "app/src/main/assets/model.tflite").is_file()
    assert len(list((project / "core/src/test/resources/golden").glob("*.png"))) == 16


def test_every_library_of_the_build_files_is_in_the_catalogue(make_project: MakeProject) -> None:
    project = make_project("android", "plain.tflite")
    catalogue = tomllib.loads((project / "gradle/libs.versions.toml").read_text(encoding="utf-8"))
    known = {f"libs.{name.replace('-', '.')}" for name in catalogue["libraries"]}
    known |= {f"libs.plugins.{name.replace('-', '.')}" for name in catalogue["plugins"]}
    used = {word for path in project.rglob("*.kts") for word in re.findall(r"\((libs\.[\w.]+)\)", path.read_text())}
    assert used == known
    versions = {entry["version"]["ref"] for entry in [*catalogue["libraries"].values(), *catalogue["plugins"].values()]}
    assert versions == set(catalogue["versions"])
    assert all(re.fullmatch(r"\d+(\.\d+)+", version) for version in catalogue["versions"].values()), "not pinned"


@pytest.mark.parametrize("model", ["plain.tflite", "hostile.tflite"])
def test_its_xml_is_xml(make_project: MakeProject, model: str) -> None:
    for path in make_project("android", model).rglob("*.xml"):
        ElementTree.parse(path)  # noqa: S314 - our own file


def test_labels_are_data_and_no_source(make_project: MakeProject) -> None:
    project = make_project("android", "hostile.tflite")
    for path in [*project.rglob("*.kt"), *project.rglob("*.kts")]:
        text = path.read_text(encoding="utf-8")
        assert text.isascii(), path.name
        assert "cheese" not in text


@pytest.mark.parametrize(("model", "call"), [("plain.tflite", "writeInt8("), ("float.tflite", "writeFloat(")])
def test_pixels_are_handed_over_as_the_model_takes_them(make_project: MakeProject, model: str, call: str) -> None:
    text = next(make_project("android", model).rglob("Classifier.kt")).read_text(encoding="utf-8")
    assert text.count("inputs[0].write") == 1
    assert f"inputs[0].{call}" in text


@pytest.mark.slow
@pytest.mark.xdist_group("kotlin")
def test_it_compiles_and_its_golden_test_passes(kotlin: Compiled) -> None:
    done = kotlin.run("org.junit.runner.JUnitCore", f"{kotlin.package}.GoldenTest")
    assert done.returncode == 0, done.stdout
    assert "OK (3 tests)" in done.stdout


@pytest.mark.slow
@pytest.mark.xdist_group("kotlin")
@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("sample.5.orientation=6", "preprocessingIsThatOfTheTraining"),
        ("labels_sha256=", "labelsAreThoseOfTheModel"),
        ("picture.2.sha256=", "goldenPicturesAreThoseOfTheManifest"),
    ],
)
def test_its_golden_test_can_fail(kotlin: Compiled, tmp_path: Path, what: str, words: str) -> None:
    core = shutil.copytree(kotlin.core, tmp_path / "core")
    golden = core / "src/test/resources/golden/golden.properties"
    text = golden.read_text(encoding="utf-8")
    assert what in text
    golden.write_text(text.replace(what, "sample.5.orientation=8" if "orientation" in what else what + "0"))
    done = Compiled(kotlin.jar, core, kotlin.package).run("org.junit.runner.JUnitCore", f"{kotlin.package}.GoldenTest")
    assert done.returncode == 1
    assert words in done.stdout
    assert "Failures: 1" in done.stdout
