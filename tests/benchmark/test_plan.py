from collections import Counter

import numpy as np

from fv_benchmark.plan import Step, interleaved


def test_two_candidates_run_a_b_b_a():
    assert [step.index for step in interleaved(2, 4)] == [0, 1, 1, 0, 0, 1, 1, 0]


def test_every_candidate_runs_once_in_each_round():
    counts = Counter(interleaved(3, 5))
    assert counts == Counter({Step(round_index, index): 1 for round_index in range(5) for index in range(3)})


def test_a_linear_drift_hits_all_alike_over_two_rounds():
    steps = interleaved(4, 6)
    moments = {index: [at for at, step in enumerate(steps) if step.index == index] for index in range(4)}
    assert len({float(np.mean(found)) for found in moments.values()}) == 1


def test_one_candidate_needs_no_order():
    assert interleaved(1, 2) == [Step(0, 0), Step(1, 0)]
