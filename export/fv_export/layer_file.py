"""The inner tensors of a model file, matched with those of the normal form.

A file of ours names its tensors as the normal form does: in TFLite a tensor of the graph has its own name, in ONNX its
integers are called `NAME/stored`, `NAME/clipped` or `NAME/flat`. In a file of somebody else's a tensor counts as that
of a layer when it has the layer's shape and the layer's name is a part of its own, as Keras and the converters write
them (`functional_1/conv_1/convolution;functional_1/relu/Relu`: the first part names what the tensor holds); Keras may
have added a number. What has no partner is left out, and its error counts for the tensors computed from it.

ONNX feature maps stand channels first and are turned round here. Of ours, some integer ones have channels of zeros
behind the real ones, and a picture may be one channel of rows (`write._onnx_sixteens`, `write._onnx_rows`).
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fv_edge_runtime.answers import SECONDS_TO_OPEN
from fv_edge_runtime.model_path import check_model_path
from fv_edge_runtime.sandbox import run_in_child
from fv_edge_runtime.session import Quantization
from fv_export.errors import NotComparable
from fv_export.graph import Floats, Graph, Shape
from fv_export.verify import MEMORY_BYTES, SECONDS_PER_PICTURE
from fv_export.write._onnx_sixteens import in_whole_sixteens

# In the order in which they are looked for: the last form of a tensor first.
_FORMS = ("{}/flat", "{}/clipped", "{}/stored", "{}")


@dataclass(frozen=True, eq=False)
class FileTensor:
    """What a file computed for one tensor of the graph: `stored` (n, ...) as it stands in the file, memory-mapped."""

    stored: NDArray[Any]
    quantization: Quantization | None
    channels_first: bool

    def real(self, start: int, stop: int, shape: Shape) -> Floats:
        """The values of pictures `start` to `stop`, as real numbers in the graph's order of axes; `shape` without 1."""
        values = np.asarray(self.stored[start:stop], np.float32)
        if self.quantization is not None:
            values = (values - self.quantization.zero_point) * np.float32(self.quantization.scale)
        if self.channels_first:
            values = values.transpose(0, 2, 3, 1)
        return np.ascontiguousarray(values.reshape(stop - start, *shape))

    @property
    def limits(self) -> tuple[float, float] | None:
        """The smallest and the largest number that the tensor can hold; None where it is floating point."""
        if self.quantization is None:
            return None
        ends = np.iinfo(self.stored.dtype)
        low, high = ((end - self.quantization.zero_point) * self.quantization.scale for end in (ends.min, ends.max))
        return low, high


@dataclass(frozen=True, eq=False)
class FileTensors:
    """What a file computed, by tensor of the graph, and the runtime that ran it."""

    runtime: str
    tensors: dict[str, FileTensor]


@contextmanager
def file_tensors(
    model: Path, graph: Graph, inputs: NDArray[np.uint8], input_range: tuple[float, float] | None, *, ours: bool
) -> Iterator[FileTensors]:
    """The tensors of `graph` that `model` has, computed on `inputs` (n, H, W, 3) uint8 in a child process.

    `input_range`: what a foreign file wants 0 and 255 to be, None for raw pixels. Raises what the sandbox raises, and
    the errors of opening the file.
    """
    with tempfile.TemporaryDirectory(prefix="fv-layers-") as name:
        folder = Path(name)
        seconds = SECONDS_TO_OPEN + SECONDS_PER_PICTURE * len(inputs)
        target = "fv_export.layer_child:{}"
        asked = {"model": str(model)}
        known = run_in_child(target.format("names_of"), asked, seconds=seconds, memory_bytes=MEMORY_BYTES)
        names = partners(graph, known["tensors"], known["output"], ours=ours)
        np.save(folder / "inputs.npy", inputs, allow_pickle=False)
        question = {
            "model": str(model),
            "inputs": str(folder / "inputs.npy"),
            "folder": name,
            "input_range": input_range,
            "wanted": list(dict.fromkeys(names.values())),
        }
        answer = run_in_child(target.format("store"), question, seconds=seconds, memory_bytes=MEMORY_BYTES)
        turns = check_model_path(model) == "onnx"
        opened = {
            name: _opened(folder, answer["tensors"][found], graph, name, turns=turns, ours=ours)
            for name, found in names.items()
        }
        yield FileTensors(str(answer["runtime"]), opened)


def _opened(folder: Path, entry: list[Any], graph: Graph, tensor: str, *, turns: bool, ours: bool) -> FileTensor:
    name, scale, zero_point = entry
    stored = np.load(folder / Path(str(name)).name, allow_pickle=False, mmap_mode="r")
    shape = graph.shapes[tensor]
    if turns and ours and stored.shape[1:2] == (in_whole_sixteens(shape[-1]),):
        stored = stored[:, : shape[-1]]
    # A map of as many channels as rows fits both ways: ONNX operators take channels first, TFLite's last.
    is_turned = turns and len(shape) == 4 and stored.shape[1:] == (shape[3], *shape[1:3])
    if math.prod(stored.shape[1:]) != math.prod(shape):
        raise NotComparable(
            f"the file and the full model differ at {tensor}",
            why=f"the file has {'x'.join(map(str, stored.shape[1:]))}, the full model {'x'.join(map(str, shape[1:]))}",
        )
    quantization = None if scale is None else Quantization(float(scale), int(zero_point))
    return FileTensor(stored, quantization, is_turned)


def partners(graph: Graph, shapes: Mapping[str, list[int]], output: str, *, ours: bool) -> dict[str, str]:
    """Tensor of the graph -> the file's name for it, for those that the file has; the input is never among them."""
    found = {}
    by_layer = {} if ours else _by_layer(shapes)
    for tensor in graph.tensors():
        if tensor == graph.input:
            continue
        if tensor == graph.output:
            found[tensor] = output
            continue
        candidates = [form.format(tensor) for form in _FORMS] if ours else by_layer.get(tensor, [])
        fits = _fits_ours if ours else _fits
        fitting = [name for name in candidates if name in shapes and fits(tuple(shapes[name]), graph.shapes[tensor])]
        if fitting:
            found[tensor] = fitting[0]
    return found


def _fits(shape: Shape, wanted: Shape) -> bool:
    """Equal, channels first or last, or with fewer axes of one; a shape that is not known fits nothing."""
    turned = (wanted[0], wanted[3], wanted[1], wanted[2]) if len(wanted) == 4 else wanted
    plain = tuple(size for size in wanted if size != 1)
    return shape in (wanted, turned) or (bool(shape) and tuple(size for size in shape if size != 1) == plain)


def _fits_ours(shape: Shape, wanted: Shape) -> bool:
    """As `_fits`, or with channels of zeros, channels first, or as rows of one channel."""
    *first, channels = wanted
    wider = (*first, in_whole_sixteens(channels))
    rows = (1, 1, wanted[1], wanted[2] * channels) if len(wanted) == 4 else wanted
    return shape == rows or _fits(shape, wanted) or _fits(shape, wider)


def _by_layer(shapes: Mapping[str, list[int]]) -> dict[str, list[str]]:
    """Name of a layer -> the file's tensors that the first part of whose name holds it, the last one first."""
    found: dict[str, list[str]] = {}
    for name in reversed(list(shapes)):
        for part in re.split(r"[/:]", name.split(";")[0]):
            for layer in {part, re.sub(r"_\d+$", "", part)}:
                found.setdefault(layer, []).append(name)
    return found
