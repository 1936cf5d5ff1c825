"""Which rewrites a file gets, by its format and scheme.

Every file gets the ones that only remove work. Neither format has an operator for silu. Integer activations get
hard-swish and hard-sigmoid in the saturating form (TFLite: one delegate partition; onnxruntime: no HardSwish kernel for
integers). In float HARD_SWISH is the faster kernel.
"""

from __future__ import annotations

from fv_export.schemes import SCHEMES

_ALWAYS = (
    "recognize_hard_sigmoid",
    "recognize_hard_swish",
    "expand_silu",
    "drop_identity",
    "merge_affines",
    "keep_pooled_axes",
    "fold_padding",
    "fold_batch_norm",
    "fold_affine_forward",
    "fuse_activation",
)
_INTEGER_ACTIVATIONS = (
    "saturating_hard_swish",
    "saturating_hard_sigmoid",
    "move_scale_forward",
)
# Whole pixels matter where a step is one grey level.
_8_BITS = (*_INTEGER_ACTIVATIONS, "whole_shift")

_RULES: dict[tuple[str, str], tuple[str, ...]] = {
    ("tflite", "float"): _ALWAYS,
    ("tflite", "int8"): _ALWAYS + _8_BITS,
    ("tflite", "int16"): _ALWAYS + _INTEGER_ACTIVATIONS,
    ("onnx", "float"): _ALWAYS,
    ("onnx", "int8"): _ALWAYS + _8_BITS,
}


def rewrites_for(format_name: str, scheme: str) -> tuple[str, ...]:
    """Names of the rewrites for a file; `scheme` is a name of `SCHEMES`."""
    return _RULES[format_name, SCHEMES[scheme].activations]
