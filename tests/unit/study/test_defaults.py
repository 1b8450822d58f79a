"""A default stands in the schema and, for a call by hand, in a signature: both are the same."""

import importlib
import inspect

import pytest
from sgdwalk.study.analysis_table import ANALYSES
from sgdwalk.study.validation import schema

GIVEN = {"run", "landscape", "sampler", "data"}  # by the workflow: they have no default
NAMES = [analysis.name for analysis in ANALYSES if not analysis.name.startswith("layerwise_")]


def defaults_of_schema(name):
    section = schema("config")["properties"].get(name, {"properties": {}})
    return {key: rule["default"] for key, rule in section["properties"].items() if key not in GIVEN}


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_of_an_analysis_are_those_of_the_schema(name):
    compute = importlib.import_module(f"sgdwalk.analyses.{name}").compute
    keywords = [p for p in inspect.signature(compute).parameters.values() if p.kind is p.KEYWORD_ONLY]
    found = {
        p.name: list(p.default) if isinstance(p.default, tuple) else p.default for p in keywords if p.name not in GIVEN
    }
    assert found == defaults_of_schema(name)
