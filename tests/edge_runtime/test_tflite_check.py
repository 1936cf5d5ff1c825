from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fv_edge_runtime.errors import BadModelFile, UnsupportedModel
from fv_edge_runtime.tflite_check import check_tflite
from fv_edge_runtime.tflite_file import read_tflite
from tests.edge_runtime.tiny_models import SIZE, Model, Tensor, float_model, quantized_model


def check(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(model.to_bytes())
    check_tflite(read_tflite(path))


def convolution(kernel_shape: tuple[int, ...] = (4, 3, 3, 3), stride: int = 1) -> Model:
    from ai_edge_litert import schema_py_generated as s

    options = s.Conv2DOptionsT()
    options.strideW = options.strideH = stride
    return Model(
        tensors=[
            Tensor("image", (1, SIZE, SIZE, 3)),
            Tensor("kernel", kernel_shape, data=np.zeros(kernel_shape, dtype=np.float32)),
            Tensor("map", (1, SIZE, SIZE, 4)),
        ],
        operators=[("CONV_2D", [0, 1, -1], [2])],
        inputs=[0],
        outputs=[2],
        options={0: (s.BuiltinOptions.Conv2DOptions, options)},
    )


@pytest.mark.parametrize("model", [float_model(), quantized_model(), quantized_model("int8", "uint8"), convolution()])
def test_sound_models_pass(model: Model, tmp_path: Path) -> None:
    check(model, tmp_path)


def with_tensor(index: int, **changes: Any) -> Callable[[], Model]:
    def build() -> Model:
        model = quantized_model()
        model.tensors[index] = replace(model.tensors[index], **changes)
        return model

    return build


def with_operator(inputs: list[int], outputs: list[int]) -> Callable[[], Model]:
    def build() -> Model:
        model = quantized_model()
        model.operators[2] = ("HARD_SWISH", inputs, outputs)
        return model

    return build


def with_ends(inputs: list[int], outputs: list[int]) -> Callable[[], Model]:
    return lambda: replace(quantized_model(), inputs=inputs, outputs=outputs)


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (with_operator([99], [4]), r"operator 2 \(HARD_SWISH\) reads tensor 99 of 7"),
        (with_operator([-2], [4]), "reads tensor -2"),
        (with_operator([3], [-1]), "writes tensor -1"),
        (with_ends([-1], [6]), "inputs and outputs name tensor -1"),
        (with_ends([0], [7]), "inputs and outputs name tensor 7"),
        (with_tensor(0, shape=(1, -8, 8, 3)), "shape"),
        (with_tensor(0, shape=(65536, 65536, 65536, 65536)), "would have"),
        (with_tensor(1, shape=(3,)), "has 8 bytes, not 12"),
        (with_tensor(2, scale=(0.0,)), "scale 0.0"),
        (with_tensor(2, scale=(float("nan"),)), "scale nan"),
        (with_tensor(2, scale=(float("inf"),)), "scale inf"),
        (with_tensor(2, scale=(-1.0,)), "scale -1.0"),
        (with_tensor(2, scale=(1.0, float("nan")), zero_point=(0, 0)), "scale NaN"),
        (with_tensor(2, scale=(1.0, 1.0, 1.0), zero_point=(0, 0)), "3 scales and 2 zero points"),
        (with_tensor(2, scale=(1.0, 1.0), zero_point=(0, 0)), "2 scales for 1 channels"),
        (with_tensor(2, zero_point=(128,)), "zero point outside of -128 to 127"),
        (lambda: convolution(stride=0), "stride or window of 0"),
        (lambda: convolution((4, 0, 3, 3)), r"kernel of shape \(4, 0, 3, 3\)"),
    ],
)
def test_each_fault_is_named(build: Callable[[], Model], why: str, tmp_path: Path) -> None:
    with pytest.raises(BadModelFile, match=why):
        check(build(), tmp_path)


def test_a_channel_of_zeros_may_have_scale_zero(tmp_path: Path) -> None:
    model = convolution()
    model.tensors[1] = replace(model.tensors[1], scale=(1.0, 0.0, 1.0, 1.0), zero_point=(0, 0, 0, 0))
    check(model, tmp_path)


@pytest.mark.parametrize("operator", ["WHILE", "IF", "CALL_ONCE"])
def test_operators_that_run_other_graphs_are_refused(operator: str, tmp_path: Path) -> None:
    model = float_model()
    model.operators[1] = (operator, [2], [3])
    model.options.pop(1)
    with pytest.raises(UnsupportedModel, match=f"operator 1 is {operator}"):
        check(model, tmp_path)
