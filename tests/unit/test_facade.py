"""What users import from the package: one table of names, and nothing loaded before it is used."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import sgdwalk

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", sgdwalk.EXPORTS)
def test_a_name_is_found_in_the_package_and_in_the_folder_that_defines_it(name):
    module = sgdwalk.EXPORTS[name]
    folder = module.rpartition(".")[0]
    found = getattr(sgdwalk, name)
    assert found.__module__ == module
    if folder in ("sgdwalk.recorder", "sgdwalk.theory"):
        assert getattr(sys.modules[folder], name) is found


def test_the_page_on_python_has_every_name_and_each_is_documented():
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    named = re.findall(r"^::: (\S+)$", page, re.M)
    exported = [f"{module}.{name}" for name, module in sgdwalk.EXPORTS.items()]
    assert sorted(named) == sorted([*exported, "sgdwalk.interactive.results.Results"])  # what open_study returns
    for name in sgdwalk.EXPORTS:
        found = getattr(sgdwalk, name)
        members = vars(found).items() if isinstance(found, type) else ()
        public = [value for key, value in members if callable(value) and not key.startswith("_")]
        assert all(value.__doc__ for value in (found, *public))


def test_another_name_is_no_attribute():
    with pytest.raises(AttributeError, match=r"no .Recoder. in sgdwalk .there are: .*Recorder"):
        sgdwalk.Recoder  # noqa: B018
    with pytest.raises(ImportError):
        from sgdwalk import nothing  # noqa: F401


@pytest.mark.parametrize("statement", ["import sgdwalk", "import sgdwalk.recorder", "import sgdwalk.study.load"])
def test_importing_the_package_loads_neither_torch_nor_xarray(statement):
    command = f"import sys; {statement}; sys.exit(any(name in sys.modules for name in ('torch', 'xarray')))"
    assert subprocess.run([sys.executable, "-c", command]).returncode == 0
