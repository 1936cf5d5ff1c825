from __future__ import annotations

import pytest

from fv_core.errors import InputError
from fv_export.mixed.options import Mix


@pytest.mark.parametrize("target", [0.0, -1.0, 100.0, float("nan")])
def test_a_target_is_a_number_of_points(target: float) -> None:
    with pytest.raises(InputError, match="no target"):
        Mix(target_drop_pp=target)


def test_nothing_asked_measures_nothing() -> None:
    assert not Mix().measures
    assert not Mix(keep_float=("a",)).measures
    assert Mix(require_faster=True).measures
    assert Mix(latency_on="ssh://pi@there").machine == "ssh://pi@there"
    assert Mix(target_drop_pp=0.2).machine == "local"


@pytest.mark.parametrize("assurance", [0.0, 0.49, 1.0, float("nan")])
def test_an_assurance_is_better_than_a_coin_and_no_certainty(assurance: float) -> None:
    with pytest.raises(InputError, match="no assurance"):
        Mix(target_drop_pp=0.2, assurance=assurance)
