"""What the manifest says of a file's origin."""

from __future__ import annotations

import numpy as np
import pytest

from fv_benchmark.stats import paired_drop
from fv_core import golden
from fv_export.pictures import Pictures
from fv_export.provenance import calibration_record, golden_answers, measured_drop
from fv_export.verify import Verdict


def pictures(ids: tuple[str, ...]) -> Pictures:
    inputs = np.zeros((len(ids), 4, 4, 3), dtype=np.uint8)
    return Pictures(inputs, ids, None, "digest", "train")


def test_the_calibration_record_holds_digest_and_count_but_no_ids() -> None:
    record = calibration_record(pictures(("a", "b")), "percentile")
    assert (record.count, record.method, record.dataset_sha256, record.split) == (2, "percentile", "digest", "train")
    other = calibration_record(pictures(("a", "c")), "percentile")
    assert record.ids_sha256 != other.ids_sha256


def test_a_drop_that_was_not_measured_is_not_there() -> None:
    verdict = Verdict("passed", "", 0.0, 1.0, None, 2)
    assert measured_drop(verdict, pictures(("a", "b"))) is None
    right = np.array([True, False])
    drop = measured_drop(Verdict("passed", "", 0.0, 1.0, paired_drop(right, right), 2), pictures(("a", "b")))
    assert drop is not None
    assert (drop.drop_pp, drop.n, drop.split) == (0.0, 2, "train")


def test_golden_answers_carry_both_models_and_the_digest_of_each_picture() -> None:
    drawn = np.stack([golden.draw(seed, 16) for seed in golden.SEEDS])
    full = np.full((8, 2), 0.5, dtype=np.float32)
    file = np.tile(np.array([1 / 3, 2 / 3], dtype=np.float32), (8, 1))
    found = golden_answers(drawn, full, file)
    assert [entry.seed for entry in found] == list(golden.SEEDS)
    assert found[3].sha256 == golden.sha256_of(drawn[3])
    assert found[0].full == (0.5, 0.5)
    assert found[0].file == pytest.approx((1 / 3, 2 / 3))
    file[5, 0] = np.nan
    assert golden_answers(drawn, full, file) == ()
