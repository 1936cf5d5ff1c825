"""Images a second in training on a GPU, full against mixed precision, and the share of the memory's roof.

    KERAS_BACKEND=jax python perf/gpu_training.py --json gpu.json      needs Keras and JAX, no TensorFlow

For MobileNetV3Large, EfficientNetB0 and B1 at 224 px: one training step (augmentation, forward, backward, AdamW) as
`fv train` compiles it, on random pictures and random weights. The two precisions take turns (A B B A), each several
times; the ratio is that of medians. Training these networks is bound by memory traffic, not by arithmetic: the roof is
the bytes that the compiled forward and backward pass of the mixed policy moves (XLA's own count,
`cost_analysis()["bytes accessed"]`) over the memory's bandwidth, and the share is roof / measured time. XLA counts
every operand of every fused operation once, whether a cache holds it or not, so the share is an upper estimate.
Bandwidths in GB/s are the makers' data sheets; another GPU needs --bandwidth.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

BANDWIDTH_GB_S = {"H200": 4800.0, "H100": 3350.0, "A100": 2039.0, "L4": 300.0, "T4": 320.0, "3090": 936.0}
NETWORKS = ("mobilenetv3large", "efficientnetb0", "efficientnetb1")
POLICIES = ("float32", "mixed_bfloat16")
CLASSES = 101


def main() -> int:
    arguments = parsed()
    import jax

    device = jax.devices()[0]
    bandwidth = arguments.bandwidth or next((v for k, v in BANDWIDTH_GB_S.items() if k in device.device_kind), None)
    print(f"{device.device_kind}, batch {arguments.batch}, {arguments.size} px, XLA on")
    rows = [measured(name, arguments, bandwidth) for name in arguments.networks]
    for row in rows:
        roof = "roof not known" if row["share_of_roof"] is None else f"{row['share_of_roof']:.0%} of the memory's roof"
        print(
            f"{row['network']:<18} float32 {row['images_per_s']['float32']:7.0f}  "
            f"mixed {row['images_per_s']['mixed_bfloat16']:7.0f} images/s  ratio {row['ratio']:.2f}  {roof}"
        )
    if arguments.json:
        record = {"device": device.device_kind, "batch": arguments.batch, "size": arguments.size, "rows": rows}
        arguments.json.write_text(json.dumps(record, indent=1) + "\n")
    assert "tensorflow" not in sys.modules, "TensorFlow was imported"
    return 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--steps", type=int, default=30, help="timed steps of a turn")
    parser.add_argument("--turns", type=int, default=2, help="of A B B A")
    parser.add_argument("--bandwidth", type=float, help="of the memory, GB/s")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measured(name: str, arguments: argparse.Namespace, bandwidth: float | None) -> dict[str, Any]:
    steps = {policy: step_of(name, policy, arguments) for policy in POLICIES}
    seconds: dict[str, list[float]] = {policy: [] for policy in POLICIES}
    for _ in range(arguments.turns):
        for policy in (*POLICIES, *reversed(POLICIES)):
            seconds[policy].append(timed(steps[policy], arguments.steps))
    a_step = {policy: statistics.median(found) for policy, found in seconds.items()}
    moved = bytes_moved(name, arguments)
    roof_s = moved / (bandwidth * 1e9) if bandwidth else None
    return {
        "network": name,
        "images_per_s": {policy: arguments.batch / found for policy, found in a_step.items()},
        "ratio": a_step["float32"] / a_step["mixed_bfloat16"],
        "bytes_a_step": moved,
        "share_of_roof": roof_s / a_step["mixed_bfloat16"] if roof_s else None,
        "seconds_a_step": seconds,
    }


def step_of(name: str, policy: str, arguments: argparse.Namespace) -> Callable[[], object]:
    import numpy as np

    from fv_train.augment import draw
    from fv_train.backbones import build
    from fv_train.data import Batch
    from fv_train.rand_augment import tables
    from fv_train.step import Trainee

    recipe = recipe_of(name, arguments)
    trainee = Trainee(build(recipe, CLASSES, policy=policy, load_weights=False), recipe, 256, jit=True)
    trainee.start_stage(recipe.stage["all"])
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (arguments.batch, 256, 256, 3), dtype=np.uint8)
    numbers = draw(recipe.augment, random, arguments.batch, arguments.size)
    targets = np.eye(CLASSES, dtype=np.float32)[random.integers(0, CLASSES, arguments.batch)]
    batch = Batch(images, numbers, targets, tables(images, numbers.points))
    for _ in range(3):  # compile, and fill the caches
        trainee.run(batch, 1e-4)
    return lambda: trainee.run(batch, 1e-4)


def recipe_of(name: str, arguments: argparse.Namespace) -> Any:
    from fv_train.recipe import Augment, Data, Model, Recipe, Stage

    return Recipe(
        name=name,
        data=Data(input_size=arguments.size, batch_size=arguments.batch),
        model=Model(backbone=name, weights="none"),
        stage={"all": Stage(batch_norm="train")},
        augment=Augment(),
    )


def timed(step: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        step()  # ends when the loss has come back from the device
    return (time.perf_counter() - start) / count


def bytes_moved(name: str, arguments: argparse.Namespace) -> float:
    """XLA's count for forward and backward of the mixed policy."""
    import jax
    import jax.numpy as jnp

    from fv_train.backbones import build

    logits = build(recipe_of(name, arguments), CLASSES, policy="mixed_bfloat16", load_weights=False).logits
    trainable = [v.value for v in logits.trainable_variables]
    rest = [v.value for v in logits.non_trainable_variables]

    def loss(weights: Any, images: Any) -> Any:
        answers, _ = logits.stateless_call(weights, rest, images, training=True)
        return jnp.mean(jax.nn.logsumexp(answers, axis=-1) - answers[:, 0])

    images = jax.ShapeDtypeStruct((arguments.batch, arguments.size, arguments.size, 3), jnp.bfloat16)
    compiled = jax.jit(jax.grad(loss)).lower(trainable, images).compile()
    analysis = compiled.cost_analysis()
    return float((analysis[0] if isinstance(analysis, list) else analysis)["bytes accessed"])


if __name__ == "__main__":
    raise SystemExit(main())
