"""Hostile `.keras` files, typed into every command that takes one (docs/security.md, cases 1 to 12).

Each file is built here, and what it would run leaves a mark. Each command must end with one error, soon, in little
memory, and without the mark. What can be refused is refused before Keras is imported.
"""

from __future__ import annotations

import base64
import json
import marshal
import pickle
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.cli import attacks
from tests.cli.typist import Typist, everything

SIZE = attacks.SIZE
UNSAFE, DAMAGED = "unsafe-model", "damaged-model"
MARK = "owned"
COMMANDS = {
    "predict": ["predict", "MODEL", "picture.png"],
    "evaluate": ["evaluate", "MODEL", "--data", "set"],
    "export": ["export", "MODEL", "--int8", "--calibration", "set", "--out", "out"],
    "benchmark": ["benchmark", "sound.tflite", "--data", "set", "--against", "MODEL", "--runs", "1"],
    "inspect": ["inspect", "MODEL"],
}
# TensorFlow alone takes 500 MiB; the files that reach it ask for terabytes.
MAX_PEAK_BYTES = 1200 << 20


def layer(kind: str, module: str | None = "keras.layers", inbound: int = 0, **config: Any) -> dict[str, Any]:
    entry = {"class_name": kind, "module": module, "registered_name": None, "config": {"name": kind.lower(), **config}}
    return {**entry, "name": entry["config"]["name"], "inbound_nodes": [inbound] if inbound else []}


def picture() -> dict[str, Any]:
    return layer("InputLayer", batch_shape=[None, SIZE, SIZE, 3], dtype="float32")


def sequential(*layers: dict[str, Any]) -> dict[str, Any]:
    config = {"name": "evil", "layers": list(layers)}
    return {"class_name": "Sequential", "module": "keras", "registered_name": None, "config": config}


def classifier(*before: dict[str, Any]) -> dict[str, Any]:
    """Pictures through `before` into three classes."""
    return sequential(picture(), *before, layer("Flatten"), layer("Dense", units=3, activation="softmax"))


def code() -> str:
    """Python that leaves the mark, as Keras stores it in a Lambda."""
    return base64.b64encode(marshal.dumps(compile(f"open({MARK!r}, 'w')", "evil", "eval"))).decode()


def weights(fill: Callable[[h5py.File], None] = lambda file: None) -> bytes:
    stream = BytesIO()
    with h5py.File(stream, "w") as file:
        variables = file.create_group("layers/dense/vars")
        variables["0"], variables["1"] = np.zeros((SIZE * SIZE * 3, 3), np.float32), np.zeros(3, np.float32)
        file.create_group("layers/flatten/vars")
        fill(file)
    return stream.getvalue()


def archive(config: Any, stored: bytes | None = None, **more: bytes) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        target.writestr("config.json", config if isinstance(config, bytes) else json.dumps(config))
        target.writestr("model.weights.h5", weights() if stored is None else stored)
        for name, data in more.items():
            target.writestr(name, data)
    return stream.getvalue()


def evil(*layers: dict[str, Any]) -> Callable[[], bytes]:
    return lambda: archive(classifier(*layers))


def member(name: str, data: bytes = b"x") -> Callable[[], bytes]:
    return lambda: archive(classifier(), **{name: data})


def stored(fill: Callable[[h5py.File], None]) -> Callable[[], bytes]:
    return lambda: archive(classifier(), weights(fill))


def function(name: str, module: str) -> dict[str, Any]:
    return {"class_name": "function", "module": module, "config": name, "registered_name": name}


def real_lambda() -> dict[str, Any]:
    return layer("Lambda", function={"class_name": "__lambda__", "config": {"code": code(), "defaults": None}})


def legacy() -> bytes:
    """What model.save("m.h5") writes: the configuration is an attribute, with a Lambda in it."""
    stream = BytesIO()
    with h5py.File(stream, "w") as file:
        file.attrs["model_config"] = json.dumps(classifier(real_lambda()))
        file.create_group("model_weights")
    return stream.getvalue()


