"""Recipes: what is read, what is refused, and that a resolved recipe read again is the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fv_core.errors import FvError, MissingPath, UnknownName
from fv_train.errors import BadRecipe
from fv_train.recipe import Data, Stage, headline, load_recipe, names
from fv_train.recipe_toml import MAX_BYTES


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", names())
def test_a_published_recipe_resolves_and_has_its_header(name: str) -> None:
    recipe = load_recipe(name)
    text = (Path(load_recipe.__globals__["FOLDER"]) / f"{name}.toml").read_text()
    assert recipe.name == name
    assert headline(name)
    assert f"fv train {name}" in text
    assert "# Source:" in text
    assert recipe.expect.top1


@pytest.mark.parametrize("name", names())
def test_a_resolved_recipe_read_again_is_equal(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert load_recipe(write(tmp_path, recipe.to_toml(), "other.toml")) == recipe


def test_text_with_quotes_and_control_characters_survives(tmp_path: Path) -> None:
    recipe = load_recipe("plates_quick")
    odd = replace(recipe, data=replace(recipe.data, imageset='a "b"\\ \n \x7f \x1b ä 🍕'))
    assert load_recipe(write(tmp_path, odd.to_toml())) == odd


def test_an_empty_recipe_is_the_defaults(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, ""))
    assert recipe.data == Data()
    assert dict(recipe.stage) == {"all": Stage()}


def test_extends_changes_only_what_is_said(tmp_path: Path) -> None:
    base = load_recipe("mobilenetv3large")
    mine = load_recipe(write(tmp_path, 'extends = "mobilenetv3large"\n[stage.finetune]\nepochs = 3\n'))
    assert mine.stage["finetune"] == replace(base.stage["finetune"], epochs=3)
    assert list(mine.stage) == ["extract", "finetune"]
    assert replace(mine, name=base.name, stage=base.stage) == base


def test_set_changes_one_key_by_the_type_of_its_field() -> None:
    base = load_recipe("plates_quick")
    changed = load_recipe(
        "plates_quick",
        ["data.batch_size=32", "model.minimalistic=true", "optimizer.weight_decay=1e-2", "stage.scratch.epochs=3"],
    )
    assert changed.data == replace(base.data, batch_size=32)
    assert changed.model.minimalistic is True
    assert changed.optimizer.weight_decay == 0.01
    assert changed.stage["scratch"].epochs == 3


def test_set_takes_text_as_it_is() -> None:
    wanted = "a=b; __import__('os').system('true')"
    assert load_recipe("plates_quick", [f"model.weights={wanted}"]).model.weights == wanted


@pytest.mark.parametrize(
    ("setting", "word"),
    [
        ("data.batchsize=3", "batch_size"),
        ("dta.batch_size=3", "data"),
        ("data.batch_size=many", "whole number"),
        ("data.batch_size=0", "from 1"),
        ("data.batch_size=1.5", "whole number"),
        ("optimizer.weight_decay=nan", "from 0"),
        ("optimizer.weight_decay=inf", "from 0"),
        ("optimizer.name=adamm", "adamw"),
        ("model.minimalistic=yes", "true or false"),
        ("data=3", "a table"),
        ("data.seed.more=3", "no keys"),
        ("data.seed", "table.key=value"),
        ("=3", "table.key=value"),
        ("name=../up", "cannot be called"),
    ],
)
def test_a_wrong_setting_is_refused_with_a_way_out(setting: str, word: str) -> None:
    with pytest.raises(BadRecipe) as caught:
        load_recipe("plates_quick", [setting])
    assert word in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[data]\nbatch_sise = 3\n", "batch_size"),
        ("[data]\nbatch_size = '3'\n", "whole number"),
        ("[data]\nbatch_size = true\n", "whole number"),
        ("data = 3\n", "a table"),
        ("stage = 3\n", "tables"),
        ("[stage]\n", "tables"),
        ("[stage.a]\ntrain = 'everything'\n", "head or all"),
        ("[model\n", "cannot read"),
        ("x = " + "[" * 20_000, "cannot read"),
        ("x = " + "9" * 10_000, "cannot read"),
        ("[" + "a." * 30_000 + "b]\n", "unknown key"),
        ("#" * (MAX_BYTES + 1), "more than"),
        ("[data]\nseed = 1\nseed = 2\n", "cannot read"),
        ("[optimizer]\nweight_decay = nan\n", "from 0"),
        ("extends = 3\n", "unknown recipe"),
        ("extends = '../../../etc/passwd'\n", "unknown recipe"),
    ],
)
def test_hostile_or_wrong_files_are_one_error(text: str, word: str, tmp_path: Path) -> None:
    with pytest.raises(FvError) as caught:
        load_recipe(write(tmp_path, text))
    assert caught.value.exit_code == 2
    assert word in f"{caught.value} {caught.value.hint}"
    assert len(str(caught.value)) < 400


def test_a_binary_file_is_no_recipe(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(bytes(range(256)))
    with pytest.raises(BadRecipe):
        load_recipe(str(path))


def test_unknown_names_offer_the_nearest() -> None:
    with pytest.raises(UnknownName) as caught:
        load_recipe("plates_quik")
    assert "plates_quick" in caught.value.hint


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingPath):
        load_recipe(str(tmp_path / "none.toml"))
