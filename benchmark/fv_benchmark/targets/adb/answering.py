"""Accuracy on a phone through `benchmark_model`: one picture a run, its output tensor written to a file.

    benchmark_model --graph=M --input_layer=input --input_layer_shape=1,H,W,3 --input_layer_value_files=input:FILE
                    --num_runs=1 --min_secs=0 --warmup_runs=0 --warmup_min_secs=0 --output_filepath=OUT

The tool opens the file anew for every picture, and its answers are those of a real run on the phone's own kernels.
`--output_filepath` writes the raw bytes of the output tensors, in versions of 2023 and later; older ones refuse the
flag or write nothing, and then there is no accuracy, and that is said. The tensors are made here, by the one
preprocessing, as for every target. The answers of a batch come back as one file: a round trip for every picture would
cost more than its inference.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fv_benchmark.answer import MEMORY_BYTES, SECONDS_A_PICTURE, SECONDS_TO_OPEN, Question
from fv_benchmark.errors import AccuracyNotThere
from fv_benchmark.targets.adb.phone import Phone
from fv_benchmark.targets.adb.tensors import ANSWERS, INPUTS, OUTPUTS, name_of
from fv_core.predictions import Predictions
from fv_core.progress import Progress
from fv_edge_runtime.sandbox import run_in_child

# 600 kB a picture at 224 pixels in float: a batch of 10 MB goes over a cable in a second.
BATCH = 16
_ROOM = "asked"
_NOT_WRITTEN = "this benchmark_model does not write its answers"
# Preprocessing takes milliseconds a picture: a whole split is done in the time that 100 answers would get.
_MOST_PICTURES = 100
_HINT = "a benchmark_model of 2023 or later has --output_filepath; or --on browser"


def answers_of(
    phone: Phone, binary: str, model: Path, graph: str, question: Question, progress: Progress
) -> Predictions:
    """What `model` (there: `graph`) answers on the pictures; raises `AccuracyNotThere`, and what `Phone` raises."""
    with TemporaryDirectory(prefix="fv-adb-") as name:
        folder = Path(name)
        job = {**asdict(question), "imageset": str(question.imageset.resolve()), "model": str(model), "folder": name}
        said = _in_child("write_inputs_here", job, question)
        shape = ",".join(str(int(one)) for one in said["shape"])
        command = _command(binary, graph, shape)
        with (folder / OUTPUTS).open("wb") as outputs:
            for start in range(0, said["pictures"], BATCH):
                numbers = range(start, min(start + BATCH, said["pictures"]))
                found = _batch(phone, command, folder, [name_of(number) for number in numbers])
                if len(found) != said["output_bytes"] * len(numbers):
                    why = f"{len(found)} bytes came back for {len(numbers)} pictures of {said['output_bytes']} each"
                    raise AccuracyNotThere(_NOT_WRITTEN, why=why, hint=_HINT)
                outputs.write(found)
                progress.advance(f"answering, {model.name}", numbers[-1] + 1, said["pictures"])
        _in_child("read_outputs_here", job, question)
        return Predictions.load(folder / ANSWERS)


def _batch(phone: Phone, command: str, folder: Path, names: list[str]) -> bytes:
    """The output tensors of the named pictures, one behind the other; less where the tool wrote less."""
    there = f"{phone.folder}/{_ROOM}"
    phone.shell(["mkdir", "-p", there])
    for name in names:
        phone.push(folder / INPUTS / name, f"{_ROOM}/{name}")
    # Names of ours alone stand in this text.
    script = f"cd {there} || exit 1; for one in {' '.join(names)}; do {command} || exit 1; cat $one.out >> all; done"
    status, _ = phone.run(["sh", "-c", script], SECONDS_TO_OPEN + SECONDS_A_PICTURE * len(names))
    found = folder / "all"
    found.unlink(missing_ok=True)
    if status == 0:
        phone.pull(f"{_ROOM}/all", found)
    phone.shell(["rm", "-rf", there])
    return found.read_bytes() if found.is_file() else b""


def _command(binary: str, graph: str, shape: str) -> str:
    return (
        f"{binary} --graph={graph} --input_layer=input --input_layer_shape={shape}"
        " --input_layer_value_files=input:$one --output_filepath=$one.out"
        " --num_runs=1 --min_secs=0 --warmup_runs=0 --warmup_min_secs=0 > $one.log 2>&1"
    )


def _in_child(function: str, job: dict[str, Any], question: Question) -> Any:
    return run_in_child(
        f"fv_benchmark.targets.adb.tensors:{function}",
        job,
        seconds=SECONDS_TO_OPEN + SECONDS_A_PICTURE * (question.limit or _MOST_PICTURES),
        memory_bytes=MEMORY_BYTES,
    )
