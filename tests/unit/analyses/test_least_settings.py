"""Every analysis, of a run and with settings that are as small as the schemas allow."""

import numpy as np
import pytest
from runs import settings
from sgdwalk.jobs import analyse
from sgdwalk.storage import netcdf
from sgdwalk.study.validation import filled, schema
from sgdwalk.training import job

FILES = ("training", "distances", "layers", "sketch", "gradients", "directions")
INPUTS = {
    "msd": "distances", "path": "distances", "msl": "distances", "tails": "gradients", "fluctuations": "training",
    "long_msd": "sketch", "layerwise_msd": "layers", "layerwise_path": "layers", "layerwise_msl": "layers",
    "variance_flatness": "training", "sensitivity": "checkpoints",
    "modes": "checkpoints training", "hessian": "checkpoints", "landscape": "checkpoints", "dimension": "landscape", "toy": "", "toy_phases": "", "toy_noiseless": "", "regression": "",
}  # fmt: skip
WITHOUT_SETTINGS = {"variance_flatness"}


def least(rules):
    """Every integer key of a schema at its minimum, the others at their defaults."""
    found = {key: rule["minimum"] for key, rule in rules["properties"].items() if rule.get("type") == "integer"}
    return filled(found, rules)


@pytest.fixture(scope="module")
def run():
    """A run of one window, as short and as sparsely recorded as the schemas allow."""
    rules = schema("run")["properties"]
    sizes = {key: rules[key]["minimum"] for key in ("seed", "window", "snapshots", "batch_size", "threads", "subset")}
    return settings(
        **sizes, steps=rules["window"]["minimum"],
        record={"samples": rules["record"]["properties"]["samples"]["minimum"], "sketch": 1, "layers": True, "noise": True, "flatness": 1},
        model_spec={"factory": "sgdwalk.models.mlp:mlp", "arguments": {"depth": 3, "width": 4}},
        dataset_spec={"factory": "sgdwalk.data.digits:load", "arguments": {}},
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    """The files of the run, and its loss surface."""
    folder = tmp_path_factory.mktemp("least")
    outputs = {name: str(folder / f"{name}.nc") for name in FILES} | {"checkpoints": str(folder / "checkpoints")}
    job.train(run, outputs, "code")
    given = least(schema("config")["properties"]["landscape"]) | {"run": run}
    analyse.analyse(
        "landscape", {"checkpoints": outputs["checkpoints"]}, str(folder / "landscape.nc"), given, code="code"
    )
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("analysis", INPUTS)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_an_analysis_runs_with_the_smallest_allowed_settings(run, folder, analysis, tmp_path):
    sources, output = INPUTS[analysis].split(), str(tmp_path / f"{analysis}.nc")
    sections = schema("config")["properties"]
    given = least({"properties": {}} if analysis in WITHOUT_SETTINGS else sections[analysis.removeprefix("layerwise_")])
    of_none = {"toy": {"landscape": "fractal"}, "regression": {"sampler": "independent", "data": run, "ranks": [1]}}
    given |= {"run": run} if "checkpoints" in sources else of_none.get(analysis, {})
    inputs = {source: str(folder / (source if source == "checkpoints" else f"{source}.nc")) for source in sources}
    analyse.analyse(analysis, inputs, output, given, code="code")
    made = netcdf.read(output)
    for name in (name.removesuffix("_low") for name in made.data_vars if name.endswith("_low")):
        low, high = made[f"{name}_low"].values, made[f"{name}_high"].values
        assert not (low > high).any(), name
        if name in made:  # not the ends of a fit
            assert not np.isfinite(low[np.isnan(made[name].values)]).any(), name
