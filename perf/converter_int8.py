"""The stock converter's own int8 file of a run: what the accuracy gate is shown to refuse.

    python perf/converter_int8.py RUN OUT.tflite [--noise]

As TensorFlow's guide for full-integer quantization has it: default optimizations, a representative data set, built-in
int8 operators, uint8 in and out. The representative pictures are the very ones that `fv export --int8` calibrates on,
those of the run's image set; with `--noise` as many of uniform noise, which `fv export` refuses to calibrate on.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fv_core.progress import Silent
from fv_export.pictures import calibration_pictures
from fv_export.source import open_source

PICTURES = 200


def main(run: Path, out: Path, *, noise: bool) -> None:
    import tensorflow as tf

    source = open_source(run, None, None, None)
    if source.imageset is None:
        raise SystemExit(source.imageset_missing)
    inputs = calibration_pictures(source.imageset.folder, PICTURES, source.preprocess, Silent()).inputs
    if noise:
        inputs = np.random.default_rng(0).integers(0, 256, inputs.shape, dtype=np.uint8)

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for picture in inputs:
            yield [picture[None].astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(source.model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    out.write_bytes(converter.convert())
    print(f"{out}: {out.stat().st_size} bytes, ranges from {len(inputs)} pictures{' of noise' if noise else ''}")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]), Path(sys.argv[2]), noise="--noise" in sys.argv[3:])
