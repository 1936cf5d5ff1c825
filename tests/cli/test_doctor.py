"""`fv doctor` on made-up machines, and once on this one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fv_cli import installation
from fv_cli.commands import doctor
from fv_cli.installation import FRAMEWORKS, RUNTIMES, Finding, Gpus, Library, State
from fv_cli.main import main

NO_GPU = Gpus(driver=(), tensorflow=())
SEEN = Gpus(driver=("H200",), tensorflow=("H200",))
UNSEEN = Gpus(driver=("H200",), tensorflow=())


def all_there() -> list[State]:
    return [State(library, "1.0", "") for library in RUNTIMES + FRAMEWORKS]


def without(*names: str) -> list[State]:
    return [State(one.library, None, "") if one.library.name in names else one for one in all_there()]


@pytest.mark.parametrize("graphics", [NO_GPU, SEEN, Gpus(driver=("H200",), tensorflow=None)])
def test_nothing_to_find(graphics: Gpus) -> None:
    assert installation.findings(all_there(), graphics) == []


@pytest.mark.parametrize("name", ["ai-edge-litert", "tflite-runtime"])
def test_one_tflite_runtime_is_enough(name: str) -> None:
    assert installation.findings(without(name), NO_GPU) == []


def test_no_tflite_runtime_names_the_one_to_have() -> None:
    found = installation.findings(without("ai-edge-litert", "tflite-runtime"), NO_GPU)
    assert found == [Finding("missing", "ai-edge-litert: needed to run TFLite files", "pip install 'fv[litert]'")]


def test_a_missing_extra_is_said_once() -> None:
    found = installation.findings(without("onnx", "tf2onnx"), NO_GPU)
    assert found == [Finding("missing", "onnx, tf2onnx: needed to export", "pip install 'fv[export]'")]


def test_a_gpu_that_tensorflow_cannot_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_version", lambda name: None)
    (found,) = installation.findings(all_there(), UNSEEN)
    assert found.kind == "broken"
    assert "H200" in found.what
    assert found.mend == "pip install 'fv[gpu]'"


def test_a_gpu_that_tensorflow_cannot_see_although_cuda_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_version", lambda name: "9.1")
    (found,) = installation.findings(all_there(), UNSEEN)
    assert "list_physical_devices" in found.mend


def test_broken_comes_before_missing() -> None:
    states = without("onnxruntime")
    states[0] = State(RUNTIMES[0], "2.3.0", "ImportError: wrong ELF class")
    found = installation.findings(states, NO_GPU)
    assert [finding.kind for finding in found] == ["broken", "missing"]
    assert found[0].what == "ai-edge-litert 2.3.0 does not load: ImportError: wrong ELF class"


def test_a_library_that_is_not_installed() -> None:
    library = Library("no-such-library", "no_such_library", "train")
    assert installation.state(library) == State(library, None, "")


def test_a_library_that_loads_and_one_that_does_not() -> None:
    good, bad = installation.states((Library("numpy", "numpy", "train"), Library("numpy", "numpy.gone", "train")))
    assert good.version is not None
    assert good.problem == ""
    assert bad.problem == "ModuleNotFoundError: No module named 'numpy.gone'"


def test_a_library_that_takes_its_process_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "crashes.py").write_text("import os\nos.abort()\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert installation.state(Library("numpy", "crashes", "train")).problem == "the process was ended by signal 6"


def test_a_library_that_hangs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "hangs.py").write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(installation, "_IMPORT_LIMIT_S", 1)
    assert installation.state(Library("numpy", "hangs", "train")).problem == "no answer after 1 s"


def test_the_driver_s_gpus_are_read_from_nvidia_smi(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "NVIDIA H200"\necho "NVIDIA H200"\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert installation.gpus(tensorflow_loads=False) == Gpus(driver=("NVIDIA H200", "NVIDIA H200"), tensorflow=None)


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("flags\t\t: fpu avx2 amx_int8 avx512_vnni\n", ("avx2", "avx512_vnni", "amx_int8")),
        ("Features\t: fp asimd crc32 asimddp\n", ("asimd", "asimddp")),
        ("model name\t: odd\n", ()),
    ],
)
def test_what_a_processor_has_for_8_bits(tmp_path: Path, text: str, features: tuple[str, ...]) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    assert installation.int8_features(cpuinfo) == ()
    cpuinfo.write_text(f"processor\t: 0\n{text}", encoding="utf-8")
    assert installation.int8_features(cpuinfo) == features


CHECKUP = doctor.Checkup(
    fv="0.1.0",
    python="3.11.7",
    system="Linux x86_64",
    cpu="Made-up CPU",
    cores=2,
    int8_features=("avx2", "avx512_vnni"),
    memory_bytes=8 << 30,
    free_disk_bytes=3 << 30,
    libraries=(State(RUNTIMES[0], "2.3.0", ""), State(RUNTIMES[2], None, "")),
    gpus=UNSEEN,
    findings=(Finding("missing", "onnxruntime: needed to run ONNX files", "pip install 'fv[onnx]'"),),
)
DRAWN = """\
fv 0.1.0, Python 3.11.7, Linux x86_64
Made-up CPU, 2 cores, for 8 bits: avx2 avx512_vnni
memory 8.0 GiB, free on this disk 3.0 GiB
GPU: driver sees H200; TensorFlow sees none
library         version  state
ai-edge-litert  2.3.0    loads
onnxruntime     -        not installed
missing onnxruntime: needed to run ONNX files
  pip install 'fv[onnx]'
"""


def test_the_whole_picture(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(doctor, "check_up", lambda: CHECKUP)
    assert main(["doctor"]) == 0
    printed = capsys.readouterr()
    assert "\n".join(line.rstrip() for line in printed.out.splitlines()) + "\n" == DRAWN
    assert printed.err.endswith("next: pip install 'fv[onnx]'\n")


def test_broken_is_exit_code_1_in_json_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from dataclasses import replace

    broken = replace(CHECKUP, findings=(Finding("broken", "x", "y"),))
    monkeypatch.setattr(doctor, "check_up", lambda: broken)
    assert main(["doctor", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["schema_version"] == doctor.SCHEMA_VERSION
    assert said["findings"] == [{"kind": "broken", "what": "x", "mend": "y"}]


@pytest.mark.slow
def test_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json"])
    said = json.loads(capsys.readouterr().out)
    loads = {one["library"]["name"]: one["version"] and not one["problem"] for one in said["libraries"]}
    assert loads["tensorflow"]
    assert loads["ai-edge-litert"]