def twice() -> bytes:
    """`config.json` stands there twice: a sound one for whoever looks first, a Lambda for whoever looks last."""
    stream = BytesIO(archive(classifier(), **{"config_json": json.dumps(classifier(real_lambda())).encode()}))
    return stream.getvalue().replace(b"config_json", b"config.json")


def linked() -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("metadata.json", "{}")
        target.writestr("config.json", json.dumps(classifier()))
        link = zipfile.ZipInfo("model.weights.h5")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        target.writestr(link, "../secret.h5")
    return stream.getvalue()


def lying(name: str) -> bytes:
    """A member of a gigabyte of blanks whose directory entry says that it has a thousand."""
    size = 1 << 30
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for other in {"metadata.json", "config.json", "model.weights.h5"} - {name}:
            target.writestr(other, weights() if other.endswith("h5") else json.dumps(classifier()))
        target.writestr(name, b" " * size)
    return stream.getvalue().replace(struct.pack("<L", size), struct.pack("<L", 1000))


def bomb(fill: int) -> Callable[[h5py.File], None]:
    return lambda file: file.create_dataset("bomb", (fill, fill), dtype="f4", chunks=(1, 1024), fillvalue=0.0)


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("../secret.h5", "data", shape=(4,))
    file.create_virtual_dataset("virtual", layout)


def outside(file: h5py.File) -> None:
    file.create_dataset("stored", (16,), dtype="u1", external=[("../secret.h5", 0, 16)])


def link(kind: Callable[[], Any]) -> Callable[[h5py.File], None]:
    return lambda file: file.__setitem__("link", kind())


def many(file: h5py.File) -> None:
    for index in range(21_000):
        file.create_group(f"g{index}")


def circle(file: h5py.File) -> None:
    """A group that holds itself: a walk of it has no end."""
    file["layers/layers"] = file["layers"]


def laughs(depth: int, times: int) -> dict[str, Any]:
    """Models inside one another, each of which calls the next `times` times."""
    inner = classifier()
    for level in range(depth):
        entry = {**inner, "name": f"m{level}", "inbound_nodes": [{}] * times}
        inner = {
            "class_name": "Functional", "module": "keras.src.models.functional", "registered_name": "Functional",
            "config": {"name": f"m{level}", "layers": [entry], "input_layers": [], "output_layers": []},
        }  # fmt: skip
    return inner


