import io
import subprocess
import sys
import zipfile

import pytest

from fv_benchmark.targets.ssh.bundle import bundle, modules

# What a device need not have, our own other modules among it.
BLOCK = """
import sys
sys.path.insert(0, {path!r})
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(name + " is blocked", name=name)
sys.meta_path.insert(0, Block())
"""
SHOW = "print(sorted(name for name in sys.modules if name.partition('.')[0] not in sys.stdlib_module_names))"
HEAVY = {"scipy", "PIL", "jinja2", "psutil", "typer", "rich", "tensorflow", "keras", "onnx", "ai_edge_litert"}
HEAVY |= {"onnxruntime", "tflite_runtime"}


def loaded(tmp_path, names, blocked):
    """What is imported beside the standard library when `names` are imported from the file that is sent."""
    path = tmp_path / "agent.pyz"
    path.write_bytes(bundle())
    program = BLOCK.format(path=str(path), blocked=blocked) + "".join(f"import {name}\n" for name in names) + SHOW
    # -I: neither this folder nor PYTHONPATH; the site packages stay, for NumPy.
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return {name for name in eval(done.stdout) if name.startswith("fv_") or name in HEAVY | {"numpy"}}  # noqa: S307


def test_the_agent_needs_the_standard_library_alone(tmp_path):
    assert loaded(tmp_path, ["fv_benchmark.device.agent"], HEAVY | {"numpy"}) <= set(modules())


@pytest.mark.parametrize("name", ["fv_benchmark.worker", "fv_benchmark.sustain", "fv_benchmark.device.asking"])
def test_what_measures_and_answers_needs_numpy_too_and_no_more(tmp_path, name):
    assert loaded(tmp_path, [name], HEAVY) <= {"numpy", *modules()}


def test_every_module_in_it_is_read_from_it(tmp_path):
    path = tmp_path / "agent.pyz"
    path.write_bytes(bundle())
    program = (
        BLOCK.format(path=str(path), blocked=set()) + "import fv_benchmark.worker; print(fv_benchmark.worker.__file__)"
    )
    done = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout.startswith(str(path))


def test_it_holds_nothing_else_and_is_small():
    with zipfile.ZipFile(io.BytesIO(bundle())) as archive:
        names = archive.namelist()
    assert len(names) == len(modules()) + 1
    assert not [name for name in names if not name.endswith(".py")]
    for stranger in ("fv_benchmark.report", "fv_benchmark.stats", "fv_core.imageset", "fv_edge_runtime.classifier"):
        assert stranger not in modules()
    # A hundredth of a model; over the slowest line a second.
    assert len(bundle()) < 100_000


def test_it_is_always_the_same():
    bundle.cache_clear()
    first = bundle()
    bundle.cache_clear()
    assert bundle() == first
