"""`--on adb` against an arm64 user land under emulation: are the answers of a phone's kernels those of this machine?

    perf/arm64_userland build DIR && perf/arm64_userland wheels WHEELS
    python perf/adb_emulated.py DIR WHEELS MODEL… --data IMAGESET [--limit 50] [--json FILE]

Needs root (chroot). There is no phone: a stand-in `adb` runs its commands in the user land, and a stand-in
`benchmark_model` runs the file there with ai-edge-litert's Arm build and prints what the tool of 2023 prints, since
Google's own binaries are in no package registry. So everything between the command line and the kernels is real, and
the milliseconds are those of an emulator: they are compared with nothing.

Printed: the table of `fv benchmark --on local --on adb`, and for each model the share of pictures that get the same
answer here and there, with the largest difference of a probability.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from fv_benchmark.answer import Question, answer
from fv_benchmark.stats import agreement
from fv_benchmark.targets import TargetOptions, make_target
from fv_core.imageset import ImageSet
from fv_core.progress import Silent
from tests.benchmark.targets.adb.phone_here import HERE, PROPERTIES, script, write_commands

SITE = "opt/fv-adb-site"


def unpack(wheels: Path, site: Path) -> None:
    """All wheels side by side: a wheel is a zip archive of what lies in site-packages."""
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)


def stand_in(root: Path, tools: Path) -> Path:
    """Put `adb` into `tools` and a phone's commands into `root`; the stand-in for benchmark_model."""
    (root / "data/local/tmp").mkdir(parents=True, exist_ok=True)
    write_commands(root, "exit 0", PROPERTIES + "[ro.boot.qemu]: [1]\n")
    script(tools / "adb", f'exec {sys.executable} -I -S {HERE}/standin_adb.py "$@"')
    binary = tools / "benchmark_model"
    binary.write_text((HERE / "standin_benchmark_model.py").read_text())
    os.environ |= {"PATH": f"{tools}:{os.environ['PATH']}", "FV_ADB_ROOT": str(root)}
    os.environ |= {"FV_ADB_PYTHONPATH": f"/{SITE}"}
    return binary


def compare(models: list[Path], data: Path, limit: int, options: TargetOptions) -> bool:
    question = Question(data, ImageSet.open(data).reported_split(), threads=1, limit=limit)
    target = make_target("adb", options)
    alike = True
    try:
        target.open(models, Silent())
        for model in models:
            there = target.answers(model, question, Silent())
            here = answer(model, question, Silent(), "answering")
            same = agreement(there.answers(), here.answers())
            far = float(np.abs(there.probabilities - here.probabilities).max())
            right = there.correct().mean(), here.correct().mean()
            print(
                f"{model.name}: {same:.1%} of {len(there.ids)} pictures answered alike, largest difference of a"
                f" probability {far:.2g}; top-1 {right[0]:.1%} there, {right[1]:.1%} here"
            )
            alike = alike and same == 1.0
    finally:
        target.close()
    return alike


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--json", type=Path, default=None)
    given = parser.parse_args()
    if not (given.root / SITE).is_dir():
        unpack(given.wheels, given.root / SITE)
    with TemporaryDirectory() as tools:
        binary = stand_in(given.root.resolve(), Path(tools))
        words = [sys.executable, "-m", "fv_cli", "benchmark", *map(str, given.models), "--on", "local", "--on", "adb"]
        words += ["--data", str(given.data), "--limit", str(given.limit), "--benchmark-model", str(binary)]
        words += [] if given.json is None else ["--json", str(given.json)]
        status = subprocess.run(words, check=False).returncode
        alike = compare(given.models, given.data, given.limit, TargetOptions(benchmark_model=binary))
        left = list((given.root / "data/local/tmp").iterdir())
        print(f"left on the phone: {[path.name for path in left] or 'nothing'}")
    return 0 if status == 0 and alike and not left else 1


if __name__ == "__main__":
    sys.exit(main())
