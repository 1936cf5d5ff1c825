"""Weights rounded so that their errors cancel on real pictures, and biases that keep every mean.

Rounding each weight to the nearest integer makes an error e_k in column k, and the output errs by sum_k e_k x_k. The
columns x_k of a feature map are correlated, so what one weight errs the others can undo. With C the covariance of the
columns the error to be made small is e^T C e. Column by column (GPTQ: Frantar et al. 2022, arXiv 2210.17323, section 3;
the step is that of Optimal Brain Surgeon, Hassibi and Stork 1993), with U^T U = (C + damping)^-1, U upper triangular:

    q_k = round(w_k / s)          w_l <- w_l - (w_k - s q_k) U_kl / U_kk          for the columns l > k still to come

The columns that vary most come first, while there are many left to make up for them. What remains is made mean-free:

    b_o <- b_o + sum_k (w_ko - s_o q_ko) mean_k

The result is a graph whose weights lie on the integer grid that `quantize` finds by itself, s_o = max|w_o| / 127: the
largest weight of each output channel keeps its value.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg.lapack import dtrtri

from fv_export.graph import Graph, Node
from fv_export.moments import LINEAR, Doubles, Moments, columns_of, kernel_of

# Share of the mean variance that is added to every variance, as in the paper's code: it keeps the inverse sound where
# columns are constant or hardly seen. A tenth of it gives the same agreement (docs/findings.md).
_DAMPING = 0.01
_LARGEST = 127
# Columns that are rounded one by one before all behind them make up for their errors at once (section 4 of the paper,
# "lazy batch updates", whose 128 it is): the same sums in fewer passes over the kernel.
_BLOCK = 128


def rounded(graph: Graph, moments: dict[str, Moments]) -> Graph:
    """The graph with every kernel on its integer grid and every bias corrected; `moments`: `observe_moments`."""
    return replace(graph, nodes=tuple(_rounded_node(node, moments) for node in graph.nodes))


def _rounded_node(node: Node, moments: dict[str, Moments]) -> Node:
    if not isinstance(node, LINEAR):
        return node
    seen = moments[node.name]
    columns = columns_of(node).astype(np.float64)
    scale = np.abs(columns).max(axis=1, keepdims=True) / _LARGEST
    on_grid = compensated(columns, scale, seen.covariance) * scale
    shift = np.einsum("gko,gk->go", columns - on_grid, seen.mean)
    bias = (node.bias.astype(np.float64) + shift.ravel()).astype(np.float32)
    return replace(node, kernel=kernel_of(node, on_grid), bias=bias)


def compensated(columns: Doubles, scale: Doubles, covariance: Doubles) -> Doubles:
    """Integers (groups, columns, outputs) for weights `columns` of the same shape.

    `scale`: (groups, 1, outputs), largest magnitude / 127. `covariance`: (groups, columns, columns).
    """
    groups, count, _ = columns.shape
    variance = np.einsum("gkk->gk", covariance)
    order = np.argsort(-variance, axis=1, kind="stable")
    at = np.arange(groups)[:, None]
    step = np.where(scale > 0, scale, 1.0)
    weights = (columns / step)[at, order]
    largest = np.where(np.abs(weights) >= _LARGEST - 1e-6, np.copysign(float(_LARGEST), weights), 0.0)
    factors = _inverse_factor(covariance[at[:, :, None], order[:, :, None], order[:, None, :]])
    integers = np.zeros_like(weights)
    for start in range(0, count, _BLOCK):
        block = slice(start, min(start + _BLOCK, count))
        here = factors[:, block, block]
        integers[:, block], errors = _block(weights[:, block], largest[:, block], here)
        weights[:, block.stop :] -= factors[:, block, block.stop :].transpose(0, 2, 1) @ errors
    result = np.empty_like(integers)
    result[at, order] = integers
    return result


def _block(weights: Doubles, largest: Doubles, factors: Doubles) -> tuple[Doubles, Doubles]:
    """Integers of a block of columns, and the errors (w_k - q_k) / U_kk that the columns behind it make up for.

    All (groups, columns, outputs) but the block of U, (groups, columns, columns). `weights` is changed. `largest`: what
    the largest weights stay at, 0 for all others.
    """
    integers, errors = np.empty_like(weights), np.empty_like(weights)
    for k in range(weights.shape[1]):
        nearest = np.clip(np.rint(weights[:, k]), -_LARGEST, _LARGEST)
        integers[:, k] = np.where(largest[:, k] != 0, largest[:, k], nearest)
        errors[:, k] = (weights[:, k] - integers[:, k]) / factors[:, k, k, None]
        weights[:, k + 1 :] -= factors[:, k, k + 1 :, None] * errors[:, None, k]
    return integers, errors


def _inverse_factor(covariance: Doubles) -> Doubles:
    """U, upper triangular, with U^T U the inverse of the damped covariance; groups that never vary get the identity.

    With the columns in reverse order, covariance = L L^T; turned back, L is an upper triangle whose inverse is U.
    """
    mean = np.einsum("gkk->g", covariance)[:, None, None] / covariance.shape[1]
    damped = np.where(mean > 0, covariance, 0.0) + np.eye(covariance.shape[1]) * np.where(
        mean > 0, _DAMPING * mean, 1.0
    )
    lower = np.linalg.cholesky(damped[:, ::-1, ::-1])
    return np.stack([dtrtri(triangle)[0] for triangle in lower[:, ::-1, ::-1]])
