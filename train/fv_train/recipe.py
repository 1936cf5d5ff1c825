"""Recipes: everything that decides what a training run does, as data.

A recipe is a TOML file of the tables below; a key that is left out has the default written here and nowhere else.
`extends = "NAME"` starts from a published recipe, `--set table.key=value` changes single keys on top. The resolved
recipe is stored in the run, and a run goes on only under the recipe that it was started with.

Published recipes are the files of `recipes/`; a user's own file is read by the same code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from fv_core.errors import MissingPath
from fv_core.registry import unknown_name
from fv_train import recipe_rules, recipe_toml
from fv_train.errors import BadRecipe

FOLDER = Path(__file__).parent / "recipes"
# Nobody's chain of recipes is longer; a cycle is found by name before this.
MAX_EXTENDS = 8


def _number(default: float, low: float, high: float) -> Any:
    """A field of a number in [low, high]; `recipe_toml` checks it."""
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class Data:
    """Pictures and batches.

    `source`: what `fv data prepare` is given for this recipe; `imageset`: where the prepared set is by default.
    `input_size`: side of the network's input in pixels. `crop_fraction`: share of the stored square that evaluation
    sees. `batch_size`: pictures a step. `seed`: of everything random. `limit`: training pictures used, 0 for all.
    """

    source: str = ""
    imageset: str = ""
    input_size: int = _number(224, 16, 1024)
    crop_fraction: float = _number(1.0, 0.1, 1.0)
    batch_size: int = _number(64, 1, 65536)
    seed: int = _number(0, 0, 2**31 - 1)
    limit: int = _number(0, 0, 2**31 - 1)


@dataclass(frozen=True)
class Model:
    """Network. `backbone`: a row of `backbones.BACKBONES`. `weights`: `imagenet`, `none` or a file.

    `alpha`, `minimalistic`: MobileNetV3's width and its form without squeeze-and-excite, hard-swish and 5x5.
    `activation`: `published` keeps the backbone's own; another one takes the place of its smooth activations, all
    weights kept (`activation_swap`). `head`: `published` is the network's own classifier of ImageNet's 1,000 classes;
    nothing is trained then, and its weights have to come with it. `new`: global average pooling, `head_batch_norm`,
    `hidden_units` (0: none) ReLU units, dropout, softmax. `batch_norm_momentum`: 0 keeps the backbone's own.
    """

    backbone: str = "mobilenetv3small"
    weights: str = "imagenet"
    alpha: float = _number(1.0, 0.1, 4.0)
    minimalistic: bool = False
    activation: Literal["published", "silu", "relu6", "hard_swish"] = "published"
    head: Literal["new", "published"] = "new"
    head_batch_norm: bool = False
    hidden_units: int = _number(0, 0, 65536)
    batch_norm_momentum: float = _number(0.0, 0.0, 0.9999)


@dataclass(frozen=True)
class Stage:
    """One stretch of training with one learning-rate cycle; stages run in the order of the file.

    `epochs`: 0 only where nothing is trained (`model.head`).

    `train`: `head` leaves the backbone as it is, `all` trains every layer. `batch_norm`: `frozen` uses the stored
    statistics and leaves scale and shift alone; `train` learns them. `learning_rate`: its peak. `input_size`: smaller
    pictures for a while (progressive resolution, Tan and Le 2021, arXiv 2104.00298, section 4); 0 is
    `data.input_size`, which the last stage has.
    """

    epochs: int = _number(1, 0, 100_000)
    train: Literal["head", "all"] = "all"
    batch_norm: Literal["frozen", "train"] = "frozen"
    learning_rate: float = _number(1e-3, 0.0, 100.0)
    input_size: int = _number(0, 0, 1024)


@dataclass(frozen=True)
class Optimizer:
    """`weight_decay` spares biases and normalization. `momentum`: SGD (Nesterov). `clip_norm`: of all gradients, 0 off.

    `head_factor`: the head learns this much faster. `layer_decay`: the first layer of the backbone learns at this share
    of the last one's rate, geometrically in between (layer-wise decay, Clark et al. 2020; Bao et al. 2021), 1 off.
    `ema_decay`: average of the weights that is evaluated and kept, 0 off.
    """

    name: Literal["adamw", "adam", "sgd"] = "adamw"
    weight_decay: float = _number(0.0, 0.0, 10.0)
    momentum: float = _number(0.9, 0.0, 0.9999)
    clip_norm: float = _number(0.0, 0.0, 1e6)
    head_factor: float = _number(1.0, 0.01, 1000.0)
    layer_decay: float = _number(1.0, 0.0001, 1.0)
    ema_decay: float = _number(0.0, 0.0, 0.99999)


@dataclass(frozen=True)
class Schedule:
    """Learning rate over a stage: linear warm-up for `warmup_epochs`, then `name`, to `final_fraction` of the peak.

    `over`: one cycle for each `stage`, or one over the whole `run` (progressive resolution wants that). `plateau`
    multiplies by `factor` after `patience` epochs without a better accuracy on the selection pictures.
    """

    name: Literal["cosine", "constant", "plateau"] = "cosine"
    over: Literal["stage", "run"] = "stage"
    warmup_epochs: float = _number(0.0, 0.0, 1000.0)
    final_fraction: float = _number(0.0, 0.0, 1.0)
    factor: float = _number(0.1, 0.001, 1.0)
    patience: int = _number(1, 1, 1000)


@dataclass(frozen=True)
class Augment:
    """What happens to a training picture inside the compiled step.

    `flip`: half of them mirrored. `crop_area`: smallest share of the picture's area that a random crop keeps, 1 off.
    `crop_ratio`: largest aspect ratio of a crop. `brightness`, `contrast`, `saturation`: largest relative change.
    `rand_operations`: so many operations of RandAugment on every picture (Cubuk et al. 2019), 0 off, at
    `rand_magnitude` of 10. `mixup`, `cutmix`: parameter of the Beta distribution (Zhang et al. 2018; Yun et al. 2019),
    0 off; with both, each batch gets one of them by a fair coin.
    """

    flip: bool = True
    crop_area: float = _number(0.35, 0.01, 1.0)
    crop_ratio: float = _number(1.3333, 1.0, 10.0)
    brightness: float = _number(0.0, 0.0, 1.0)
    contrast: float = _number(0.0, 0.0, 1.0)
    saturation: float = _number(0.0, 0.0, 1.0)
    rand_operations: int = _number(0, 0, 10)
    rand_magnitude: float = _number(9.0, 0.0, 10.0)
    mixup: float = _number(0.0, 0.0, 10.0)
    cutmix: float = _number(0.0, 0.0, 10.0)


@dataclass(frozen=True)
class Regularize:
    """`label_smoothing`: share of the target spread over all classes. `dropout`: in front of the last layer."""

    label_smoothing: float = _number(0.0, 0.0, 0.9)
    dropout: float = _number(0.2, 0.0, 0.95)


@dataclass(frozen=True)
class Distill:
    """Learning from a better network's answers on the same augmented views (Beyer et al. 2021, arXiv 2106.05237).

    `teacher`: a run or a `.keras` file of the same classes, empty: none. The loss is (1 - `weight`) times the
    cross-entropy with the labels plus `weight` times T^2 KL(teacher || student), both softened by the `temperature` T
    (Hinton et al. 2015, arXiv 1503.02531).
    """

    teacher: str = ""
    weight: float = _number(1.0, 0.0, 1.0)
    temperature: float = _number(1.0, 0.1, 100.0)


@dataclass(frozen=True)
class Select:
    """What decides about plateaus, early stopping and the best epoch.

    `on`: `holdout` takes the seeded, stratified share `holdout` away from the training pictures; `reported` uses the
    reported split itself, and every figure from such a run says so. `keep`: weights of the `last` or `best` epoch.
    `patience`: epochs of a stage without improvement before it ends, 0 off.
    """

    on: Literal["holdout", "reported"] = "holdout"
    holdout: float = _number(0.05, 0.001, 0.5)
    keep: Literal["last", "best"] = "best"
    patience: int = _number(0, 0, 1000)


@dataclass(frozen=True)
class Precision:
    """`compute`: the network's arithmetic; head and loss are float32 always. `jit`: compile the step with XLA.

    `auto` is measured on this machine at the start and printed.
    """

    compute: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    jit: Literal["auto", "on", "off"] = "auto"


@dataclass(frozen=True)
class Expect:
    """What to expect: accuracy, on which pictures, on which hardware, after how long. Words, not settings."""

    top1: str = "not measured"
    data: str = ""
    hardware: str = ""
    duration: str = ""


@dataclass(frozen=True)
class Recipe:
    """A resolved recipe. `name` is the file's stem; `stages` run in order.

    `distribute`: `data_parallel` divides each batch among all devices of this machine, or of several (`--workers`).
    """

    name: str
    distribute: Literal["none", "data_parallel"] = "none"
    data: Data = Data()
    model: Model = Model()
    stage: Mapping[str, Stage] = field(default_factory=lambda: {"all": Stage()})
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    augment: Augment = Augment()
    regularize: Regularize = Regularize()
    distill: Distill = Distill()
    select: Select = Select()
    precision: Precision = Precision()
    expect: Expect = Expect()

    def size_of(self, stage: int) -> int:
        """Side of the network's input in a stage, counted from 0."""
        return list(self.stage.values())[stage].input_size or self.data.input_size

    def to_toml(self) -> str:
        """The resolved recipe as TOML: read again, it is equal."""
        return recipe_toml.render(self)


