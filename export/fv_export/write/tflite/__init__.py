"""TFLite files, written directly from the normal form; no converter runs, so nothing is fused or undone on the way."""

from fv_export.write.tflite.islands import islands
from fv_export.write.tflite.writer import FLOAT_SCHEMES, INPUT, INTEGER_SCHEMES, OUTPUT, write

__all__ = ["FLOAT_SCHEMES", "INPUT", "INTEGER_SCHEMES", "OUTPUT", "islands", "write"]
