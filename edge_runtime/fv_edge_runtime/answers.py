"""`fv predict`: questions about pictures to a model file that nobody vouches for, answered in a child process.

The child reads the file, opens it and looks at the pictures; the parent sees labels and probabilities only. So neither
a hostile model nor a hostile picture meets the parent, which needs no NumPy for it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fv_edge_runtime.errors import BadInputRange, ChildCrashed, ChildOutOfMemory, ChildTimedOut
from fv_edge_runtime.model_path import check_model_path
from fv_edge_runtime.sandbox import run_in_child

# A float MobileNetV3Large takes 1.8 s an inference in an emulated arm64, the slowest place this is run
# (docs/findings.md); ten times that for a picture, thirty for opening.
SECONDS_TO_OPEN = 60.0
SECONDS_A_PICTURE = 20.0
# Address space. Python, NumPy, Pillow and either runtime fit in 256 MiB (measured with a tiny model); a picture of the
# largest accepted size is held up to five times while it is decoded, turned and cropped, 300 to 400 MB each.
MEMORY_BYTES = 3 << 30
# A runtime holds the weights up to three times: as read, as packed for its kernels, and dequantized.
_MEMORY_A_MODEL_BYTE = 4


@dataclass(frozen=True)
class Question:
    """Which model, which pictures; see `Classifier` for the rest. `labels` and `input_range`: None where not given."""

    model: str
    pictures: tuple[str, ...]
    top: int = 5
    labels: tuple[str, ...] | None = None
    input_range: tuple[float, float] | None = None
    threads: int = 1


@dataclass(frozen=True)
class Answer:
    """The most probable (label, probability) of one picture, most probable first."""

    picture: str
    top: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Answers:
    """`runtime`: name and version of what ran the model; `answers` in the order of the pictures."""

    runtime: str
    answers: tuple[Answer, ...]


def answer(question: Question) -> Answers:
    """Ask in a child process. Raises what `Classifier` raises, and the sandbox's errors."""
    path = Path(question.model)
    check_model_path(path)
    try:
        data = run_in_child(
            "fv_edge_runtime.answers:answer_here",
            asdict(question),
            seconds=SECONDS_TO_OPEN + SECONDS_A_PICTURE * len(question.pictures),
            memory_bytes=memory_for(path),
        )
    except (ChildCrashed, ChildTimedOut, ChildOutOfMemory) as error:
        # The sandbox does not know what the work was about.
        why = f"{error.problem}: {error.why}"
        raise type(error)(f"{path} cannot be run", why=why, hint=f"fv inspect {path}") from error
    try:
        found = tuple(
            Answer(str(one["picture"]), tuple((str(label), float(share)) for label, share in one["top"]))
            for one in data["answers"]
        )
        return Answers(str(data["runtime"]), found)
    except (KeyError, TypeError, ValueError) as error:
        raise ChildCrashed("the child process answered nonsense", why=str(error)) from error


def answer_here(argument: dict[str, Any]) -> dict[str, Any]:
    """Answer a `Question` (as a dict) in this process with an `Answers` (as a dict)."""
    from fv_edge_runtime.classifier import Classifier

    labels, input_range = argument["labels"], argument["input_range"]
    classifier = Classifier(
        argument["model"],
        labels=labels,
        threads=argument["threads"],
        input_range=None if input_range is None else (input_range[0], input_range[1]),
    )
    answers = [Answer(name, tuple(classifier.classify(name, argument["top"]))) for name in argument["pictures"]]
    return asdict(Answers(classifier.session.runtime, tuple(answers)))


def memory_for(path: Path) -> int:
    """Address space that opening and running the model file may take, in bytes."""
    return MEMORY_BYTES + _MEMORY_A_MODEL_BYTE * path.stat().st_size


def parse_input_range(text: str) -> tuple[float, float]:
    """`-1,1` -> (-1.0, 1.0); raises `BadInputRange` for anything but two numbers."""
    parts = text.split(",")
    try:
        low, high = (float(part) for part in parts)
    except ValueError:
        raise BadInputRange(
            f"no input range: {text!r}", why="it is LO,HI: what 0 and 255 become", hint="--input-range=-1,1"
        ) from None
    return low, high
