"""A Keras classifier -> the normal form.

`graph_of` follows the tensors of a functional model back from its output to its input (`walk`), and gives each layer to
the converter of its kind. The converters stand in tables, one module a family; a layer that is in no table is an
error that names it. Nothing is simplified here: BatchNormalization becomes an `Affine`, and rewrites do the rest.
"""

from __future__ import annotations

from fv_export.from_keras.walk import graph_of, supported_layers

__all__ = ["graph_of", "supported_layers"]
