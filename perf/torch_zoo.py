"""MobileNetV3Large of PyTorch's own model zoo through torch.onnx, random weights: a peer for the latency of float ONNX.

    python -m venv zoo && zoo/bin/pip install torch==2.13.0 torchvision==0.28.0 onnx onnxscript
    zoo/bin/python perf/torch_zoo.py OUT.onnx
    FV_TORCH_ZOO=OUT.onnx python perf/bench_export.py MobileNetV3Large

In an environment of its own, because PyTorch is no package of this project. With `--legacy` torch.onnx exports by
tracing TorchScript, else as PyTorch does by default.
"""

from __future__ import annotations

import sys


def main(out: str, *, legacy: bool) -> None:
    import torch

    # torchvision's compiled part wants the CUDA build; beside a CPU build it is left out, and then these two operators,
    # which no classifier uses, are missed while it is imported.
    declared = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        declared.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.mobilenet_v3_large(weights=None).eval()
    image = torch.zeros(1, 3, 224, 224)
    if legacy:
        torch.onnx.export(model, (image,), out, dynamo=False, opset_version=17, input_names=["image"])
    else:
        torch.onnx.export(model, (image,), out, dynamo=True, external_data=False, input_names=["image"])


if __name__ == "__main__":
    main(next(word for word in sys.argv[1:] if not word.startswith("-")), legacy="--legacy" in sys.argv)
