"""What our files promise beside the stock tools' and their own float, and whether one run kept it.

table = Bounds("MobileNetV3Large")
table.latency(".tflite", {"fp32": 1.0, "int8": 0.6, "converter int8": 1.5})     times of one run, in any one unit
table.size(".tflite", 0.26)
print(table.text())
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bound:
    """`of` may take at most `must` times as long as `beside`; `aim` is what is hoped for."""

    suffix: str
    of: str
    beside: str
    must: float
    aim: float | None = None


# One thread, 224 px, on x86-64: what a trial by hand reached with each network (docs/findings.md), or clean networks
# without squeeze-and-excite and hard-swish reach.
LATENCY: dict[str, tuple[Bound, ...]] = {
    "MobileNetV3Large": (
        Bound(".tflite", "int8", "converter int8", 0.41, 0.38),
        Bound(".tflite", "int8", "fp32", 0.73, 0.68),
        Bound(".onnx", "fp32", "tf2onnx", 0.80),
        Bound(".onnx", "fp32", "torch zoo", 1.00),
        Bound(".onnx", "fp32", "torch zoo, whole", 1.00),
        Bound(".onnx", "int8", "static", 0.80),
        Bound(".onnx", "int8", "fp32", 0.85),
    ),
    "MobileNetV3Small": (
        Bound(".tflite", "int8", "converter int8", 0.37),
        Bound(".tflite", "int8", "fp32", 1.05),
    ),
    "EfficientNetB0": (
        Bound(".tflite", "int8", "fp32", 0.45),
        Bound(".onnx", "int8", "static", 0.80),
        Bound(".onnx", "int8", "fp32", 0.95, 0.80),
    ),
    "EfficientNetLite0": (
        Bound(".tflite", "int8", "fp32", 0.55),
        Bound(".onnx", "int8", "fp32", 0.57),
    ),
}
# int8 beside fp32; export beside the converter's; fp32, fp16 and int8 in one call beside int8 alone.
SIZE, EXPORT_TIME, ALL_SCHEMES = 0.27, 1.2, 1.3


@dataclass
class Bounds:
    """The lines of one network."""

    network: str
    _lines: list[str] = field(default_factory=list)

    def latency(self, suffix: str, times: Mapping[str, float]) -> None:
        """Judge what was measured of one format; a file that is not in `times` is said to be missing."""
        for bound in LATENCY.get(self.network, ()):
            if bound.suffix != suffix:
                continue
            what = f"{suffix} latency, {bound.of} / {bound.beside}"
            missing = [name for name in (bound.of, bound.beside) if name not in times]
            if missing:
                self._lines.append(f"{what}: not measured, no {' and no '.join(missing)}")
            else:
                self._judge(what, times[bound.of] / times[bound.beside], bound.must, bound.aim)

    def size(self, suffix: str, ratio: float) -> None:
        """Judge the size of int8 beside fp32."""
        self._judge(f"{suffix} size, int8 / fp32", ratio, SIZE)

    def export(self, ratio: float, kind: str) -> None:
        """Judge the time of our TFLite int8 beside the converter's; `kind`: of time."""
        self._judge(f"export {kind}, fv int8 / converter int8", ratio, EXPORT_TIME)

    def all_schemes(self, ratio: float, kind: str) -> None:
        """Judge the time of fp32, fp16 and int8 together beside int8 alone, both formats."""
        self._judge(f"export {kind}, fp32 + fp16 + int8 / int8", ratio, ALL_SCHEMES)

    def text(self) -> str:
        """A line for each promise."""
        return "\n".join(f"  {self.network}: {line}" for line in self._lines)

    def _judge(self, what: str, ratio: float, must: float, aim: float | None = None) -> None:
        hoped = "" if aim is None else f", {'and' if ratio <= aim else 'but not'} the aim of {aim:g}"
        said = f"at most {must:g}: met{hoped}" if ratio <= must else f"at most {must:g}: NOT MET"
        self._lines.append(f"{what} {ratio:.3f}, {said}")
