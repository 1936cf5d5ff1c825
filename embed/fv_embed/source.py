"""What a project is made from: a model file that carries a manifest, checked against what the file holds.

The file is read in a child process, as everywhere: nobody vouches for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fv_core import golden
from fv_core.errors import BadManifest
from fv_core.manifest import Manifest
from fv_edge_runtime.errors import LabelCount, UnsupportedModel
from fv_edge_runtime.facts import ModelFacts, TensorFacts
from fv_edge_runtime.inspect import read_in_child
from fv_embed.errors import NoManifest

# Golden pictures are drawn up to this side; a network for a phone takes a few hundred pixels.
MAX_SIDE = 4096


@dataclass(frozen=True)
class Source:
    """A model file at `path`. `input_dtype`: uint8 or float32, pixels 0 to 255 in both. `sha256` of its bytes."""

    path: Path
    format: str
    input_dtype: str
    sha256: str
    size_bytes: int
    manifest: Manifest


def read_source(path: Path) -> Source:
    """Read a model file in a child process and check that a project can be made from it.

    Raises `MissingPath`, `UnknownFormat`, `BadModelFile`, `BadManifest`, `NoManifest`, `UnsupportedModel`,
    `LabelCount`, and the sandbox's errors.
    """
    facts = read_in_child(path)
    manifest = facts.manifest
    if manifest is None:
        raise NoManifest(
            f"{path} has no manifest",
            why="nothing in it says its labels, and how a picture becomes its input",
            hint="export the model with fv, which writes both into the file: fv export RUN --int8",
        )
    _check_operators(facts)
    dtype = _check_input(facts, manifest)
    _check_output(facts, manifest)
    _check_labels(manifest)
    _check_golden(manifest)
    return Source(path, facts.format, dtype, facts.sha256, facts.size_bytes, manifest)


def _check_operators(facts: ModelFacts) -> None:
    if facts.custom_operators:
        raise UnsupportedModel(
            f"{facts.name} needs operators that are not built in",
            why=f"{', '.join(facts.custom_operators[:3])}: the runtimes of phones and browsers lack them (no Flex)",
            hint="export the model with fv, which writes built-in operators only: fv export RUN --int8",
        )


def _check_input(facts: ModelFacts, manifest: Manifest) -> str:
    if manifest.format != facts.format:
        raise BadManifest("the manifest contradicts the model", why=f"it says {manifest.format}")
    if max(manifest.preprocess.input_size, manifest.preprocess.store_size) > MAX_SIDE:
        raise BadManifest("the manifest asks for outsized pictures", why=f"more than {MAX_SIDE} pixels a side")
    side = manifest.preprocess.input_size
    tensor = _only(facts, facts.inputs, "input")
    if tensor.shape != (1, side, side, 3) or tensor.dtype not in ("uint8", "float32") or _is_scaled(tensor):
        raise UnsupportedModel(
            f"{facts.name} does not take raw pixels",
            why=f"its input is {tensor.dtype} {tensor.shape}, not uint8 or float32 (1, {side}, {side}, 3)",
            hint="export the model again with this fv: fv export RUN --int8",
        )
    return tensor.dtype


def _check_output(facts: ModelFacts, manifest: Manifest) -> None:
    tensor = _only(facts, facts.outputs, "output")
    if tensor.dtype != "float32" or len(tensor.shape) != 2 or tensor.shape[0] != 1:
        raise UnsupportedModel(
            f"{facts.name} does not answer with probabilities",
            why=f"its output is {tensor.dtype} {tensor.shape}, not float32 (1, classes)",
            hint="export the model again with this fv: fv export RUN --int8",
        )
    if tensor.shape[1] != len(manifest.labels):
        raise LabelCount(
            f"{len(manifest.labels)} labels for {tensor.shape[1]} outputs",
            why="the manifest does not belong to this model",
            hint="export the model again: fv export RUN --int8",
        )


def _check_labels(manifest: Manifest) -> None:
    """JSON can hold half of a surrogate pair; no file of text can."""
    for number, label in enumerate(manifest.labels):
        try:
            label.encode("utf-8")
        except UnicodeEncodeError as error:
            raise BadManifest(f"label {number} is no text", why=str(error)) from error


def _check_golden(manifest: Manifest) -> None:
    """The pictures that are drawn here are those that the exporter asked; every answer has a probability a label."""
    if not manifest.golden:
        raise NoManifest(
            "the manifest holds no golden pictures",
            why="a project without a test of its answers would be a promise",
            hint="export the model again with this fv: fv export RUN --int8",
        )
    for entry in manifest.golden:
        if len(entry.file) != len(manifest.labels):
            raise BadManifest("the golden answers do not fit the labels", why=f"{len(entry.file)} probabilities")
        if golden.sha256_of(golden.draw(entry.seed, manifest.preprocess.input_size)) != entry.sha256:
            raise BadManifest("a golden picture is another one here", why=f"seed {entry.seed} draws other bytes")


def _only(facts: ModelFacts, tensors: tuple[TensorFacts, ...], kind: str) -> TensorFacts:
    if len(tensors) != 1:
        raise UnsupportedModel(f"{facts.name} has {len(tensors)} {kind}s", why="an image classifier has one")
    return tensors[0]


def _is_scaled(tensor: TensorFacts) -> bool:
    """Whether a byte of the input is anything but the pixel itself."""
    quantization = tensor.quantization
    return quantization is not None and (quantization.scale, quantization.zero_point) != (1.0, 0)
