"""Settings of runs for tests: what is given, on top of the schema's defaults."""

from sgdwalk.study.validation import checked, schema


def settings(**given):
    """All settings of a run, complete."""
    specs = {key: given.pop(key) for key in ("model_spec", "dataset_spec") if key in given}
    return checked({"run": "r", "device": "cpu", **given}, schema("run"), "test: ") | specs
