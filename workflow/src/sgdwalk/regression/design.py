"""The quadratic loss of a linear regression: its modes, its minimum, and the noise of its gradients."""

from dataclasses import dataclass

import numpy as np

from sgdwalk.data.images import Images


@dataclass(frozen=True)
class Design:
    """A regression of targets y [image, class] on features x [image, feature], in the eigenbasis of its Hessian.

        L(W) = 1/(2 N) sum over the N images of |W x - y|^2 + (lambda / 2) |W|^2.

    Each class is a regression of its own with the same Hessian H = sum of x x' / N, so that a mode is a pair of a
    direction q (eigenvector of H, eigenvalue rho; the largest first) and a class, and rho belongs to one mode of every
    class. Directions in which no image varies from 0 have no gradient, and are left out.

    features z = q.x [image, direction]; eigenvalue rho [direction]; minimum q.W of least L [direction, class];
    residual W x - y at that minimum [image, class]; weight_decay lambda.
    """

    features: np.ndarray
    eigenvalue: np.ndarray
    minimum: np.ndarray
    residual: np.ndarray
    weight_decay: float

    def gradient_variance(self) -> np.ndarray:
        """Variance over the images of one example's gradient at the minimum in each mode [direction, class]."""
        return self.gradient_covariance([])[..., 0, 0]

    def gradient_covariance(self, moved) -> np.ndarray:
        """Covariance over the images of the parts of one example's gradient [direction, class, part, part].

        At a displacement u from the minimum along the directions `moved`, the gradient of an example in a mode is
        z (e + u.z), with z its features and e its residual at the minimum. The parts are z e and, for each direction
        moved, z times the feature there: the gradient is their sum with weights 1 and u.
        """
        images, count = len(self.features), len(moved)
        inner = np.repeat(self.features[:, None, moved], self.residual.shape[1], axis=1)
        inner = np.concatenate([self.residual[..., None], inner], axis=2)
        products = (inner[..., None] * inner[..., None, :]).reshape(images, -1)
        mean = np.zeros((*self.minimum.shape, count + 1))
        mean[..., 0] = -self.weight_decay * self.minimum
        mean[moved, :, np.arange(count) + 1] = self.eigenvalue[moved, None]
        second = ((self.features**2).T @ products / images).reshape(*mean.shape, count + 1)
        return second - mean[..., None] * mean[..., None, :]

    def fourth_moments(self) -> np.ndarray:
        """Mean over the images of z_i^2 z_j^2, less rho_i^2 where i = j [direction, direction]: what the variance of
        the weights in direction j adds to the variance of one example's gradient in direction i.
        """
        squares = self.features**2
        return squares.T @ squares / len(squares) - np.diag(self.eigenvalue**2)


def of_images(images: Images, weight_decay: float) -> Design:
    """The regression of the training images' classes, as one-hot vectors, on their normalised pixels."""
    scaled = (images.train - _per_channel(images.mean)) / _per_channel(images.std)
    return of_arrays(scaled.reshape(len(scaled), -1), np.eye(images.classes)[images.train_labels], weight_decay)


def of_arrays(features: np.ndarray, targets: np.ndarray, weight_decay: float = 0.0) -> Design:
    """The regression of targets [image, class] on features [image, feature]."""
    values, vectors = np.linalg.eigh(features.T @ features / len(features))
    values, vectors = values[::-1], vectors[:, ::-1]
    spanned = values > values[0] * max(features.shape) * np.finfo(float).eps
    eigenvalue, rotated = values[spanned], features @ vectors[:, spanned]
    minimum = rotated.T @ targets / len(rotated) / (eigenvalue + weight_decay)[:, None]
    return Design(rotated, eigenvalue, minimum, rotated @ minimum - targets, weight_decay)


def _per_channel(values: tuple[float, ...]) -> np.ndarray:
    return np.asarray(values, float)[:, None, None]
