"""A study: settings, runs and figures, read and checked. Needs neither torch nor xarray."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sgdwalk.samplers import SAMPLERS
from sgdwalk.storage.code_hash import check_own, importable
from sgdwalk.study.analysis_table import ALWAYS, CHILDREN, OF_CHILDREN, OF_GROUPS, OF_TOY, RECORDED, files_of_runs
from sgdwalk.study.factories import function, module
from sgdwalk.study.figure_specs import checked_figures, sources
from sgdwalk.study.own_modules import CHECKPOINTS, OwnModules, read_own
from sgdwalk.study.run_table import check_batch, check_repeats, known_size, read_runs, with_images
from sgdwalk.study.sweeps import common_name, repetitions
from sgdwalk.study.validation import ConfigError, checked, read_yaml, schema

EVERY_RUN = (*RECORDED, *files_of_runs(ALWAYS))
EVERY_CHILD = ("directions", *files_of_runs(CHILDREN))
TOY = ("fractal", "random", "convex", "cone", "flat")  # landscapes that claims are about, and their nulls
LEAST = 3  # snapshots of a run with planes through them
MOST_POSITIONS = 10**8  # walkers times steps of a simulation: all are in memory at once


@dataclass(frozen=True)
class Study:
    """All settings of one study: `settings` by section, `runs` and `figures` by name, and the user's own modules."""

    name: str
    base: str
    settings: Mapping[str, Any]
    runs: Mapping[str, Mapping[str, Any]]
    figures: Mapping[str, Mapping[str, Any]]
    own: OwnModules = field(default_factory=OwnModules)

    @property
    def landscapes(self) -> tuple[str, ...]:
        """Landscapes of the toy model."""
        return (*TOY, *self.settings["toy_landscapes"])

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Names of trainings that differ only in their seed, by the name that they share."""
        return named(repetitions(run for run in self.runs.values() if not run["walk"]))

    def grouped(self, analysis: str) -> dict[str, list[str]]:
        """Runs of each group that make what an analysis of groups reads, for the groups with at least two such runs."""
        needed = set(OF_GROUPS[analysis].reads)
        found = {name: [run for run in runs if needed <= {*self.analyses(run)}] for name, runs in self.groups.items()}
        return {name: runs for name, runs in found.items() if len(runs) > 1}

    def analyses(self, run: str) -> tuple[str, ...]:
        """Files of a run, without .nc: of every run, of a child, of what it records and requests, of own analyses."""
        row = self.runs[run]
        continued = row["parent"] and not row["windows_of"]
        made = (*EVERY_RUN, *(EVERY_CHILD if continued else ()), *self.recorded(run), *self.requested(run))
        return (*made, *self.own.made(made if row["walk"] or row["windows_of"] else (*made, CHECKPOINTS)))

    def requested(self, run: str) -> tuple[str, ...]:
        """Analyses that a run requests in its column `analyses`."""
        return tuple(made for name in self.runs[run]["analyses"] for made in files_of_runs(name))

    def recorded(self, run: str) -> tuple[str, ...]:
        """Analyses of what a run records on request, beside distances and gradients."""
        record = self.runs[run]["record"]
        return tuple(made for key in record if record[key] for made in files_of_runs(f"record.{key}"))


def load_study(name: Any, folder: Path) -> Study:
    """Read config.yaml, runs.tsv and figures.yaml in the folder `name` of `folder`, and check every value.

    ConfigError, one line, at the first value that is not allowed.
    """
    name = "" if name is None else str(name)  # Snakemake reads study=3 as a number, and study= as None
    root = folder / name
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]{0,99}", name) or not (root / "config.yaml").is_file():
        found = ", ".join(sorted(p.parent.name for p in folder.glob("*/config.yaml")))
        raise ConfigError(f"study = '{name}': no {root / 'config.yaml'} (studies here: {found or 'none'})")
    settings, own = read_settings(root / "config.yaml")
    check_settings(settings, f"{root / 'config.yaml'}: ")
    runs = read_runs(root / "runs.tsv", settings["training"])
    check_modes(settings["modes"], runs, f"{root / 'config.yaml'}: ")
    check_requests(runs, f"{root / 'runs.tsv'}: ")
    check_snapshots(settings, runs, f"{root / 'runs.tsv'}: ")
    base = settings["base"] or next(iter(runs))
    if base not in runs:
        raise ConfigError(f"{root / 'config.yaml'}: base = '{base}': must be one of {', '.join(runs)}")
    figures = checked_figures(root / "figures.yaml", own.signatures)
    study = Study(name, base, settings, runs, figures, own)
    for group, members in study.groups.items():
        check_repeats(group, f"{root / 'runs.tsv'}: the common name '{group}' of {', '.join(members)}")
    for figure, spec in study.figures.items():
        for role, source in sources(spec["data"]):
            check_source(study, source, f"{root / 'figures.yaml'}: {figure}.{role} = '{source}'")
    return study


def read_settings(path: Path) -> tuple[dict[str, Any], OwnModules]:
    """All settings in config.yaml, and the modules of the user's own that it names, each with a section of settings."""
    content, rules = read_yaml(path), schema("config")
    named_there = {"own": content["own"]} if isinstance(content, dict) and "own" in content else {}
    first = {**rules, "properties": {"own": rules["properties"]["own"]}}
    own = read_own(checked(named_there, first, f"{path}: ")["own"], rules["properties"], f"{path}: ")
    rules["properties"] |= own.sections
    return checked(content, rules, f"{path}: "), own


