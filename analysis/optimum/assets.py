"""Several assets quoted at once: the exact optimum where all decays are equal, and a closed form for any.

The problem (Bergault & Gueant 2021, "Size matters for OTC market makers"; Bergault, Evangelista, Gueant & Vieira 2021,
"Closed-form approximations in multi-asset market making", with exponential intensities): maximise E[X_T + q_T S_T -
penalty q_T^2 - phi int q' Sigma q dt]. Asset i is filled at rate lambda_i exp(-kappa_i depth) a side; Sigma is the
covariance of the mids.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import expm_multiply

from analysis.optimum.problem import Floats
from config import UserError


@dataclass(frozen=True, kw_only=True)
class Assets:
    """m assets.

    Raises:
        UserError: a field breaks its rule; the sentence names it.
    """

    rate: Floats  # lambda: [m], market orders per side and time
    decay: Floats  # kappa: [m], 1/price
    covariance: Floats  # Sigma: [m, m], price^2 / time
    running_penalty: float  # phi
    terminal_penalty: float = 0.0  # alpha, price per lot^2

    def __post_init__(self) -> None:
        m = len(self.rate)
        for name in ("rate", "decay"):
            held = getattr(self, name)
            if held.shape != (m,) or not np.all(held > 0):
                raise UserError(f"{name} must hold one number > 0 for each asset, but it is {held.tolist()}")
        sigma = self.covariance
        if sigma.shape != (m, m) or not np.allclose(sigma, sigma.T) or np.linalg.eigvalsh(sigma).min() < -1e-12:
            raise UserError(f"covariance must be a covariance of {m} assets, but it is {sigma.tolist()}")
        for name in ("running_penalty", "terminal_penalty"):
            if not getattr(self, name) >= 0:
                raise UserError(f"{name} must be >= 0, but it is {getattr(self, name)}")

    @cached_property
    def curvature(self) -> Floats:
        """A of the closed form, far from the end: (1/2) sqrt(phi) D^-1/2 (D^1/2 Sigma D^1/2)^1/2 D^-1/2, [m, m].

        D = diag(lambda_i kappa_i / e); the value is about a constant - q' A q.
        """
        root = np.sqrt(self.rate * self.decay / np.e)
        inner = linalg.sqrtm(root[:, None] * self.covariance * root[None, :]).real
        curvature: Floats = 0.5 * np.sqrt(self.running_penalty) * inner / (root[:, None] * root[None, :])
        return curvature

    def closed_form(self, inventory: Floats) -> Floats:
        """Approximate depths far from the end at ``inventory`` [..., m]: [..., m, 2] (bid, ask; price).

        Bid and ask of asset i are 1 / kappa_i + A_ii +- 2 (A q)_i.
        """
        lean = 2 * np.asarray(inventory, float) @ self.curvature
        middle = 1 / self.decay + np.diag(self.curvature)
        return np.stack([middle + lean, middle - lean], axis=-1)


@dataclass(frozen=True)
class AssetsOptimum:
    """On the grid of inventories -Q..Q of each asset: value over wealth and depths; nan where a side may not quote."""

    value: Floats  # [2 Q + 1, ..., 2 Q + 1]
    depths: Floats  # [2 Q + 1, ..., 2 Q + 1, m, 2] (bid, ask; price)

    def at(self, *inventory: int) -> tuple[float, Floats]:
        """Value and depths [m, 2] at an inventory."""
        place = tuple(q + size // 2 for q, size in zip(inventory, self.value.shape, strict=True))
        return float(self.value[place]), self.depths[place]


def solve_assets(assets: Assets, *, limit: int, tau: float) -> AssetsOptimum:
    """The exact optimum with ``tau`` left and |q_i| <= ``limit``, by the matrix exponential of a sparse generator.

    h = (1 / kappa) ln w, w = exp(A tau) z with -kappa phi q' Sigma q on A's diagonal and lambda_i / e wherever the
    inventory of asset i differs by one; this needs all decays to be equal.

    Raises:
        UserError: the decays differ, limit < 1 or tau < 0.
    """
    kappa = float(assets.decay[0])
    if np.any(assets.decay != kappa):
        raise UserError(f"decay must be the same for all assets, but it is {assets.decay.tolist()}")
    if limit < 1:
        raise UserError(f"limit must be >= 1, but it is {limit}")
    if not tau >= 0:
        raise UserError(f"tau must be >= 0, but it is {tau}")
    m = len(assets.rate)
    shape = m * (2 * limit + 1,)
    q = (np.indices(shape).reshape(m, -1) - limit).astype(float)
    risk = np.einsum("in,ij,jn->n", q, assets.covariance, q)
    terminal = np.exp(-kappa * assets.terminal_penalty * np.sum(q**2, axis=0))
    generator = _generator(-kappa * assets.running_penalty * risk, assets.rate / np.e, 2 * limit + 1)
    w = expm_multiply(generator * tau, terminal)
    h = np.log(w).reshape(shape) / kappa
    return AssetsOptimum(h, _depths(h, 1 / kappa))


def _generator(diagonal: Floats, beside: Floats, size: int) -> sparse.csr_array:
    """``diagonal``, and beside[i] between places that are neighbours along axis i of a grid of size^m places."""
    total = sparse.diags_array(diagonal)
    for axis, weight in enumerate(beside):
        line = sparse.diags_array([weight, weight], offsets=[-1, 1], shape=(size, size))
        before, after = sparse.eye_array(size**axis), sparse.eye_array(size ** (len(beside) - axis - 1))
        total = total + sparse.kron(sparse.kron(before, line), after)
    return sparse.csr_array(total)


def _depths(h: Floats, premium: float) -> Floats:
    depths = np.full((*h.shape, h.ndim, 2), np.nan)
    for axis in range(h.ndim):
        step = np.moveaxis(np.diff(h, axis=axis), axis, 0)
        bid, ask = (np.moveaxis(depths[..., axis, side], axis, 0) for side in (0, 1))
        bid[:-1] = premium - step
        ask[1:] = premium + step
    return depths
