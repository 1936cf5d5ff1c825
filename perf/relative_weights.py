"""Starting weights for MobileNetV3Large and EfficientNetB0 out of their simpler relatives, where none of their own are.

    python perf/relative_weights.py mobilenetv3large MINIMALISTIC.weights.h5 OUT.weights.h5
    python perf/relative_weights.py efficientnetb0 LITE0.npz OUT.weights.h5

The relatives have the same blocks and widths. What they lack begins as close to doing nothing as it can while it still
learns: a 3 x 3 depthwise kernel becomes the middle of a 5 x 5, and a squeeze-and-excite gate begins nearly open. The
activations are other ones, so such weights are a beginning for `fv train --set model.weights=OUT`, no network.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# sigmoid(3) = 0.95; hard_sigmoid(2) = 0.83, below the bend where the gradient of the gate ends.
_OPEN = {"mobilenetv3large": 2.0, "efficientnetb0": 3.0}
# A gate's kernel at this share of its random beginning: it tells pictures apart a little, and learns the rest.
_GATE_SHARE = 0.1


def main(name: str, source: Path, target: Path) -> None:
    """Write the weights of network `name` to `target`; raises `KeyError` for a layer that is in neither network."""
    import keras

    keras.utils.set_random_seed(0)
    relative, network = _networks(name, source)
    known = {layer.name: layer for layer in relative.layers}
    copied = opened = 0
    for layer in network.layers:
        if not layer.weights:
            continue
        if layer.name in known:
            pairs = zip(known[layer.name].get_weights(), layer.get_weights(), strict=True)
            layer.set_weights([_fitted(old, new) for old, new in pairs])
            copied += 1
        elif "squeeze_excite" in layer.name or "_se_" in layer.name:
            kernel, bias = layer.get_weights()
            # The second convolution of a gate is the one in front of the sigmoid.
            if layer.name.endswith(("_conv_1", "_se_expand")):
                kernel, bias = kernel * _GATE_SHARE, np.full_like(bias, _OPEN[name])
                opened += 1
            layer.set_weights([kernel, bias])
        elif isinstance(layer, keras.layers.Normalization):
            # Lite0's (x - 127.5) / 127.5, behind Keras's Rescaling of 1 / 255.
            _set_normalization(layer)
        else:
            raise KeyError(f"{layer.name} is not in {relative.name}")
    unused = sorted({n for n, layer in known.items() if layer.weights} - {layer.name for layer in network.layers})
    if unused:
        raise KeyError(f"{', '.join(unused)} of {relative.name} went nowhere")
    network.save_weights(target)
    print(f"{target}: {copied} layers of {relative.name}, {opened} gates opened")


def _networks(name: str, source: Path) -> tuple[Any, Any]:
    import keras

    from fv_train.efficientnet_lite import lite0, load_npz

    if name == "mobilenetv3large":
        build = keras.applications.MobileNetV3Large
        relative = build(weights=None, include_top=False, minimalistic=True)
        relative.load_weights(source)
        return relative, build(weights=None, include_top=False)
    if name == "efficientnetb0":
        relative = lite0(224)
        load_npz(relative, source)
        return relative, keras.applications.EfficientNetB0(weights=None, include_top=False)
    raise KeyError(f"{name}: mobilenetv3large or efficientnetb0")


def _fitted(old: Any, new: Any) -> Any:
    """`old`, or `old` in the middle of zeros of the shape of `new`: a depthwise kernel grows by whole rings."""
    if old.shape == new.shape:
        return old
    if old.ndim != 4 or old.shape[2:] != new.shape[2:]:
        raise KeyError(f"{old.shape} does not become {new.shape}")
    ring = [(extent - had) // 2 for extent, had in zip(new.shape[:2], old.shape[:2], strict=True)]
    grown = np.zeros_like(new)
    grown[ring[0] : ring[0] + old.shape[0], ring[1] : ring[1] + old.shape[1]] = old
    return grown


def _set_normalization(layer: Any) -> None:
    values = {"mean": 0.5, "variance": 0.25, "count": 0}
    layer.set_weights([np.full(variable.shape, values[variable.name], variable.dtype) for variable in layer.weights])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