def check_settings(settings: Mapping[str, Any], where: str) -> None:
    """Check keys of config.yaml that depend on each other, and resolve the data set of the linear regression."""
    if len(through := settings["path_planes"]["through"]) not in (0, 3):
        raise ConfigError(f"{where}path_planes.through = {through}: must be three snapshots, or empty")
    check_hessian(settings["hessian"], f"{where}hessian.")
    for section in ("toy", "toy_phases", "toy_noiseless", "regression"):
        steps, walkers = (settings[section][key] for key in ("steps", "walkers"))
        for several in ("step_sizes", "learning_rates"):  # they walk at once
            walkers *= len(settings[section].get(several, [1]))
        if steps * walkers > MOST_POSITIONS:
            allowed = f"{MOST_POSITIONS // walkers} for {walkers} walkers"
            raise ConfigError(f"{where}{section}.steps = {steps}: must be at most {allowed}")
    check_toy(settings["toy"], settings["toy_landscapes"], where)
    regression = settings["regression"]
    images = with_images(regression["data"], f"{where}regression.data.")
    size = known_size(images, f"{where}regression.data.")
    if size is not None:
        check_batch(regression["batch_size"], size, f"{where}regression.")


def check_toy(toy: Mapping[str, Any], landscapes: Sequence[str], where: str) -> None:
    """Refuse a Hurst exponent that fractional Brownian surfaces cannot have, and a missing file of heights."""
    if "brownian" in landscapes and toy["hurst"] >= 1:
        raise ConfigError(f"{where}toy.hurst = {toy['hurst']}: must be below 1 for toy_landscapes brownian")
    path = toy["surface_file"]
    if "given" in landscapes and not os.path.isfile(path or ""):
        raise ConfigError(f"{where}toy.surface_file = {path!r}: must be a NetCDF file for toy_landscapes given")


def check_hessian(settings: Mapping[str, int], where: str) -> None:
    """Refuse more eigenvalues than products, and a single probe or minibatch, between which no error can be taken."""
    most = settings["most_products"]
    for key in ("eigenvalues", "smallest"):
        if settings[key] > most:
            raise ConfigError(f"{where}{key} = {settings[key]}: must be at most {most}, hessian.most_products")
    for key in ("density_probes", "sharpness_batches"):
        if settings[key] == 1:
            raise ConfigError(f"{where}{key} = 1: must be 0 or at least 2")


