"""CUDA graphs without CUDA: a stand-in writes the operations of a capture down and repeats them in the same memory."""

import copy
from contextlib import nullcontext

import pytest
import torch
from sgdwalk.training import cuda_graphs
from test_trainer import SETTINGS, assert_equal, results, run
from torch.nn.functional import cross_entropy
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Tape(TorchDispatchMode):
    """A graph, and the context that captures it."""

    def __init__(self):
        super().__init__()
        self.operations = []

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        self.operations.append((operation, args, kwargs or {}, result))
        return result

    @torch.no_grad()
    def replay(self):
        for operation, args, kwargs, result in self.operations:
            again = operation(*args, **kwargs)
            for old, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                if torch.is_tensor(old) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


class Stream:
    def wait_stream(self, other):
        pass


@pytest.fixture
def cuda(monkeypatch):
    stand_ins = {
        "CUDAGraph": Tape, "graph": lambda tape: tape, "Stream": Stream, "current_stream": Stream,
        "stream": lambda stream: nullcontext(), "get_rng_state": lambda device: torch.get_rng_state(),
        "set_rng_state": lambda state, device: torch.set_rng_state(state),
    }  # fmt: skip
    for name, stand_in in stand_ins.items():
        monkeypatch.setattr(torch.cuda, name, stand_in)


def batch(seed, size):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(size, 3, 6, 6, generator=rng).double(), torch.randint(4, (size,), generator=rng)


@pytest.fixture
def model():
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(3, 5, 3), torch.nn.BatchNorm2d(5), torch.nn.ReLU(), torch.nn.Flatten()
    return torch.nn.Sequential(*layers, torch.nn.Dropout(0.3), torch.nn.Linear(80, 4)).double()


def test_capturing_leaves_weights_buffers_and_random_state_as_they_were(cuda, model):
    before, random = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    cuda_graphs.Replayed(model, cross_entropy, *batch(1, 8))
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert torch.equal(random, torch.get_rng_state())


def test_a_replay_is_a_pass_also_for_a_batch_of_another_size(cuda, model):
    plain, graph = copy.deepcopy(model), cuda_graphs.Replayed(model, cross_entropy, *batch(1, 8))
    for seed, size in ((2, 8), (3, 8), (4, 3), (5, 8)):
        for network, passed in ((plain, None), (model, graph)):
            torch.manual_seed(seed)
            data = batch(seed, size)
            network.result = passed(*data) if passed else cuda_graphs.gradients(network, cross_entropy, *data)
        assert all(torch.equal(a, b) for a, b in zip(plain.result, model.result, strict=True))
        for mine, theirs in zip(model.parameters(), plain.parameters(), strict=True):
            assert torch.equal(mine.grad, theirs.grad)
        assert all(torch.equal(a, b) for a, b in zip(plain.buffers(), model.buffers(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("optimiser", [{}, {"momentum": 0.9, "weight_decay": 1e-3}, {"optimiser": "adam"}])
def test_a_run_through_a_graph_is_bitwise_the_run_without(tmp_path, cuda, optimiser):
    with_graph, without = (run(tmp_path / name, dtype="float64", **optimiser) for name in "ab")
    with_graph.graphs = True
    for one in (with_graph, without):
        one.train()
    assert with_graph.graph is not None
    assert SETTINGS["record"]["noise"]
    assert_equal(results(with_graph), results(without))
