"""The record of a run, epoch by epoch: `history.csv`, and scalars for TensorBoard where TensorFlow is the backend."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from fv_core.files import write_text
from fv_train.checkpoint import EpochRow

_SCALARS = ("learning_rate", "loss", "accuracy", "select_top1", "images_per_s", "waiting_share")


def write_csv(path: Path, rows: Sequence[EpochRow]) -> None:
    """Write all rows, whole or not at all: a resumed run has each epoch once."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [entry.name for entry in fields(EpochRow)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_text(path, text.getvalue())


def write_tensorboard(folder: Path, row: EpochRow) -> None:
    """Add an epoch's scalars to the event files; only under the TensorFlow backend, which has the writer."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    with tf.summary.create_file_writer(str(folder)).as_default(step=row.epoch):
        for name in _SCALARS:
            tf.summary.scalar(name, getattr(row, name))
