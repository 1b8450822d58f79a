"""Weight snapshots from checkpoints into one NetCDF file."""

import numpy as np
import xarray as xr

from sgdwalk.storage.contracts import Contract, variable

CONTRACT = Contract(
    "extract",
    {
        "epoch": variable("epoch", "epoch", "epochs done"),
        "step": variable("epoch", "step", "steps done"),
        "weight": variable("epoch parameter", "1", "trained weight"),
        "layer": variable("parameter", "1", "index of the tensor in tensor_name that the weight belongs to"),
        "tensor_name": variable("tensor", "1", "name of each trained tensor"),
        "buffer": variable("epoch buffer_entry", "1", "running statistics of batch norm and other buffers"),
        "buffer_name": variable("buffer_entry", "1", "name of the buffer that an entry belongs to"),
    },
)


def compute(checkpoints: str, *, run: dict) -> xr.Dataset:
    """Weights [epoch, parameter] in the order of the trajectory's components, their tensors, and buffers.

    checkpoints: the run's folder of checkpoints. run: its settings, from which the network is rebuilt. Returns the
    data set of CONTRACT. FileNotFoundError where there are no checkpoints.
    """
    from sgdwalk.landscapes import trained_networks  # torch, which readers of the file do not need
    from sgdwalk.training import problem  # torch, which readers of the file do not need

    snapshots = trained_networks.snapshots(checkpoints)
    model = problem.build(run, problem.load_images(run))
    names = [name for name, _ in trained_networks.named_weights(model)]
    buffers = [name for name, _ in model.named_buffers()]
    first = snapshots[0]["model"]
    sizes = [first[name].numel() for name in names]
    entries = [part for name in buffers for part in _entry_names(name, first[name])]
    return xr.Dataset(
        {
            "step": ("epoch", [snapshot["step"] for snapshot in snapshots]),
            "weight": (("epoch", "parameter"), np.stack([_flat(snapshot, names) for snapshot in snapshots])),
            "layer": ("parameter", np.repeat(np.arange(len(names), dtype=np.int32), sizes)),
            "tensor_name": ("tensor", np.array(names, dtype=object)),
            "buffer": (("epoch", "buffer_entry"), np.stack([_flat(snapshot, buffers) for snapshot in snapshots])),
            "buffer_name": ("buffer_entry", np.array(entries, dtype=object)),
        },
        coords={"epoch": [snapshot["epoch"] for snapshot in snapshots]},
    )


def _flat(snapshot: dict, names: list[str]) -> np.ndarray:
    parts = [_real(snapshot["model"][name].to_dense().reshape(-1).numpy()) for name in names]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _real(values: np.ndarray) -> np.ndarray:
    """Complex values as all real parts and then all imaginary parts; others as they are."""
    return np.concatenate([values.real, values.imag]) if np.iscomplexobj(values) else values


def _entry_names(name: str, values) -> list[str]:
    """The name of each entry of a tensor, as `_flat` orders them."""
    parts = [f"{name}.real", f"{name}.imag"] if values.is_complex() else [name]
    return [part for part in parts for _ in range(values.numel())]
