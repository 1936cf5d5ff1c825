"""Every interval that `fv` prints, and nothing else. The methods come from `scipy.stats`; here they are chosen.

One proportion (a top-1): Wilson's score interval (Wilson 1927; Brown, Cai & DasGupta 2001 recommend it).

A drop between two models on the same N pictures: with l pictures lost (right before, wrong after), g gained,
    drop = (l − g) / N,      pictures that both answer alike say nothing about it.
  l + g ≥ 20   percentile bootstrap over pictures, pairs kept together (Efron & Tibshirani 1993, chapter 13)
  1 … 19       Bonett & Price (2012): p̃₁ = (l+1)/(N+2), p̃₂ = (g+1)/(N+2), Wald's interval of p̃₁ − p̃₂. The bootstrap
               sees too few different resamples there: it covers the truth in 89 % instead of 95 % of draws at three
               expected changes, in 29 % at half a change; this in 95 % or more (seeded simulation, `tests/benchmark`).
               Fagerland, Lydersen & Laake (2014) recommend it for paired proportions.
  0            |drop| ≤ q, the share of pictures whose correctness changes. Were q larger than 1 − α^(1/N), seeing no
               change in N pictures would have a probability below α: the exact Clopper-Pearson bound, about 3/N at
               95 %, the "rule of three" (Hanley & Lippman-Hand 1983). Never [0, 0].
Whether there is any drop at all: McNemar's exact test, a binomial test of l among l + g.

A ratio of two latencies: bootstrap over *blocks* (a fresh process each), because calls within a process are not
independent (Kalibera & Jones 2013). Five blocks are few, and the percentile interval is then too narrow; the expanded
percentile of Hesterberg (2015, section 5.4) widens its level: Φ(−√(n/(n−1))·t_{n−1, 1−α/2}) in place of α/2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy  # its parts are read when they are first named: a second, which an export without labels does without
from numpy.typing import NDArray

Samples = NDArray[np.int64]

# Below this many changed pictures the bootstrap covers too rarely (module docstring).
MIN_CHANGED_FOR_BOOTSTRAP = 20
# 9,999 keeps the Monte Carlo error of a 2.5 % quantile below a tenth of the interval's width; it is scipy's default.
RESAMPLES = 9_999
# A bootstrap interval lies between the smallest and the largest block, and those enclose the median of all processes
# with probability 1 − 2·½ⁿ: 94 % for five, but 87 % for four and 50 % for two, which is no 95 % interval.
MIN_BLOCKS = 5
# A resample of latencies sorts all samples again: 1,999 is Hesterberg's (2015) lower end, 40 beyond each 2 % quantile.
RATIO_RESAMPLES = 1_999
# Elements drawn at a time: 32 MB of indices.
_BATCH_ELEMENTS = 4_000_000
# A quantile is given when this many samples lie beyond it: their count then has a standard error of 1/√10 = 32 %.
MIN_SAMPLES_BEYOND = 10


@dataclass(frozen=True)
class PairedDrop:
    """A loss of top-1 in percentage points, with its two-sided interval; positive is worse.

    `ci_pp`: (low, high) at `confidence`; one-sided bounds are those of `gate_stats`. `n`: pictures; `lost`, `gained`:
    pictures whose correctness changed. `mcnemar_p`: two-sided exact p of "no difference". `method`: `bootstrap`,
    `bonett-price` or `rule-of-three`, see the module.
    """

    drop_pp: float
    ci_pp: tuple[float, float]
    confidence: float
    n: int
    lost: int
    gained: int
    mcnemar_p: float
    method: str

    @property
    def ci95_pp(self) -> tuple[float, float]:
        """The 95 % interval; raises `ValueError` when it was computed at another confidence."""
        if self.confidence != 0.95:
            raise ValueError(f"this interval is at confidence {self.confidence}, not 0.95")
        return self.ci_pp


@dataclass(frozen=True)
class Ratio:
    """A quotient of two latencies, with its 95 % interval; below 1 is faster than the reference.

    `ci95` is None with fewer than `MIN_BLOCKS` blocks.
    """

    value: float
    ci95: tuple[float, float] | None


@dataclass(frozen=True)
class Quantiles:
    """Latency quantiles in nanoseconds; None where there are too few samples (absent is not zero)."""

    p50_ns: float | None
    p90_ns: float | None
    p99_ns: float | None


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Two-sided Wilson interval of a share; `n` at least 1."""
    interval = scipy.stats.binomtest(successes, n).proportion_ci(confidence_level=confidence, method="wilson")
    return float(interval.low), float(interval.high)


