"""What can go wrong while measuring."""

from __future__ import annotations

from fv_core.errors import FvError, InputError


class ClassesDiffer(InputError):
    """A model and an image set, or two models, that do not name the same classes."""

    code = "classes-differ"


class DifferentPictures(InputError):
    """Two sets of answers that are not about the same pictures, and so cannot be paired."""

    code = "different-pictures"
    usual_hint = "fv evaluate RUN --data IMAGESET asks again"


class NoFullModelAnswers(InputError):
    """The full model has no stored answers on this image set."""

    code = "no-full-model-answers"


class BadReport(InputError):
    """A report file that is damaged, or of a schema that this release does not read."""

    code = "bad-report"
    usual_hint = "fv benchmark MODEL --json FILE writes one"


class WorkerFailed(FvError):
    """A measuring process that ended without an answer."""

    code = "worker-failed"


class BadTarget(InputError):
    """What stands after `--on` names no device in the way its kind of target is written."""

    code = "bad-target"


class AccuracyNotThere(FvError):
    """A target that can measure latency but cannot say what a model answers; the reason stands in the report."""

    code = "accuracy-not-there"


class SustainedNotThere(FvError):
    """A target that cannot run one file without a pause."""

    code = "sustained-not-there"


class BadAnswer(FvError):
    """What a device sent back is not what was asked for: damaged, forged, or too much."""

    code = "bad-device-answer"
    usual_hint = "run it again; if it stays so, look who answers on that device"
