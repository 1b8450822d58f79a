"""Analyses of the user's own that this process knows, by the name of their module and contract."""

import importlib
from importlib.util import find_spec
from types import ModuleType

from sgdwalk.storage.contracts import Contract
from sgdwalk.storage.run_files import CONTRACTS

MODULES: dict[str, ModuleType] = {}


def register(*modules: str | ModuleType) -> None:
    """Make analyses of one's own known, so that their files are checked and read like all others.

    modules: names ('package.module') or modules with a CONTRACT that is named as the module. The jobs of a study do
    this for what its `own.analyses` lists. ValueError for another name, and for one that the project has itself.
    """
    for given in modules:
        module = importlib.import_module(given) if isinstance(given, str) else given
        name, contract = module.__name__.rpartition(".")[2], getattr(module, "CONTRACT", None)
        if not isinstance(contract, Contract):
            raise ValueError(f"{module.__name__}: no CONTRACT (a sgdwalk.storage.contracts.Contract) in it")
        if contract.name != name:
            raise ValueError(f"{module.__name__}: CONTRACT is named '{contract.name}': must be '{name}', as its module")
        if name not in MODULES and (name in CONTRACTS or find_spec(f"sgdwalk.analyses.{name}")):
            raise ValueError(f"{module.__name__}: sgdwalk has '{name}' itself: rename the module")
        MODULES[name], CONTRACTS[name] = module, contract


def analysis(name: str) -> ModuleType:
    """The module of an analysis: of the user's own where one of that name is registered."""
    return MODULES[name] if name in MODULES else importlib.import_module(f"sgdwalk.analyses.{name}")
