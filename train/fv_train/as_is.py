"""A pretrained network as a run, unchanged: no step is taken, and no optimizer made (`model.head = "published"`).

The run's classes are the network's 1,000 outputs. The image set must have the same ones in the same order (`fv data
prepare --classes imagenet`), because a picture under another number would count as a mistake: `LabelMismatch` says so
before anything is written. Afterwards the run is like any other: predict, evaluate, export.
"""

from __future__ import annotations

import numpy as np

from fv_core.imageset import ImageSet
from fv_core.progress import Progress
from fv_train import backbones, imagenet
from fv_train.begin import TrainOptions, create, refuse_existing, resumable
from fv_train.errors import LabelMismatch
from fv_train.inputs import EvaluationInputs
from fv_train.run import Run
from fv_train.written import CHECKED, as_in_memory


def keep(options: TrainOptions, progress: Progress) -> Run:
    """Build the published network, save it, and return the finished run.

    Raises what `loop.train` raises, and `LabelMismatch` for an image set of other classes.
    """
    imageset = ImageSet.open(options.imageset)
    if not options.resume:
        refuse_existing(options.out)
    _check_classes(options, imageset)
    started = resumable(options, imageset)[0] if options.resume else None
    network = backbones.build(options.recipe, len(imageset.classes))
    run = started or create(options, imageset)
    split = imageset.split(imageset.reported_split())
    shown = EvaluationInputs(split, np.arange(min(len(split), CHECKED)), run.info.preprocess)
    inputs = next(shown.batches(CHECKED))
    run.write_model(network.probabilities, as_in_memory(network.logits, inputs, len(inputs)))
    progress.say(f"{options.recipe.model.backbone} as published, {len(imageset.classes)} classes: nothing was trained")
    return run


def _check_classes(options: TrainOptions, imageset: ImageSet) -> None:
    known = imagenet.labels()
    if imageset.classes == known:
        return
    if len(imageset.classes) != len(known):
        why = f"{options.imageset} has {len(imageset.classes)} classes, the network {len(known)}"
    else:
        first = next(i for i, (a, b) in enumerate(zip(imageset.classes, known, strict=True)) if a != b)
        why = f"output {first} is {known[first]!r}, and in {options.imageset} {imageset.classes[first]!r}"
    raise LabelMismatch(
        "the pictures are not labelled with the network's own classes",
        why=why,
        hint=f"fv data prepare {imageset.header.source} --classes imagenet --out {options.imageset}-imagenet",
    )
