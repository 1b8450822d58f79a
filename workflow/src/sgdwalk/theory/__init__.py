"""SGD with momentum on a quadratic loss under additive gradient noise, solved exactly mode by mode.

The update is (Kunin et al. 2024, doi 10.1162/neco_a_01626; torch.optim.SGD's momentum_buffer is -v)

    v_{k+1} = beta v_k - (g_k + lambda theta_k),  theta_{k+1} = theta_k + eta v_{k+1},

with k the step, eta the learning rate, beta the momentum, lambda the weight decay and S the batch size. The Hessian
H has eigenpairs (rho, q), a mode each. Everything is said of the projections theta on q and v on q, and theta is
counted from the point where the mode rests, b / (rho + lambda) with b minus the gradient at 0. The minibatch
gradient is (rho + lambda) theta plus noise, whose variance for a single example is sigma^2 rho in each mode
(covariance sigma^2 H), unless the modes' own are given.

`DiscreteChain` is that update exactly, with independent batches; `ShuffledEpochs` the same with batches that are drawn
without replacement; `Langevin` the model of it in continuous time t = eta k; `OrnsteinUhlenbeck` the latter in matrix
form, with modified loss and probability current. theta has the units of the weights, v those of a gradient,
eta v and the displacement those of the weights; times are in steps throughout.
"""

from sgdwalk import exported as __getattr__  # noqa: F401  finds the classes when they are first used
