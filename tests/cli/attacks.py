"""What the tests of hostile model files share: the commands, the place where they are typed, and what a refusal is.

`predict` and `inspect` are typed for every file, the others for the first file of each case: they read the model by the
same code, and typing all of them for all files takes four minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.cli import hostile
from tests.cli.typist import Typed, Typist, everything
from tests.edge_runtime import tiny_models
from tests.train._pictures import imageset

SIZE = 8
# A refusal takes a second; a loaded test machine gets some more. The sandbox's own limit (60 s to open, 20 s a picture)
# would be a hang to somebody who waits, and is never reached.
MAX_SECONDS = 100.0
# NumPy, Pillow and a runtime take 150 MiB; what the file asks for must not come on top.
MAX_PEAK_BYTES = 600 << 20
# `answers.MEMORY_BYTES`: what a model that is sound to look at can use up while it runs.
MAX_CHILD_BYTES = 3 << 30
DEVICE_COMMANDS = {
    "predict": ["predict", "MODEL", "picture.png"],
    "inspect": ["inspect", "MODEL"],
    "benchmark": ["benchmark", "MODEL", "--data", "set", "--runs", "1", "--json", "out.json"],
    "evaluate": ["evaluate", "MODEL", "--data", "set"],
}
_FOR_EVERY_FILE = ("predict", "inspect")


def workplace(folder: Path) -> Path:
    """A new folder with what the commands need besides a model: `set`, and `picture.png`."""
    imageset(folder / "set", size=SIZE)
    (folder / "picture.png").write_bytes(hostile.oriented(1))
    return folder


def commands_for(case: str, cases: Iterable[str]) -> list[str]:
    """The commands that a case is typed into, see the module. A case's name begins with its number."""
    number = case.split()[0]
    first = next(name for name in cases if name.split()[0] == number)
    return list(DEVICE_COMMANDS) if case == first else list(_FOR_EVERY_FILE)


def typed_into(command: str, model: str, folder: Path, hands: Typist) -> Typed:
    words = [model if word == "MODEL" else word for word in DEVICE_COMMANDS[command]]
    return hands.types(*words, here=folder)


def refused_by(commands: Sequence[str], model: str, folder: Path, hands: Typist, max_peak_bytes: int) -> dict[str, str]:
    """Command -> the code that it was refused with. `fv inspect` may explain the file instead; nothing may be written.

    What lies beside the folder belongs to it: a model that leaves its folder would leave a trace there.
    """
    before = everything(folder.parent)
    found = {}
    for command in commands:
        typed = typed_into(command, model, folder, hands)
        if command == "inspect" and typed.exit_code == 0:
            check_cost(typed, max_peak_bytes)
        else:
            found[command] = refusal(typed, max_peak_bytes)
    assert everything(folder.parent) == before, "something was written"
    assert hands.left_behind() == [], hands.left_behind()
    return found


def accepted_by(commands: Sequence[str], model: str, folder: Path, hands: Typist) -> None:
    for command in commands:
        typed = typed_into(command, model, folder, hands)
        assert typed.exit_code == 0, typed
        check_cost(typed, MAX_PEAK_BYTES)
    assert hands.left_behind() == [], hands.left_behind()


def check_cost(typed: Typed, max_peak_bytes: int) -> None:
    assert not typed.timed_out, typed
    assert typed.signal == 0, typed
    assert typed.seconds < MAX_SECONDS, typed
    assert typed.peak_bytes < max_peak_bytes, typed


def refusal(typed: Typed, max_peak_bytes: int) -> str:
    """The code of the one error that a command ended with; asserts that it ended as a refusal must."""
    check_cost(typed, max_peak_bytes)
    assert typed.exit_code in (1, 2), typed
    assert "Traceback" not in typed.err, typed.err
    errors = [line for line in typed.err.splitlines() if line.startswith("error[")]
    assert len(errors) == 1, typed.err
    assert typed.err.splitlines()[-1].startswith("hint: "), typed.err
    code = errors[0].removeprefix("error[").partition("]")[0]
    assert code != "fault", typed.err
    return code


def sound_tflite(path: Path) -> Path:
    return tiny_models.with_manifest(tiny_models.float_model(), path)