def names() -> list[str]:
    """Names of the published recipes, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def headline(name: str) -> str:
    """The first comment line of a published recipe: what it is for."""
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8").splitlines()[0].lstrip("# ")


def load_recipe(name_or_path: str, overrides: Iterable[str] = ()) -> Recipe:
    """Resolve a recipe: the file, what it extends, and `table.key=value` on top.

    Raises `UnknownName` for a name that is not published, `MissingPath` for a file that is not there, `BadRecipe` for
    what cannot be read, an unknown key, or a value of another type or range.
    """
    path = _path_of(name_or_path)
    tables = _with_parents(path, (path.stem,))
    for text in overrides:
        recipe_toml.override(tables, text, Recipe)
    recipe = recipe_toml.build(Recipe, {"name": path.stem, **tables}, path.name)
    recipe_rules.check(recipe)
    return recipe


def _path_of(name_or_path: str) -> Path:
    if name_or_path.endswith(".toml"):
        path = Path(name_or_path)
        if not path.is_file():
            raise MissingPath(f"no recipe at {path}", why="there is no such file", hint="fv recipes")
        return path
    if name_or_path not in names():
        raise unknown_name("recipe", name_or_path, names())
    return FOLDER / f"{name_or_path}.toml"


def _with_parents(path: Path, seen: tuple[str, ...]) -> dict[str, Any]:
    tables = recipe_toml.read(path)
    parent = tables.pop("extends", None)
    if parent is None:
        return tables
    # Only published names: a recipe from somebody else must not make us read other files of this machine.
    if not isinstance(parent, str) or parent not in names():
        raise unknown_name("recipe to extend", str(parent), names())
    if parent in seen or len(seen) > MAX_EXTENDS:
        raise BadRecipe(f"{path.name} extends itself", why=" -> ".join((*seen, parent)), hint="remove `extends`")
    return recipe_toml.merged(_with_parents(FOLDER / f"{parent}.toml", (*seen, parent)), tables)
