"""An analysis of data sets at hand, with the settings of the workflow."""

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import xarray as xr

from sgdwalk import registered
from sgdwalk.jobs.analyse import loss_unit
from sgdwalk.jobs.inputs import in_memory, read
from sgdwalk.storage.code_hash import code_version
from sgdwalk.storage.contracts import check, named
from sgdwalk.storage.provenance import attributes, settings_of_run
from sgdwalk.study import factories, own_modules
from sgdwalk.study.analysis_table import ANALYSES, Analysis
from sgdwalk.study.run_table import with_images
from sgdwalk.study.validation import checked, schema

PLACES = ("landscape", "sampler")  # units of analyses that are of no run: a setting without a default


def analyse(analysis: str | ModuleType, *data: Any, **settings: Any) -> xr.Dataset:
    """What an analysis of the workflow computes from data sets, with its units and attributes.

    analysis: its name ('msd', 'path', 'tails', ...; docs/files.md), or a module of your own with the same interface.
    data: what it reads, in the order of its compute: data sets, nodes of `open_study`, paths, or lists of these.
    settings: those that differ from the defaults (config/README.md). An analysis that evaluates the network takes the
    run's settings from training.nc beside its checkpoints. ValueError for an unknown analysis or setting, for a value
    that is not allowed, and for other data than the analysis reads; compute says the rest.

    >>> import sgdwalk
    >>> distances = sgdwalk.open_run("results/digits/runs/resnet14-a")["distances"]
    >>> msd = sgdwalk.analyse("msd", distances, copies=20)
    >>> msd.exponent.sel(fit="whole").dims
    ('window',)
    >>> msd.msd.attrs["long_name"]
    'time-averaged MSD'
    """
    known, rules = described(analysis)
    module = registered.analysis(known.name)
    reads = [name.rpartition("/")[2] for name in known.reads]
    if len(data) != len(reads):
        raise ValueError(f"{known.name}: {len(data)} data sets: must be {len(reads)} ({', '.join(reads) or 'none'})")
    inputs = {name: in_memory(given) for name, given in zip(reads, data, strict=True)}
    check_kinds(known.name, inputs)
    chosen = complete(known, rules, settings, inputs)
    stamp = attributes(chosen, code(known, chosen), **origin(inputs, chosen))
    result = module.compute(**inputs, **chosen)
    check(result, module.CONTRACT, known.name)
    contract = {"contract": module.CONTRACT.name, "schema_version": module.CONTRACT.version}
    return named(result, module.CONTRACT, loss_unit(inputs, chosen)).assign_attrs(contract | stamp)


def described(analysis: str | ModuleType) -> tuple[Analysis, Mapping[str, Any]]:
    """An analysis and the schema of its settings; a module of the user's own is registered."""
    if isinstance(analysis, ModuleType):
        registered.register(analysis)
        return own_modules.analysis_of(analysis.__name__, Path(analysis.__file__), "", registered.MODULES)
    known = {entry.name: entry for entry in ANALYSES}
    if analysis not in known:
        raise ValueError(f"analysis = {analysis!r}: must be one of {', '.join(known)}, or a module of your own")
    section = known[analysis].section or analysis
    return known[analysis], schema("config")["properties"].get(section, own_modules.schema_of({}))


def check_kinds(analysis: str, inputs: Mapping[str, Any]) -> None:
    """ValueError for a data set that says it is another file; data of the user's own say nothing."""
    for name, given in inputs.items():
        found = given.attrs.get("contract", name) if isinstance(given, xr.Dataset) else name
        if found != name:
            raise ValueError(f"{analysis}: the data set is a file '{found}': must be '{name}'")


def complete(
    analysis: Analysis, rules: Mapping[str, Any], given: Mapping[str, Any], inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """All settings that its compute takes: those of the schema, and what the workflow knows of the run or the place."""
    needed = "run" if analysis.network else analysis.unit if analysis.unit in PLACES else None
    settings = checked({k: v for k, v in given.items() if k != needed}, rules, f"{analysis.name}: ")
    if "data" in settings:
        settings["data"] = with_images(settings["data"], f"{analysis.name}: data.")
    if needed in given:
        return settings | {needed: given[needed]}
    if needed and "checkpoints" not in analysis.reads:
        raise ValueError(f"{analysis.name}: missing setting '{needed}'")
    return settings | ({"run": run_of(inputs["checkpoints"])} if needed else {})


def run_of(checkpoints: str) -> Mapping[str, Any]:
    """Settings of the run whose checkpoints these are."""
    return settings_of_run(read(str(Path(checkpoints).parent / "training.nc")))


def origin(inputs: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Name, seed and settings of the run that the data are of, as far as these say it."""
    if "run" in settings:
        return {"run": settings["run"]["run"], "run_seed": settings["run"]["seed"], "run_settings": settings["run"]}
    given = [data for data in inputs.values() if isinstance(data, xr.Dataset) and "contract" in data.attrs]
    attrs = given[0].attrs if given else {}
    known = {key: attrs.get(key, "") for key in ("run", "run_seed")}
    return known | {"run_settings": settings_of_run(given[0]) if given else {}}


def code(analysis: Analysis, settings: Mapping[str, Any]) -> str:
    """Hash of the code that computes it, as in the files of the workflow."""
    specs = [settings.get("run", {}).get(f"{kind}_spec") for kind in ("model", "dataset")]
    specs.append(settings.get("data", {}).get("dataset_spec"))
    own = tuple(factories.module(spec) for spec in specs if spec)
    if analysis.module:
        return code_version("jobs.analyse", own=(analysis.module, *own))
    return code_version("jobs.analyse", f"analyses.{analysis.name}", own=own)
