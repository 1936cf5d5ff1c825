"""The table of schemes: what is stored in how many bits, and what counts as the same answer.

A row is all there is to a scheme; which rewrites it gets stands in `rules`, its arithmetic in `quantize`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fv_core.registry import unknown_name
from fv_export.errors import SchemeRefused

FORMATS = ("tflite", "onnx")


@dataclass(frozen=True)
class Pair:
    """A file that can be asked for."""

    format: str
    scheme: str


@dataclass(frozen=True)
class Scheme:
    """One way of storing a network.

    `weights`: float or int8. `weight_bits`: 32, 16 or 8. `activations`: float, int8 or int16. `largest_difference`: of
    one probability from the full model's, None where answers are counted instead. `golden_tolerance`: of one
    probability on the golden pictures, between two machines that run the same file. `refused`: format -> why there is
    no such file. `calibration`: the method of `post_training.METHODS` that suits its activations. `source`: where the
    scheme is defined.
    """

    name: str
    effect: str
    weights: str
    weight_bits: int
    activations: str
    needs_calibration: bool
    largest_difference: float | None
    golden_tolerance: float
    source: str
    # The best of those tried where steps are scarce (docs/findings.md, Where int8 loses).
    calibration: str = "disturbance"
    refused: dict[str, str] = field(default_factory=dict)


_TFLITE_SPECIFICATION = "TensorFlow Lite 8-bit quantization specification"

# Golden tolerances: float kernels differ in the order of their sums; integer kernels may round a tie the other way,
# which moves a logit by a step (about 0.1), and so a probability by at most a quarter of that, a few times over.
SCHEMES: dict[str, Scheme] = {
    scheme.name: scheme
    for scheme in (
        Scheme(
            name="fp32",
            effect="the network as it was trained, rewritten for inference",
            weights="float",
            weight_bits=32,
            activations="float",
            needs_calibration=False,
            largest_difference=1e-4,
            golden_tolerance=1e-4,
            source="IEEE 754 binary32",
        ),
        Scheme(
            name="fp16",
            effect="half the size, computed in float",
            weights="float",
            weight_bits=16,
            activations="float",
            needs_calibration=False,
            largest_difference=1e-2,
            golden_tolerance=1e-2,
            source="IEEE 754 binary16",
        ),
        Scheme(
            name="dynamic",
            effect="a quarter of the size; activations are quantized while it runs, where that is faster",
            weights="int8",
            weight_bits=8,
            activations="float",
            needs_calibration=False,
            largest_difference=None,
            golden_tolerance=5e-2,
            source=_TFLITE_SPECIFICATION,
        ),
        Scheme(
            name="int8",
            effect="a quarter of the size, integers throughout; how fast it is, `fv benchmark` measures",
            weights="int8",
            weight_bits=8,
            activations="int8",
            needs_calibration=True,
            largest_difference=None,
            golden_tolerance=1e-1,
            source=_TFLITE_SPECIFICATION,
        ),
        Scheme(
            name="int16x8",
            effect="a quarter of the size, nearly float accuracy; slow on processors, for accelerators",
            weights="int8",
            weight_bits=8,
            activations="int16",
            needs_calibration=True,
            largest_difference=None,
            golden_tolerance=1e-2,
            source="TensorFlow Lite 16x8 quantization (RFC 20190815)",
            # 65,536 steps need no tails cut off: agreement with float 93.5 % against 88.5 % (docs/findings.md).
            calibration="minmax",
            refused={"onnx": "onnxruntime has no kernels for 16-bit activations with 8-bit weights on processors"},
        ),
    )
}


def check_pair(pair: Pair) -> None:
    """Raise `UnknownName` or `SchemeRefused` when there is no such file."""
    if pair.scheme not in SCHEMES:
        raise unknown_name("scheme", pair.scheme, SCHEMES)
    if pair.format not in FORMATS:
        raise unknown_name("format", pair.format, FORMATS)
    reason = why_not(pair)
    if reason:
        raise SchemeRefused(
            f"there is no {pair.scheme} in {pair.format}", why=reason, hint=f"fv export --{pair.scheme} --format tflite"
        )


def why_not(pair: Pair) -> str | None:
    """Why there is no such file; None where there is one."""
    return SCHEMES[pair.scheme].refused.get(pair.format)
