"""Our files against those of the stock tools, same network, same pictures, one run: latency, size, time, memory.

Networks have random weights and the BatchNorm statistics of drawn plates (`untrained`): a latency does not ask what was
learnt. Each file is made in a process of its own, whose seconds and largest memory are printed; then all files of a
network are measured side by side, one thread, as `fv benchmark` does, and each promise of `bounds` is judged. This
process stays small: a child's ru_maxrss begins at the size of its parent.

    python perf/bench_export.py [NETWORK...]      default: all of `NETWORKS`
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bounds import Bounds
from harness import models_side_by_side
from peers import KINDS

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
NETWORKS = ("MobileNetV3Small", "MobileNetV3Large", "EfficientNetB0", "EfficientNetLite0")
PEERS = {
    "tflite_float": "converter fp32",
    "tflite_int8": "converter int8",
    "tf2onnx_float": "tf2onnx",
    "onnx_int8": "static",
}
# Names the file that `torch_zoo.py` wrote, which takes an environment of its own.
ZOO = "FV_TORCH_ZOO"
# What torchvision's weights want a picture to be, in shares of 255.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
SIZE = 224
PICTURES = 100
HERE = Path(__file__).parent
MAKE = "--make"


@dataclass(frozen=True)
class Made:
    """How long a process ran, the processor time of it and its children, and their largest memory."""

    seconds: float
    processor_seconds: float
    peak_bytes: int


def in_process(words: list[str]) -> Made:
    """Run a command to its end; raises `RuntimeError` with its last lines when it fails."""
    log = Path(tempfile.mkstemp(prefix="fv-bench-")[1])
    start = time.perf_counter()
    pid = os.posix_spawn(
        words[0],
        words,
        os.environ,
        file_actions=[(os.POSIX_SPAWN_OPEN, fd, str(log), os.O_WRONLY | os.O_APPEND, 0o600) for fd in (1, 2)],
    )
    _, status, usage = os.wait4(pid, 0)
    seconds, said = time.perf_counter() - start, log.read_text(errors="replace")
    log.unlink()
    # 3: a file was made and refused, which random weights may well deserve; --keep has put it in place.
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise RuntimeError(f"{' '.join(words)}\n{said[-2000:]}")
    return Made(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def write_network(name: str, out: Path, pictures: np.ndarray) -> None:
    """An untrained `name` as a `.keras` file."""
    import keras
    from untrained import PASSES, untrained

    batch = pictures[:32].astype(np.float32)
    if name != "EfficientNetLite0":
        untrained(name, batch).save(out)
        return
    from fv_train.efficientnet_lite import lite0

    keras.utils.set_random_seed(0)
    network = lite0(SIZE)
    features = keras.layers.GlobalAveragePooling2D()(network.output)
    model = keras.Model(network.input, keras.layers.Dense(1000, activation="softmax")(features))
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    for _ in range(PASSES):
        model(batch, training=True)
    model.save(out)


def plates(folder: Path) -> np.ndarray:
    """(PICTURES, SIZE, SIZE, 3) drawn plates, and the same as pictures in `folder`."""
    from PIL import Image

    from fv_train import plates as drawn

    folder.mkdir()
    squares = []
    for index in range(PICTURES):
        picture = Image.fromarray(drawn.draw(index % len(drawn.CLASSES), index)).resize((SIZE, SIZE))
        picture.save(folder / f"{index:03}.png")
        squares.append(np.asarray(picture))
    return np.stack(squares)


def bench(name: str, folder: Path) -> None:
    """Make every file of one network, and measure them."""
    model, arrays = folder / f"{name}.keras", folder / "pictures.npy"
    in_process([sys.executable, __file__, MAKE, name, str(model), str(arrays)])
    peers = {kind: folder / f"{name}_{kind}{KINDS[kind][0]}" for kind in PEERS}
    made = {
        PEERS[kind]: in_process([sys.executable, str(HERE / "peers.py"), kind, str(model), str(path), str(arrays)])
        for kind, path in peers.items()
    }
    fv = [str(Path(sys.executable).with_name("fv")), "export", str(model), "--calibration", str(folder / "plates")]
    fv += ["--calibration-samples", str(PICTURES), "--keep", "--out"]
    made["fv int8, TFLite"] = in_process([*fv, str(folder / "one"), "--int8", "--format", "tflite"])
    made["fv int8, both"] = in_process([*fv, str(folder / "two"), "--int8"])
    made["fv fp32 fp16 int8"] = in_process([*fv, str(folder / "all"), "--fp32", "--fp16", "--int8"])
    bounds = Bounds(name)
    _times(name, made, bounds)
    ours = sorted((folder / "all").glob("*.tflite")) + sorted((folder / "all").glob("*.onnx"))
    for suffix in (".tflite", ".onnx"):
        files = {scheme: next(path for path in ours if f"_{scheme}." in path.name and path.suffix == suffix)
                 for scheme in ("fp32", "int8")}  # fmt: skip
        bounds.size(suffix, files["int8"].stat().st_size / files["fp32"].stat().st_size)
        files |= {PEERS[kind]: path for kind, path in peers.items() if path.suffix == suffix}
        zoo = os.environ.get(ZOO)
        if zoo and suffix == ".onnx" and name == "MobileNetV3Large":
            files["torch zoo"] = Path(zoo)
            files["torch zoo, whole"] = from_pictures(Path(zoo), folder / "zoo_whole.onnx")
        ratios = models_side_by_side(f"{name} {suffix}, one thread, {SIZE} px", list(files.values()))
        bounds.latency(suffix, {what: ratio.value for what, ratio in zip(files, ratios, strict=True)})
    print(bounds.text(), flush=True)


def from_pictures(network: Path, out: Path) -> Path:
    """The zoo's network behind what it wants done to a picture first, and a softmax: the job that our file does.

    (1, H, W, 3) pixels of 0 to 255 -> channels first, torchvision's mean and deviation -> probabilities.
    """
    import onnx
    from onnx import compose, helper, numpy_helper

    model = onnx.load(network)
    mean, deviation = (np.array(v, np.float32).reshape(1, 3, 1, 1) * 255 for v in (MEAN, DEVIATION))
    kind = onnx.TensorProto.FLOAT
    operators = [
        helper.make_node("Transpose", ["pixels"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("Mul", ["first", "factor"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["normalized"]),
    ]
    constants = [numpy_helper.from_array(1 / deviation, "factor"), numpy_helper.from_array(-mean / deviation, "shift")]
    before = helper.make_graph(
        operators,
        "preprocessing",
        [helper.make_tensor_value_info("pixels", kind, [1, SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("normalized", kind, [1, 3, SIZE, SIZE])],
        constants,
    )
    wrapped = helper.make_model(before, opset_imports=model.opset_import, ir_version=model.ir_version)
    joined = compose.merge_models(wrapped, model, [("normalized", model.graph.input[0].name)])
    logits = joined.graph.output[0].name
    joined.graph.node.append(helper.make_node("Softmax", [logits], ["probabilities"], axis=-1))
    joined.graph.output[0].name = "probabilities"
    onnx.checker.check_model(joined)
    onnx.save(joined, out)
    return out


def _times(name: str, made: dict[str, Made], bounds: Bounds) -> None:
    """Print what making each file took, and judge it."""
    first = made["converter int8"]
    print(f"{name}: making the files (seconds, of processor time, beside the converter's int8; largest memory)")
    for what, one in made.items():
        beside = f"{one.seconds / first.seconds:5.2f} x  {one.processor_seconds / first.processor_seconds:5.2f} x"
        seconds = f"{one.seconds:6.1f} s  {one.processor_seconds:6.1f} s"
        print(f"  {what:<18} {seconds}  {beside}  {one.peak_bytes / 2**20:6,.0f} MiB")
    alone, both, every = (made[what] for what in ("fv int8, TFLite", "fv int8, both", "fv fp32 fp16 int8"))
    bounds.export(alone.seconds / first.seconds, "time")
    bounds.export(alone.processor_seconds / first.processor_seconds, "processor time")
    bounds.all_schemes(every.seconds / both.seconds, "time")
    bounds.all_schemes(every.processor_seconds / both.processor_seconds, "processor time")


def main(names: list[str]) -> None:
    for name in names:
        with tempfile.TemporaryDirectory(prefix="fv-bench-") as text:
            folder = Path(text)
            np.save(folder / "pictures.npy", plates(folder / "plates"))
            bench(name, folder)


if __name__ == "__main__":
    if sys.argv[1:2] == [MAKE]:
        write_network(sys.argv[2], Path(sys.argv[3]), np.load(sys.argv[4]))
    else:
        main(sys.argv[1:] or list(NETWORKS))
