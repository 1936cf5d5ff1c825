"""`python -m fv_edge_runtime MODEL PICTURE…`: classify pictures where the command line of `fv` is not installed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fv_core.errors import FvError
from fv_core.text import printable
from fv_core.units import percent_as_text
from fv_edge_runtime.answers import Question, answer, parse_input_range
from fv_edge_runtime.labels import read_labels


def main(arguments: Sequence[str] | None = None) -> int:
    """Classify the pictures and return the exit code; an error is two lines on standard error."""
    parser = argparse.ArgumentParser(prog="python -m fv_edge_runtime", description="Classify pictures.")
    parser.add_argument("model", help="a .tflite or .onnx file")
    parser.add_argument("pictures", nargs="+", metavar="picture")
    parser.add_argument("--top", type=int, default=Question.top, help="how many labels to show")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="labels, one a line, for a file that has none")
    parser.add_argument(
        "--input-range",
        metavar="LO,HI",
        help="for a file of somebody else's: what 0 and 255 become (--input-range=-1,1)",
    )
    parser.add_argument("--threads", type=int, default=Question.threads, help="threads of computation")
    options = parser.parse_args(arguments)
    if options.top < 1 or options.threads < 1:
        parser.error("--top and --threads are at least 1")
    try:
        answers = answer(
            Question(
                model=options.model,
                pictures=tuple(options.pictures),
                top=options.top,
                labels=None if options.labels is None else read_labels(options.labels),
                input_range=None if options.input_range is None else parse_input_range(options.input_range),
                threads=options.threads,
            )
        )
    except FvError as error:
        sys.stderr.write(f"error[{error.code}]: {printable(str(error))}\n")
        if error.hint:
            sys.stderr.write(f"hint: {printable(error.hint)}\n")
        return error.exit_code
    for one in answers.answers:
        sys.stdout.write(f"{printable(one.picture)}\n")
        for label, share in one.top:
            sys.stdout.write(f"  {percent_as_text(share):>8}  {printable(label)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
