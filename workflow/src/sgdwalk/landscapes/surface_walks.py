"""Noisy gradient descent of many walkers on a surface over [-1, 1]^2 (Chen, Qu & Gong 2022, Eq. 10).

Inside, positions and gradients are complex numbers x + i y: one number a walker, so that a table lookup fetches both
components of a gradient. What the functions take and return has the two axes last.
"""

from collections.abc import Callable, Sequence

import numpy as np

WALLS = ("reflect", "redraw", "stop", "periodic")
TRIES = 100  # draws of a noise that shall end inside
HIGH = 0.9  # quantile of the heights above which a start is high
STARTS = ("random", "high", "given")
BLOCK = 4000  # walkers at a time: what a step needs of them stays in the processor's cache

Slope = Callable[[np.ndarray], np.ndarray]


def walk(
    surface: np.ndarray,
    start: np.ndarray,
    steps: int,
    step_size: float | np.ndarray,
    noise: float,
    rng: np.random.Generator,
    *,
    walls: str = "reflect",
    difference_width: float | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Positions x_0 ... x_{steps-1} of walkers and the gradients there, both [walker, step, axis].

    x_{t+1} = x_t - step_size grad L(x_t) + noise N(0, I). surface [n, n]: heights on [-1, 1]^2. start [walker, axis].
    step_size: one for all, or [walker]. difference_width: of the differences that are the gradient, see gradients and
    wide_differences; None: two grid steps.

    walls: what happens to a step that ends outside. 'reflect': it is folded back; 'redraw': its noise is drawn again,
    up to TRIES times, then the walker stays for this step; 'stop': the walker stays where it is for all further steps;
    'periodic': it goes on where the opposite wall is, and the positions are those of the unfolded path (wrap puts them
    into the square). No walker is ever dropped. ValueError for other walls.
    """
    if walls not in WALLS:
        raise ValueError(f"walls = '{walls}': must be one of {', '.join(WALLS)}")
    slope = gradients(surface) if difference_width is None else wide_differences(surface, difference_width)
    slope = (lambda here, inner=slope: inner(wrap(here))) if walls == "periodic" else slope
    rates = np.broadcast_to(step_size, len(start))
    path, gradient = (np.empty((len(start), steps, 2)) for _ in range(2))
    for first in range(0, len(start), BLOCK):
        some = slice(first, first + BLOCK)
        made = _walk(slope, as_complex(start[some]), steps, rates[some], noise, rng, walls)
        for target, found in zip((path, gradient), made, strict=True):
            as_complex(target[some])[:] = found.T
    return path, gradient


def _walk(slope: Slope, here, steps, step_size, noise, rng, walls) -> tuple[np.ndarray, np.ndarray]:
    """Path and gradients [step, walker] of complex numbers."""
    path, gradient = (np.empty((steps, len(here)), complex) for _ in range(2))
    stopped = np.zeros(len(here), bool)
    for t in range(steps):
        path[t] = here
        gradient[t] = slope(here)
        drifted = here - step_size * gradient[t]
        there = drifted + noise * _normal(len(here), rng)
        if walls == "reflect":
            out = _outside(there)
            there[out] = reflect(there[out])
            here = there
        elif walls == "periodic":
            here = there
        elif walls == "redraw":
            here = _redrawn(here, drifted, there, noise, rng)
        else:
            stopped |= _outside(there)
            here = np.where(stopped, here, there)
    return path, gradient


def _normal(count: int, rng) -> np.ndarray:
    return rng.standard_normal(2 * count).view(complex)


def _outside(there: np.ndarray) -> np.ndarray:
    return (np.abs(there.real) > 1) | (np.abs(there.imag) > 1)


def _redrawn(here, drifted, there, noise, rng) -> np.ndarray:
    for _ in range(TRIES):
        out = np.flatnonzero(_outside(there))
        if not len(out):
            return there
        there[out] = drifted[out] + noise * _normal(len(out), rng)
    return np.where(_outside(there), here, there)


def as_complex(position: np.ndarray) -> np.ndarray:
    """[..., axis] as x + i y [...]: a view where the memory allows it."""
    return np.ascontiguousarray(position, float).view(complex)[..., 0]


def reflect(position: np.ndarray) -> np.ndarray:
    """Fold positions, real or complex, back into [-1, 1] on each axis, as often as it takes."""
    return _each_axis(lambda x: np.abs((x - 1) % 4 - 2) - 1, position)


def unfold(path: np.ndarray, step: np.ndarray) -> np.ndarray:
    """The paths of reflected walkers as if the surface went on as its mirror image behind each wall.

    path and step [walker, step, axis]: positions, folded at the walls, and the steps from there before they were
    folded. A step along an axis counts with the sign that the number of reflections before it gives. Starts at 0.
    """
    crossed = np.floor((path + step + 1) / 2) % 2
    sign = np.cumprod(1 - 2 * crossed, axis=1)
    moved = step.copy()
    moved[:, 1:] *= sign[:, :-1]
    return np.cumsum(moved, axis=1) - moved


def wrap(position: np.ndarray) -> np.ndarray:
    """Positions, real or complex, moved by multiples of 2 into [-1, 1) on each axis."""
    return _each_axis(lambda x: (x + 1) % 2 - 1, position)


def _each_axis(fold: Callable[[np.ndarray], np.ndarray], position: np.ndarray) -> np.ndarray:
    parts = np.ascontiguousarray(position)
    found = fold(parts.view(float))
    return found.view(complex) if np.iscomplexobj(parts) else found


def interpolate(values: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Bilinear interpolation of values [x, y] on [-1, 1]^2 at position [..., axis] inside."""
    return _bilinear(values, as_complex(position))


def _bilinear(values: np.ndarray, z: np.ndarray) -> np.ndarray:
    """The same at z = x + i y; values real or complex."""
    last = len(values) - 1
    u, v = (z.real + 1) * (last / 2), (z.imag + 1) * (last / 2)
    i, j = (np.minimum(w.astype(np.int64), last - 1) for w in (u, v))
    a, b, corner, flat = u - i, v - j, i * (last + 1) + j, values.ravel()
    near, far = (_between(flat, corner + k, b) for k in (0, last + 1))
    return near + a * (far - near)


def _between(flat, corner, b) -> np.ndarray:
    low = flat.take(corner, mode="clip")
    return low + b * (flat.take(corner + 1, mode="clip") - low)


def gradients(surface: np.ndarray) -> Slope:
    """The gradient dL/dx + i dL/dy of the surface [n, n] as a function of z, by differences over two grid steps.

    Central differences at the grid points, second order at the walls, interpolated bilinearly between. That is
    exactly the central difference (L(x + h) - L(x - h)) / 2h of the bilinear surface L, h the grid step: continuous, as
    the gradient of the bilinear surface itself is not, and exact for a paraboloid.
    """
    along_x, along_y = np.gradient(surface, 2 / (len(surface) - 1), edge_order=2)
    table = along_x + 1j * along_y
    return lambda z: _bilinear(table, z)


def wide_differences(surface: np.ndarray, width: float) -> Slope:
    """The same by differences of the bilinear surface over `width`, at a wall over the part that lies inside.

    The released code takes a width of 2e-3, about half of the default on 2^10 + 1 points.
    """

    def difference(z, axis):
        ends = [_clipped(z + side * axis * width / 2) for side in (1, -1)]
        rise = np.subtract(*(_bilinear(surface, end) for end in ends))
        return rise / np.abs(ends[0] - ends[1])

    return lambda z: difference(z, 1) + 1j * difference(z, 1j)


def _clipped(z: np.ndarray) -> np.ndarray:
    return _each_axis(lambda x: x.clip(-1, 1), z)


def starts(
    kind: str, surface: np.ndarray, count: int, rng: np.random.Generator, given: Sequence[Sequence[float]] = ()
) -> np.ndarray:
    """First positions [walker, axis] of `count` walkers.

    kind: 'random', uniform on [-1, 1]^2; 'high', uniform among the grid points in the top tenth of heights (of equal
    heights: all of them), within half a grid step; 'given': the positions `given` [k, axis], repeated in turn.
    ValueError for another kind, and for 'given' without positions.
    """
    if kind == "random":
        return rng.uniform(-1, 1, (count, 2))
    if kind == "high":
        points = np.argwhere(surface >= np.quantile(surface, HIGH))
        chosen = points[rng.integers(len(points), size=count)] + rng.uniform(-0.5, 0.5, (count, 2))
        return np.clip(chosen * 2 / (len(surface) - 1) - 1, -1, 1)
    if kind != "given" or not len(given):
        raise ValueError(f"starts = '{kind}' with {len(given)} positions: must be one of {', '.join(STARTS)}")
    return np.resize(np.asarray(given, float), (count, 2))
