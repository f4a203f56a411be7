"""Formulae in continuous time: values and depths of one asset, without a grid in time.

All depths are [times, 2 Q + 1, 2] (bid, ask; price) over inventory q = -Q..Q; a side that may not quote (bid at +Q, ask
at -Q) has depth nan. Orders arrive at ``rate`` per side (A, lambda) and reach a depth d with probability exp(-decay d)
(k, kappa); ``volatility`` (sigma) is of the mid, price / sqrt(time); ``tau`` is the time that is left, [times].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

import engine
from analysis.optimum.problem import Floats


def avellaneda_stoikov(
    *, risk_aversion: float, volatility: float, decay: float, dt: float, steps: int, limit: int
) -> Floats:
    """Avellaneda & Stoikov (2008), equations (29) and (30), at tau = (steps - n) dt; a first-order approximation.

    Both quotes stand half of gamma sigma^2 tau + (2 / gamma) ln(1 + gamma / k) from s - q gamma sigma^2 tau.
    """
    strategy = engine.Strategy.avellaneda_stoikov(
        risk_aversion=risk_aversion, volatility=volatility, decay=decay, dt=dt, steps=steps, max_lots=limit
    )
    return _bounded(strategy.depths[:, :, 0])


def glft_asymptotic(*, risk_aversion: float, volatility: float, decay: float, rate: float, limit: int) -> Floats:
    """Gueant, Lehalle & Fernandez-Tapia (2013), section 4: the closed-form approximation far from the end, one time.

    (1 / gamma) ln(1 + gamma / k) + (1 +- 2 q) / 2 sqrt(sigma^2 gamma / (2 k A) (1 + gamma / k)^(1 + k / gamma)).
    """
    strategy = engine.Strategy.glft(
        risk_aversion=risk_aversion, volatility=volatility, decay=decay, rate=rate, max_lots=limit
    )
    return _bounded(strategy.depths[:, :, 0])


def glft(*, risk_aversion: float, volatility: float, decay: float, rate: float, limit: int, tau: ArrayLike) -> Floats:
    """Gueant, Lehalle & Fernandez-Tapia (2013), theorem 1: optimal depths under exponential utility.

    v = exp(-M tau) 1 with M = (k / 2) gamma sigma^2 q^2 on the diagonal and -A (1 + gamma / k)^-(1 + k / gamma) beside
    it; the bid is (1 / k) ln(v_q / v_{q+1}) + (1 / gamma) ln(1 + gamma / k).
    """
    diagonal, off = _glft_generator(risk_aversion, volatility, decay, rate, limit)
    log_v = _log_semigroup(diagonal, off, np.zeros_like(diagonal), tau)
    return _depths(log_v / decay, _premium(risk_aversion, decay))


def glft_stationary(*, risk_aversion: float, volatility: float, decay: float, rate: float, limit: int) -> Floats:
    """The limit of `glft` far from the end, exact: v is M's eigenvector of the smallest eigenvalue. One time."""
    diagonal, off = _glft_generator(risk_aversion, volatility, decay, rate, limit)
    beside = np.full(len(diagonal) - 1, -off)
    _, vector = linalg.eigh_tridiagonal(-diagonal, beside, select="i", select_range=(0, 0))
    return _depths(np.log(np.abs(vector.T)) / decay, _premium(risk_aversion, decay))


def cartea_jaimungal(
    *,
    rate: float,
    decay: float,
    running_penalty: float,
    terminal_penalty: float,
    limit: int,
    tau: ArrayLike,
    impact: float = 0.0,
) -> tuple[Floats, Floats]:
    """Value over wealth [times, 2 Q + 1] and optimal depths of a risk-neutral maker with inventory penalties.

    Cartea, Jaimungal & Penalva (2015), section 10.2: h = (1 / kappa) ln w, w = exp(A tau) z with -phi kappa q^2 on the
    diagonal of A, lambda / e beside it, z = exp(-alpha kappa q^2); the bid is 1 / kappa + h(q) - h(q + 1). sigma does
    not enter. With ``impact`` xi per fill (price), h = g + xi q^2 / 2, where g solves the same with
    lambda e^{-kappa xi / 2} for lambda and alpha + xi / 2 for alpha, and depths are xi / 2 deeper than g's.
    """
    _check_above_0(rate=rate, decay=decay)
    _check_least_0(running_penalty=running_penalty, terminal_penalty=terminal_penalty, impact=impact)
    q = np.arange(-limit, limit + 1, dtype=float)
    diagonal = -running_penalty * decay * q**2
    off = rate * np.exp(-1 - decay * impact / 2)
    terminal = -(terminal_penalty + impact / 2) * decay * q**2
    g = _log_semigroup(diagonal, off, terminal, tau) / decay
    return g + impact * q**2 / 2, _depths(g, 1 / decay + impact / 2)