def check_modes(modes: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Refuse numbers of images and products that the eigenvectors of a run with a parent cannot be found with."""
    count, images, products = (modes[key] for key in ("count", "images", "most_products"))
    if count > products:
        raise ConfigError(f"{where}modes.count = {count}: must be at most {products}, modes.most_products")
    for name, run in runs.items():
        if run["parent"] and run["batch_size"] > images:
            least = f"{run['batch_size']}, the batch_size of run '{name}'"
            raise ConfigError(f"{where}modes.images = {images}: must be at least {least}")


def check_requests(runs: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Refuse an analysis of children for a run that has no parent, and the sensitivity of one without SGD."""
    for name, run in runs.items():
        for analysis in run["analyses"]:
            if analysis in OF_CHILDREN and not run.get("parent"):
                raise ConfigError(f"{where}analyses = '{analysis}' of run '{name}': must be of a run with a parent")
            if analysis == "sensitivity" and run["optimiser"] != "sgd":
                asked = f"of run '{name}': must be sgd beside analyses = 'sensitivity'"
                raise ConfigError(f"{where}optimiser = '{run['optimiser']}' {asked}")


def check_snapshots(settings: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]], where: str) -> None:
    """Refuse analyses that need more snapshots than a run has.

    Planes go through LEAST snapshots; walks for the sensitivity take steps after the snapshots where they start.
    """
    planes, walks = settings["path_planes"]["through"], settings["sensitivity"]["snapshots"]
    needed = {"path_planes": max([LEAST, *(k + 1 for k in planes)]), "sensitivity": max(walks, default=0) + 2}
    for name, run in runs.items():
        for analysis, least in needed.items():
            if analysis in run["analyses"] and run["snapshots"] < least:
                reason = f"must be at least {least} beside analyses = '{analysis}'"
                raise ConfigError(f"{where}snapshots = {run['snapshots']} of run '{name}': {reason}")


def check_source(study: Study, source: str, where: str) -> None:
    """Refuse a source that the study does not make: FILE/RUN, toy/LANDSCAPE, regression/SAMPLER or ensemble/GROUP.

    ensemble stands for every analysis of groups.
    """
    kind, _, name = source.rpartition("/")
    others = {"toy": ("landscape", (*study.landscapes, *OF_TOY)), "regression": ("sampler", SAMPLERS)}
    others |= {analysis: ("group", tuple(study.grouped(analysis))) for analysis in OF_GROUPS}
    what, known = others.get(kind, ("run", tuple(study.runs)))
    if name not in known:
        raise ConfigError(f"{where}: no {what} '{name}' in this study (there are: {', '.join(known) or 'none'})")
    if kind not in others and kind not in study.analyses(name):
        made = ", ".join(study.analyses(name))
        raise ConfigError(f"{where}: '{kind}' is not made for run '{name}' (made: {made}; see column analyses)")


def named(groups: list[list[str]]) -> dict[str, list[str]]:
    """Groups by the name that their runs share; by the name of their first run where that would be ambiguous."""
    shared = [common_name(names) for names in groups]
    firsts = {names[0] for names in groups}
    return {
        names[0] if shared.count(name) > 1 or name in firsts - {names[0]} else name: names
        for name, names in zip(shared, groups, strict=True)
    }


def check_packages(study: Study, folder: Path) -> None:
    """Refuse a user-defined network or loader that is neither in the current folder nor in an installed package."""
    root = folder / study.name
    places = {f"{root / 'runs.tsv'}: {{}} of run '{name}'": run for name, run in study.runs.items()}
    places[f"{root / 'config.yaml'}: regression.data.{{}}"] = study.settings["regression"]["data"]
    for where, settings in places.items():
        for kind in ("model", "dataset"):
            spec = settings.get(f"{kind}_spec")
            if not spec:
                continue
            said = where.format(f"{kind} = '{settings[kind]}'")
            if not importable(package := module(spec).partition(".")[0]):
                raise ConfigError(f"{said}: no package '{package}' in {os.getcwd()}, on PYTHONPATH, or installed")
            try:
                check_own(module(spec), function(spec))
            except ValueError as error:
                raise ConfigError(f"{said}: {error}") from None
