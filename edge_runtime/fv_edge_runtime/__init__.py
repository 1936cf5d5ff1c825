"""A model file and a picture → probabilities, on a device: NumPy, Pillow and one runtime, no training framework.

from fv_edge_runtime import Classifier
Classifier("food_int8.tflite").classify("lunch.jpg")   # [("pizza", 0.93), …]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fv_edge_runtime.classifier import Classifier

__all__ = ["Classifier"]


def __getattr__(name: str) -> Any:
    """Import the classifier, and with it NumPy and Pillow, when it is first asked for: `fv predict` needs neither."""
    if name == "Classifier":
        from fv_edge_runtime.classifier import Classifier

        return Classifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
