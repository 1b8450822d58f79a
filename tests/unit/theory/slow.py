"""SGD on a quadratic loss the slow way: step by step, with walkers or with matrices."""

import numpy as np


def matrices(chain, dtype=float):
    """M and the noise's covariance of each mode [mode, 2, 2], as the update is written."""
    eta, beta = dtype(chain.learning_rate), dtype(chain.momentum)
    moves = [[[1 - eta * a, eta * beta], [-a, beta]] for a in chain.rho.astype(dtype) + dtype(chain.weight_decay)]
    strengths = chain.gradient_variance.astype(dtype) / chain.batch_size
    return np.array(moves), np.array([[[s2 * eta**2, s2 * eta], [s2 * eta, s2]] for s2 in strengths])


def covariances(chain, steps):
    """Covariance of a known start after 0 ... steps [step, mode, 2, 2], by C <- M C M' + noise in extended precision."""
    moves, kicks = matrices(chain, np.longdouble)
    found = [np.zeros_like(kicks)]
    for _ in range(steps):
        found.append(moves @ found[-1] @ moves.transpose(0, 2, 1) + kicks)
    return np.array(found)


def walk(chain, noise, start):
    """theta, v [step + 1, walker, mode] of the update itself, under gradient noise [step, walker, mode]."""
    theta, v = start
    thetas, vs = [theta], [v]
    for xi in noise:
        v = chain.momentum * v - ((chain.rho + chain.weight_decay) * theta + xi)
        theta = theta + chain.learning_rate * v
        thetas.append(theta)
        vs.append(v)
    return np.array(thetas), np.array(vs)


def agree(samples, mean, variance, errors=4):
    """Whether mean and variance of Gaussian samples [walker, ...] lie within so many standard errors of what is meant."""
    count = len(samples)
    assert (np.abs(samples.mean(axis=0) - mean) <= errors * np.sqrt(variance / count)).all()
    assert (np.abs(((samples - mean) ** 2).mean(axis=0) - variance) <= errors * variance * np.sqrt(2 / count)).all()