NESTED = b"[" * 900 + b"]" * 900 + b"}"
# Name -> (code of the error, the file). Names begin with the number of the case in docs/security.md.
CASES: dict[str, tuple[str, Callable[[], bytes]]] = {
    "1 Lambda": (UNSAFE, evil(real_lambda())),
    "1 Lambda as an activation": (
        UNSAFE,
        evil(layer("Activation", activation={"class_name": "__lambda__", "config": {"code": code()}})),
    ),
    "2 class of os": (UNSAFE, evil(layer("system", module="os", command=f"touch {MARK}"))),
    "2 class of builtins": (UNSAFE, evil(layer("exec", module="builtins"))),
    "2 function of builtins": (UNSAFE, evil(layer("Activation", activation=function("eval", "builtins")))),
    "2 operation of another module": (UNSAFE, evil(layer("Add", module="keras.src.utils.module_utils"))),
    "2 dotted initializer": (
        UNSAFE,
        evil(layer("Conv2D", kernel_initializer={"class_name": "os.system", "module": "keras.initializers"})),
    ),
    "3 enable_unsafe_deserialization": (UNSAFE, evil(layer("enable_unsafe_deserialization", module="keras.config"))),
    "3 the same as a function": (
        UNSAFE,
        evil(layer("Activation", activation=function("enable_unsafe_deserialization", "keras.src.saving"))),
    ),
    "4 HDF5 named .keras": ("legacy-keras-file", legacy),
    "5 TorchModuleWrapper": (
        UNSAFE,
        evil(layer("TorchModuleWrapper", module="keras.layers", module_bytes=base64.b64encode(b"pickle").decode())),
    ),
    "6 TFSMLayer": (UNSAFE, evil(layer("TFSMLayer", filepath="../outside"))),
    "7 vocabulary of a file": (UNSAFE, evil(layer("StringLookup", vocabulary="/etc/passwd"))),
    "7 vocabulary of an address": (UNSAFE, evil(layer("TextVectorization", vocabulary="http://example.org/v"))),
    "8 member ../x": (UNSAFE, member("../x")),
    "8 member ..\\x": (UNSAFE, member("..\\x")),
    "8 absolute member": (UNSAFE, member("/etc/x")),
    "8 symbolic link": (UNSAFE, linked),
    "8 member twice": (UNSAFE, twice),
    "9 configuration of a gigabyte": (UNSAFE, lambda: archive(b" " * (1 << 30))),
    "9 weights of a gigabyte": (DAMAGED, lambda: archive(classifier(), b"\0" * (1 << 30))),
    "9 asset of a gigabyte": (UNSAFE, member("assets/vocabulary.txt", b"\0" * (1 << 30))),
    "9 configuration with a false size": (DAMAGED, lambda: lying("config.json")),
    "9 metadata with a false size": (DAMAGED, lambda: lying("metadata.json")),
    "10 shapes of a terabyte": (UNSAFE, stored(bomb(1 << 19))),
    "10 shapes of 2^62": (UNSAFE, stored(bomb(1 << 31))),
    "10 more entries than a model has": (UNSAFE, stored(many)),
    "10 group inside itself": (UNSAFE, stored(circle)),
    "11 soft link": (UNSAFE, stored(link(lambda: h5py.SoftLink("/layers")))),
    "11 external link": (UNSAFE, stored(link(lambda: h5py.ExternalLink("../secret.h5", "/")))),
    "11 external storage": (UNSAFE, stored(outside)),
    "11 virtual data set": (UNSAFE, stored(virtual)),
    "12b layer named ../../x": (UNSAFE, evil(layer("Conv2D", name="../../x"))),
    "12b layer named ..\\x": (UNSAFE, evil(layer("Conv2D", name="..\\x"))),
    "12b layer named /x": (UNSAFE, evil(layer("Conv2D", name="/x"))),
    "12c Lambda in a model inside": (UNSAFE, evil(sequential(picture(), real_lambda()))),
    "12c Lambda in the place of an option": (UNSAFE, evil(layer("Dense", kernel_regularizer=real_lambda()))),
    "12c clone_model": (UNSAFE, evil(layer("Activation", activation=function("clone_model", "keras.models")))),
    "12c models that call models": (UNSAFE, lambda: archive(laughs(8, 100))),
    "12c options nested without end": (UNSAFE, lambda: archive(b'{"class_name":"Sequential","config":' + NESTED)),
}
# These pass every check that needs no Keras; what they ask for is found before it is allocated.
BUILT: dict[str, Callable[[], bytes]] = {
    "10 a layer of 10^15 weights": lambda: archive(
        sequential(picture(), layer("Flatten"), layer("Dense", units=10**13))
    ),
    "10 a layer that makes terabytes of a picture": lambda: archive(
        classifier(layer("UpSampling2D", size=[100_000, 100_000]), layer("GlobalAveragePooling2D", keepdims=True))
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands need besides a model, and the secret that hostile weights point at."""
    folder = attacks.workplace(tmp_path_factory.mktemp("attacks") / "here")
    with h5py.File(folder.parent / "secret.h5", "w") as file:
        file["data"] = np.arange(4, dtype=np.float32)
    attacks.sound_tflite(folder / "sound.tflite")
    return folder


@pytest.fixture(scope="module")
def hands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typist]:
    with Typist(tmp_path_factory.mktemp("typist") / "scratch") as hands:
        yield hands


def refused(commands: list[str], model: str, folder: Path, hands: Typist) -> dict[str, str]:
    before = everything(folder.parent)
    found = {}
    for command in commands:
        words = [model if word == "MODEL" else word for word in COMMANDS[command]]
        typed = hands.types(*words, here=folder)
        found[command] = attacks.refusal(typed, MAX_PEAK_BYTES)
    assert everything(folder.parent) == before, "something was written"
    assert hands.left_behind() == [], hands.left_behind()
    return found


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_file_is_refused(case: str, folder: Path, hands: Typist) -> None:
    expected, build = CASES[case]
    (folder / "evil.keras").write_bytes(build())
    first = next(name for name in CASES if name.split()[0] == case.split()[0])
    found = refused(list(COMMANDS) if case == first else ["predict"], "evil.keras", folder, hands)
    assert found.pop("inspect", "unknown-model-format") == "unknown-model-format"
    assert set(found.values()) == {expected}, found


@pytest.mark.slow
@pytest.mark.parametrize("case", BUILT)
def test_a_model_that_asks_for_all_memory_is_refused(case: str, folder: Path, hands: Typist) -> None:
    (folder / "evil.keras").write_bytes(BUILT[case]())
    assert refused(["predict"], "evil.keras", folder, hands) == {"predict": UNSAFE}


def test_4_a_legacy_file_by_its_name(folder: Path, hands: Typist) -> None:
    (folder / "evil.h5").write_bytes(legacy())
    commands = ["predict", "evaluate", "export", "benchmark"]
    assert set(refused(commands, "evil.h5", folder, hands).values()) == {"legacy-keras-file"}


def test_12_weights_that_are_a_pickle(folder: Path, hands: Typist) -> None:
    """NumPy would unpickle an array of objects, and with it run whatever it says."""

    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (exec, (f"open({MARK!r}, 'w')",))

    member = BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    member.write(pickle.dumps(Bomb()))
    with zipfile.ZipFile(folder / "evil.npz", "w") as archive:
        archive.writestr("stem_conv/kernel.npy", member.getvalue())
    before = everything(folder.parent)
    words = ["train", "plates_quick", "--data", "set", "--out", "out", "--set", "model.weights=evil.npz"]
    assert attacks.refusal(hands.types(*words, here=folder), MAX_PEAK_BYTES) == "bad-weights"
    assert everything(folder.parent) == before


def test_12_weights_that_claim_terabytes(folder: Path, hands: Typist) -> None:
    member = BytesIO()
    np.lib.format.write_array_header_1_0(member, {"descr": "<f4", "fortran_order": False, "shape": (1 << 40,)})
    with zipfile.ZipFile(folder / "evil.npz", "w") as archive:
        archive.writestr("stem_conv/kernel.npy", member.getvalue())
    words = ["train", "plates_quick", "--data", "set", "--out", "out", "--set", "model.weights=evil.npz"]
    assert attacks.refusal(hands.types(*words, here=folder), MAX_PEAK_BYTES) == "bad-weights"


def test_12a_a_folder_in_the_place_of_a_file(folder: Path, hands: Typist) -> None:
    """Keras takes a folder for an Orbax checkpoint and loads it by another, unguarded way."""
    (folder / "folder.keras").mkdir()
    (folder / "folder.keras" / "config.json").write_text(json.dumps(classifier(real_lambda())))
    found = refused(["predict", "evaluate", "export"], "folder.keras", folder, hands)
    assert set(found.values()) == {"bad-run"}


def test_the_sound_file_is_not_refused(folder: Path, hands: Typist) -> None:
    """Without this the refusals above would prove nothing."""
    (folder / "sound.keras").write_bytes(archive(classifier()))
    typed = hands.types("predict", "sound.keras", "picture.png", here=folder)
    assert typed.exit_code == 0, typed
    assert typed.peak_bytes < MAX_PEAK_BYTES, typed
