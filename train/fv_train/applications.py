"""The classifiers of keras.applications as rows of the table of backbones.

Each was trained on pixels scaled in one of four ways (its `preprocess_input`); that scaling is put into the network, so
that every backbone reads raw RGB pixels 0..255:

    inside    the network has its own layers for it already
    symmetric x / 127.5 - 1
    standard  (x / 255 - mean) / deviation, channel by channel, of ImageNet in RGB
    caffe     x - mean of ImageNet, channels in the order BGR

A reversed channel order needs no layer: the first convolution reads each channel with its own slice of the kernel, so
the slices of the published weights are reversed once, when they are loaded (`reverse_channels`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import keras

Scaling = Literal["inside", "symmetric", "standard", "caffe"]
# keras.applications.imagenet_utils: RGB; caffe's means are stated in BGR there.
_MEAN = np.array([0.485, 0.456, 0.406])
_DEVIATION = np.array([0.229, 0.224, 0.225])
_CAFFE_MEAN = np.array([123.68, 116.779, 103.939])


@dataclass(frozen=True)
class Application:
    """`constructor` in keras.applications, in `module`; how its pixels are scaled; which options of ours it knows."""

    constructor: str
    module: str
    scaling: Scaling
    source: str
    forms: tuple[str, ...] = ()

    def build(
        self, input_size: int, alpha: float, minimalistic: bool, weights: str | None, *, whole: bool = False
    ) -> keras.Model:
        """The network without top: (n, N, N, 3) raw pixels -> features; `weights` None or `imagenet`.

        `whole`: as published, with its classifier: -> (n, 1000) logits.
        """
        import keras

        asked: dict[str, Any] = {"alpha": alpha, "minimalistic": minimalistic}
        options = {name: asked[name] for name in self.forms}
        options |= {"input_shape": (input_size, input_size, 3), "include_top": whole, "weights": weights}
        if whole:
            options["classifier_activation"] = None
        constructor = getattr(keras.applications, self.constructor)
        if self.scaling == "inside":
            return constructor(**options)
        pixels = keras.Input((input_size, input_size, 3))
        model = constructor(input_tensor=scaled(pixels, self.scaling), **options)
        if weights and self.scaling == "caffe":
            reverse_channels(model)
        # Given a tensor, the constructors make models that want their one input in a list.
        return keras.Model(pixels, model.output, name=model.name)


def scaled(pixels: Any, scaling: Scaling) -> Any:
    """Raw RGB pixels as the network wants them (for `caffe`, still in RGB)."""
    import keras

    if scaling == "inside":
        return pixels
    if scaling == "symmetric":
        return keras.layers.Rescaling(1.0 / 127.5, -1.0, name="scaling")(pixels)
    if scaling == "standard":
        scale, offset = 1.0 / (255.0 * _DEVIATION), -_MEAN / _DEVIATION
        return keras.layers.Rescaling(scale.tolist(), offset.tolist(), name="scaling")(pixels)
    return keras.layers.Rescaling([1.0, 1.0, 1.0], (-_CAFFE_MEAN).tolist(), name="scaling")(pixels)


def reverse_channels(model: keras.Model) -> None:
    """Turn a network that reads BGR into the same network reading RGB."""
    import keras

    first = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D))
    kernel, *rest = first.get_weights()
    first.set_weights([kernel[:, :, ::-1, :], *rest])


def _rows() -> dict[str, Application]:
    v3 = ("alpha", "minimalistic")
    rows = [
        *(Application(f"MobileNetV3{k}", "mobilenet_v3", "inside", "arXiv 1905.02244", v3) for k in ("Small", "Large")),
        *(Application(f"EfficientNetB{k}", "efficientnet", "inside", "arXiv 1905.11946") for k in range(8)),
        *(
            Application(f"EfficientNetV2{k}", "efficientnet_v2", "inside", "arXiv 2104.00298")
            for k in ("B0", "B1", "B2", "B3", "S", "M", "L")
        ),
        *(
            Application(f"ConvNeXt{k}", "convnext", "inside", "arXiv 2201.03545")
            for k in ("Tiny", "Small", "Base", "Large", "XLarge")
        ),
        Application("MobileNet", "mobilenet", "symmetric", "arXiv 1704.04861", ("alpha",)),
        Application("MobileNetV2", "mobilenet_v2", "symmetric", "arXiv 1801.04381", ("alpha",)),
        Application("InceptionV3", "inception_v3", "symmetric", "arXiv 1512.00567"),
        Application("InceptionResNetV2", "inception_resnet_v2", "symmetric", "arXiv 1602.07261"),
        Application("Xception", "xception", "symmetric", "arXiv 1610.02357"),
        *(Application(f"NASNet{k}", "nasnet", "symmetric", "arXiv 1707.07012") for k in ("Mobile", "Large")),
        *(Application(f"ResNet{k}V2", "resnet_v2", "symmetric", "arXiv 1603.05027") for k in (50, 101, 152)),
        *(Application(f"DenseNet{k}", "densenet", "standard", "arXiv 1608.06993") for k in (121, 169, 201)),
        *(Application(f"ResNet{k}", "resnet", "caffe", "arXiv 1512.03385") for k in (50, 101, 152)),
        *(Application(f"VGG{k}", f"vgg{k}", "caffe", "arXiv 1409.1556") for k in (16, 19)),
    ]
    return {row.constructor.lower(): row for row in rows}


APPLICATIONS = _rows()
