"""What the accuracy gate found, as plain data: for `--json`, and for the record that stands beside the report page."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from fv_benchmark.gate import Gated
from fv_benchmark.gate_stats import LIKELY
from fv_benchmark.stats import PairedDrop

SCHEMA_VERSION = 1


def summary(gated: Gated) -> dict[str, Any]:
    """Everything but the single pictures. Shares, not percent; `_pp` are percentage points, positive is worse."""
    needed = gated.needed
    return {
        "file": gated.name,
        "decision": gated.decision.value,
        "exit_code": gated.decision.exit_code,
        "max_drop_pp": gated.budget.max_drop_pp,
        "confidence": gated.budget.confidence,
        "bounds_pp": [gated.bounds.low_pp, gated.bounds.high_pp],
        "smallest_provable_budget_pp": provable_pp(gated),
        "pictures": gated.drop.n,
        "pictures_needed": needed.even if needed else None,
        "pictures_needed_likely": needed.likely if needed else None,
        "likely": LIKELY,
        "pictures_needed_without_drop": needed.without_drop if needed else None,
        "top1": {"full": gated.full_top1, "file": gated.file_top1, **_drop(gated.drop)},
        "top5": _drop(gated.top5) if gated.top5 else None,
        "agreement": gated.agreement,
        "calibration_error": {
            "full": gated.full_error,
            "file": gated.file_error,
            "change_pp": gated.error_change.change_pp,
            "change_ci95_pp": list(gated.error_change.ci95_pp),
        },
        "classes_that_lost": [{**asdict(loss), "drop_pp": loss.drop_pp} for loss in gated.losses],
        "flipped": len(gated.flips),
        "doubts": list(gated.doubts),
        "split": gated.split,
        "dataset_sha256": gated.dataset_fingerprint,
        "full_sha256": gated.full_sha256,
        "file_sha256": gated.file_sha256,
    }


def record(gated: Gated) -> dict[str, Any]:
    """The summary, and every flipped picture with both answers."""
    return {
        "schema_version": SCHEMA_VERSION,
        **summary(gated),
        "flipped_pictures": [asdict(one) for one in gated.flips],
    }


def provable_pp(gated: Gated) -> float:
    """The smallest budget that these pictures prove, to a hundredth of a point: the upper bound, rounded up."""
    return max(0.0, math.ceil(100 * gated.bounds.high_pp) / 100)


def _drop(drop: PairedDrop) -> dict[str, Any]:
    return {
        "drop_pp": drop.drop_pp,
        "ci95_pp": list(drop.ci95_pp),
        "method": drop.method,
        "lost": drop.lost,
        "gained": drop.gained,
        "mcnemar_p": drop.mcnemar_p,
    }
