"""The allow-list names layers that exist in Keras and can do no harm."""

from __future__ import annotations

from fv_train.keras_allowed import LAYERS, OPERATIONS

FORBIDDEN = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "StringLookup", "IntegerLookup"}


def test_every_layer_exists() -> None:
    import keras

    assert {name for name in LAYERS if not hasattr(keras.layers, name)} == set()


def test_nothing_that_runs_code_or_reads_files_is_allowed() -> None:
    assert (LAYERS | OPERATIONS) & (FORBIDDEN | {"TextVectorization", "Hashing", "Wrapper", "function"}) == set()
