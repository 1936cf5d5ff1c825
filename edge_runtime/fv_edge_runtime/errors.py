"""What can be wrong with a model file, its labels, or the child process that tries it out."""

from __future__ import annotations

from fv_core.errors import FvError, InputError


class UnknownFormat(InputError):
    """A file whose name does not end in .tflite or .onnx."""

    code = "unknown-model-format"


class BadModelFile(InputError):
    """A model file that is damaged, truncated, or no model at all."""

    code = "bad-model-file"
    usual_hint = "export or download it again"


class UnsupportedModel(InputError):
    """A sound model that is not an image classifier, or needs operators that no device runtime has."""

    code = "unsupported-model"
    usual_hint = "fv inspect MODEL shows what is inside; fv export makes files that fit"


class LabelsMissing(InputError):
    """A model file that carries no labels, and none were given."""

    code = "labels-missing"


class LabelCount(InputError):
    """As many labels as outputs are needed; there are more or fewer."""

    code = "label-count"


class BadLabelFile(InputError):
    """A label file that is not UTF-8 text with one label a line, or is too large."""

    code = "bad-label-file"


class BadInputRange(InputError):
    """An input range that is no range, or that contradicts the file."""

    code = "bad-input-range"


class NotProbabilities(InputError):
    """The network's answers are not probabilities (logits, or not finite)."""

    code = "not-probabilities"


class ChildCrashed(FvError):
    """The child process that tried something out died, or answered nonsense."""

    code = "child-crashed"
    usual_hint = "the file is damaged or hostile: export or download it again"


class ChildTimedOut(FvError):
    """The child process needed more time than it was given, and was stopped."""

    code = "child-timed-out"
    usual_hint = "try again when the machine is idle; a damaged file may never come to an end"


class CannotProbe(FvError):
    """A model file that nobody vouches for, and no way to try it out in another process first."""

    code = "cannot-probe"


class ChildOutOfMemory(FvError):
    """The child process wanted more memory than it was given."""

    code = "child-out-of-memory"
    usual_hint = "close other programs (free -h), or give a smaller file"
