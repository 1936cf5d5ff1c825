"""An outcome of known content."""

from __future__ import annotations

import numpy as np

from fv_benchmark.stats import PairedDrop, Ratio
from fv_core.manifest import Drop
from fv_export.mixed.outcome import Outcome, Point, Restored


def drop(value: float, half: float = 0.6) -> PairedDrop:
    return PairedDrop(value, (value - half, value + half), 0.95, 2020, 30, 22, 0.3, "bootstrap")


def point(name: str, layers: int | None, drop_pp: float, latency_ms: float | None = 1.0) -> Point:
    share = 0.0 if layers is None else 1.0 - layers / 10
    ratio = None if latency_ms is None else Ratio(latency_ms / 1.2, (latency_ms / 1.25, latency_ms / 1.15))
    agreement = 1.0 if layers is None else 0.92 + layers / 200
    return Point(name, layers, share, 1_200_000, latency_ms, ratio, drop(drop_pp), agreement, drop_pp)


def outcome(chosen_drop_pp: float = 0.1, latency_ms: float | None = 1.0, *, reached: bool = True) -> Outcome:
    """Plain int8 loses 0.4 points; the chosen file has two layers in float."""
    chosen = point("int8, 2 in float", 2, chosen_drop_pp, latency_ms)
    points = (
        point("float", None, 0.0, None if latency_ms is None else 1.2),
        point("int8", 0, 0.4, None if latency_ms is None else 0.9),
        chosen,
        point("8-bit weights alone", 10, 0.02, None if latency_ms is None else 1.3),
    )
    return Outcome(
        target_pp=0.2,
        format="tflite",
        chosen=2,
        plain=1,
        points=points,
        restored=(Restored("conv", "conv_bn", 1.5e-3, 0.021), Restored("logits", "logits", 5e-4, -0.003)),
        drop=Drop(chosen.drop.drop_pp, chosen.drop.ci_pp, chosen.agreement, 2020, "validation", "fe" * 32),
        wanted=0.8,
        assurance=0.83 if reached else 0.64,
        reached=reached,
        pictures=(2020, 2020),
        reporting=np.arange(2020, dtype=np.int64),
        machine="Test CPU, 1 thread",
        doubts=("other programs used 1.7 processor cores meanwhile (more than 0.25)",),
        tried=31,
        computed=12,
        remembered=150,
    )