def paired_drop(
    full_correct: NDArray[np.bool_],
    file_correct: NDArray[np.bool_],
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> PairedDrop:
    """Drop from the full model to the file; both (N,) bool about the same pictures in the same order, N ≥ 1.

    `seed` fixes the resamples.
    """
    if full_correct.shape != file_correct.shape or full_correct.ndim != 1 or not full_correct.size:
        raise ValueError(f"need the same pictures twice, not {full_correct.shape} and {file_correct.shape}")
    lost = int((full_correct & ~file_correct).sum())
    gained = int((~full_correct & file_correct).sum())
    n = int(full_correct.size)
    if lost + gained == 0:
        method, (low, high) = "rule-of-three", _rule_of_three(n, confidence)
    elif lost + gained < MIN_CHANGED_FOR_BOOTSTRAP:
        method, (low, high) = "bonett-price", _bonett_price(lost, gained, n, confidence)
    else:
        difference = full_correct.astype(np.int8) - file_correct.astype(np.int8)
        method, (low, high) = "bootstrap", _bootstrap_mean(difference, confidence, seed, resamples)
    return PairedDrop(
        drop_pp=100 * (lost - gained) / n,
        ci_pp=(100 * max(low, -1.0), 100 * min(high, 1.0)),
        confidence=confidence,
        n=n,
        lost=lost,
        gained=gained,
        mcnemar_p=float(scipy.stats.binomtest(lost, lost + gained).pvalue) if lost + gained else 1.0,
        method=method,
    )


def agreement(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Share of pictures that get the same answer; both (N,) class indices of the same pictures."""
    return float((one == other).mean())


def ratio_interval(a_blocks: Sequence[Samples], b_blocks: Sequence[Samples], *, paired: bool, seed: int = 0) -> Ratio:
    """Median latency of `a` over that of `b`, each from blocks of samples in nanoseconds.

    `paired`: the i-th blocks were measured side by side, so that drift hit both; they are then resampled together.
    No interval with fewer than `MIN_BLOCKS` blocks of either.
    """
    count_a, count_b = len(a_blocks), len(b_blocks)
    if paired and count_a != count_b:
        raise ValueError(f"{count_a} blocks cannot be paired with {count_b}")

    def ratio(chosen_a: NDArray[np.int64], chosen_b: NDArray[np.int64]) -> float:
        return _median(a_blocks, chosen_a) / _median(b_blocks, chosen_b)

    value = ratio(np.arange(count_a), np.arange(count_b))
    if min(count_a, count_b) < MIN_BLOCKS:
        return Ratio(value, None)
    result = scipy.stats.bootstrap(
        (np.arange(count_a), np.arange(count_b)),
        ratio,
        n_resamples=RATIO_RESAMPLES,
        vectorized=False,
        paired=paired,
        confidence_level=_expanded_level(min(count_a, count_b), 0.95),
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    interval = result.confidence_interval
    return Ratio(value, (float(interval.low), float(interval.high)))


def quantiles(samples_ns: Samples) -> Quantiles:
    """p50, p90 and p99, each only with at least `MIN_SAMPLES_BEYOND` samples beyond it: 20, 100 and 1,000 samples."""
    return Quantiles(*(_quantile(samples_ns, share) for share in (0.50, 0.90, 0.99)))


def samples_needed(share: float) -> int:
    """How many samples `quantiles` wants for the quantile `share`."""
    return round(MIN_SAMPLES_BEYOND / (1 - share))


def _quantile(samples_ns: Samples, share: float) -> float | None:
    return float(np.quantile(samples_ns, share)) if len(samples_ns) >= samples_needed(share) else None


def _median(blocks: Sequence[Samples], chosen: NDArray[np.int64]) -> float:
    return float(np.median(np.concatenate([blocks[int(index)] for index in chosen])))


def _rule_of_three(n: int, confidence: float) -> tuple[float, float]:
    bound = float(scipy.stats.binomtest(0, n, alternative="less").proportion_ci(confidence, method="exact").high)
    return -bound, bound


def _bonett_price(lost: int, gained: int, n: int, confidence: float) -> tuple[float, float]:
    p1, p2 = (lost + 1) / (n + 2), (gained + 1) / (n + 2)
    half = scipy.stats.norm.ppf((1 + confidence) / 2) * np.sqrt((p1 + p2 - (p1 - p2) ** 2) / (n + 2))
    return float(p1 - p2 - half), float(p1 - p2 + half)


def _bootstrap_mean(difference: NDArray[np.int8], confidence: float, seed: int, resamples: int) -> tuple[float, float]:
    interval = scipy.stats.bootstrap(
        (difference,),
        np.mean,
        n_resamples=resamples,
        vectorized=True,
        batch=max(1, _BATCH_ELEMENTS // len(difference)),
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def _expanded_level(n: int, confidence: float) -> float:
    t = scipy.stats.t.ppf((1 + confidence) / 2, n - 1)
    return float(1 - 2 * scipy.stats.norm.cdf(-np.sqrt(n / (n - 1)) * t))
