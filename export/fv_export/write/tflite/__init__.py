"""TFLite files, written directly from the normal form; no converter runs, so nothing is fused or undone on the way."""

from fv_export.write.tflite.islands import islands
from fv_export.write.tflite.writer import INPUT, OUTPUT, float_tensors, write

__all__ = ["INPUT", "OUTPUT", "float_tensors", "islands", "write"]