def _check_above_0(**values: float) -> None:
    for name, value in values.items():
        if not 0 < value < np.inf:
            raise ValueError(f"{name} must be finite and > 0, but it is {value:.17g}")


def _check_least_0(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value < np.inf:
            raise ValueError(f"{name} must be finite and >= 0, but it is {value:.17g}")


def _premium(risk_aversion: float, decay: float) -> float:
    return _log1p_ratio(risk_aversion / decay) / decay


def _log1p_ratio(x: float) -> float:
    """ln(1 + x) / x, which goes to 1 as x goes to 0."""
    return float(np.log1p(x) / x) if x > 0 else 1.0


def _glft_generator(
    risk_aversion: float, volatility: float, decay: float, rate: float, limit: int
) -> tuple[Floats, float]:
    """-M: its diagonal, and what stands beside it."""
    _check_above_0(risk_aversion=risk_aversion, decay=decay, rate=rate)
    _check_least_0(volatility=volatility)
    q = np.arange(-limit, limit + 1, dtype=float)
    ratio = risk_aversion / decay
    off = rate * np.exp(-(1 + ratio) * _log1p_ratio(ratio))
    return -0.5 * decay * risk_aversion * volatility**2 * q**2, off


_TERMS = 20  # of the exponential series of a norm of 1: the next is 1 / 20! of the sum


def _log_semigroup(diagonal: Floats, off: float, terminal: Floats, tau: ArrayLike) -> Floats:
    """ln(exp(A tau) e^terminal) for each tau, A tridiagonal with ``off`` beside its diagonal: [times, 2 Q + 1].

    A is shifted so that nothing in it is negative: then every entry is a sum of positive terms and has all its digits.
    The sums are taken of logarithms, because far inventories are worth e^-1000 of near ones.
    """
    times = np.atleast_1d(np.asarray(tau, float))
    shift = diagonal.min()
    generator = np.diag(diagonal - shift)
    rows = np.arange(len(diagonal) - 1)
    generator[rows, rows + 1] = generator[rows + 1, rows] = off
    norm = generator.sum(axis=1).max()
    logs, log, reached = np.empty((len(times), len(diagonal))), terminal, 0.0
    step, log_matrix = -1.0, generator
    for i in np.argsort(times):
        ahead = times[i] - reached
        if not np.isclose(ahead, step, rtol=1e-12, atol=0):
            step, log_matrix = ahead, _log_exp(generator, ahead, norm)
        log = _log_sum(log_matrix + log) + shift * step
        logs[i], reached = log, times[i]
    return logs


def _log_exp(generator: Floats, time: float, norm: float) -> Floats:
    """ln(exp(generator time)) of a matrix without negative entries: Taylor's series of a part of it, then squared.

    No term is negative, so that every entry, however small, has all its digits; Pade's approximation subtracts.
    """
    squarings = max(0, int(np.ceil(np.log2(max(norm * time, 1.0)))))
    part = generator * (time / 2**squarings)  # of norm <= 1
    term = total = np.eye(len(generator))
    for k in range(1, len(generator) + _TERMS):  # the corners are reached after 2 Q terms
        term = term @ part / k
        total = total + term
    with np.errstate(divide="ignore"):  # what has underflowed
        log: Floats = np.log(total)
    for _ in range(squarings):
        log = _log_sum(log[:, None, :] + log.T[None])
    return log


def _log_sum(log: Floats) -> Floats:
    """ln(sum(e^log)) over the last axis; ten times as fast as SciPy's on rows so short."""
    largest = np.maximum(log.max(axis=-1), np.finfo(float).min)  # also of a row of zeros
    with np.errstate(divide="ignore"):
        total: Floats = largest + np.log(np.exp(log - largest[..., None]).sum(axis=-1))
    return total


def _depths(h: Floats, premium: float) -> Floats:
    """Premium less what the inventory that a fill brings is worth."""
    depths = np.full((*h.shape, 2), np.nan)
    step = np.diff(h, axis=-1)
    depths[:, :-1, 0] = premium - step
    depths[:, 1:, 1] = premium + step
    return depths


def _bounded(depths: Floats) -> Floats:
    """With nan where a side may not quote."""
    depths = depths.copy()
    depths[:, -1, 0] = depths[:, 0, 1] = np.nan
    return depths
