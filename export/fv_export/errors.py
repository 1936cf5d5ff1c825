"""What can go wrong on the way from a Keras model to a file, each with a code of its own."""

from __future__ import annotations

from fv_core.errors import FvError, InputError


class UnsupportedLayer(InputError):
    """A layer that the normal form has no entry for, or has only in part."""

    code = "unsupported-layer"


class UnsupportedModel(InputError):
    """A model whose shape is not that of a picture classifier made of Keras layers."""

    code = "unsupported-keras-model"


class SchemeRefused(InputError):
    """A scheme that does not exist in the format it was asked for."""

    code = "scheme-refused"


class CalibrationFailed(InputError):
    """Calibration pictures that give no usable range."""

    code = "calibration-failed"


class RewriteFailed(FvError):
    """A rewrite changed an answer by more than it promises: a fault of ours, found before anything was written."""

    code = "rewrite-failed"


class NotQuantizable(FvError):
    """A tensor or a weight that no integers can stand for."""

    code = "not-quantizable"


class ConverterRefused(InputError):
    """A model that a stock converter cannot write with built-in operators and static shapes."""

    code = "converter-refused"


class FinetuneRefused(InputError):
    """A fine-tuning that cannot be: no int8 file, no pictures, too few of them, or no TensorFlow."""

    code = "finetune-refused"


class GateWithoutPictures(InputError):
    """An accuracy gate that has nothing to judge by: no pictures with labels."""

    code = "gate-without-pictures"


class NotComparable(InputError):
    """A model file and a full model that are not the same network."""

    code = "not-comparable"
    usual_hint = "give --against the run or the .keras file that MODEL was exported from"
