"""A study's three files: what is read from them, and what is refused with a message of one line."""

import os
import re

import pytest
from sgdwalk.study.load import load_study
from sgdwalk.study.validation import ConfigError, parsed, schema, types
from study_files import CONFIG, refused


@pytest.mark.parametrize(
    ("snapshots", "through", "message"),
    [
        (2, "[]", "runs.tsv: snapshots = 2 of run 'r': must be at least 3 beside analyses = 'path_planes'$"),
        (4, "[0, 1, 4]", "runs.tsv: snapshots = 4 of run 'r': must be at least 5 beside"),
        (4, "[0, 1]", r"config.yaml: path_planes.through = \[0, 1\]: must be three snapshots, or empty$"),
        (4, "[0, 1, 1]", "path_planes.through = .*must not contain duplicates"),
    ],
)
def test_planes_through_snapshots_that_a_run_does_not_have_are_refused(study, snapshots, through, message):
    config = CONFIG + f"path_planes: {{through: {through}}}\n"
    refused(study, message, config=config, runs=f"run|snapshots|analyses\nr|{snapshots}|path_planes\n")
    study(config=CONFIG, runs="run|snapshots|analyses\nr|3|path_planes\n")


def test_a_loss_surface_needs_enough_points_for_its_dimension(study):
    refused(study, "landscape.points = 10: must be at least 11", config=CONFIG + "landscape: {points: 10}\n")


def test_more_eigenvalues_than_products_are_refused(study):
    message = "config.yaml: hessian.eigenvalues = 30: must be at most 20, hessian.most_products"
    refused(study, message, config=CONFIG + "hessian: {eigenvalues: 30, most_products: 20}\n")
    assert study(config=CONFIG + "hessian: {eigenvalues: 20, most_products: 20}\n")
    message = "config.yaml: hessian.smallest = 30: must be at most 20, hessian.most_products"
    refused(study, message, config=CONFIG + "hessian: {smallest: 30, most_products: 20}\n")


@pytest.mark.parametrize("key", ["density_probes", "sharpness_batches"])
def test_a_single_probe_or_minibatch_between_which_there_is_no_error_is_refused(study, key):
    refused(
        study, f"config.yaml: hessian.{key} = 1: must be 0 or at least 2", config=CONFIG + f"hessian: {{{key}: 1}}\n"
    )
    for allowed in (0, 2):
        assert study(config=CONFIG + f"hessian: {{{key}: {allowed}}}\n")


BAD = {
    "a table that is not UTF-8": ({"runs": b"run\n\xe9\n"}, "runs.tsv: not text in UTF-8: byte 4 is 0xe9"),
    "settings that are not UTF-8": ({"config": b"title: \xe9\n"}, "config.yaml: not text in UTF-8: byte 7 is 0xe9"),
    "a duplicate column": ({"runs": "run|lr|lr\nr|0.1|0.2\n"}, "runs.tsv: duplicate column 'lr'"),
    "a duplicate key": (
        {"config": "title: a\ntitle: b\n"},
        "config.yaml: not valid YAML: duplicate key 'title' .*line 2",
    ),
    "a duplicate key in a cell": (
        {"runs": "run|record\nr|{sketch: 1, sketch: 2}\n"},
        "record = .*must be of type object",
    ),
    "a figure without a caption": ({"figures": "fig6: {data: {}}\n"}, "figures.yaml: missing key 'caption' in fig6$"),
    "a number for a boolean": ({"runs": "run|augment\nr|128\n"}, "augment = '128': must be of type boolean$"),
    "text for a whole number": (
        {"config": CONFIG + "landscape: {points: 2e1}\n"},
        "points = '2e1': must be of type integer .YAML reads 2e1 as text: write 20.$",
    ),
    "a duplicate anchor": (
        {"runs": "run|record\nr|{anchors: [1, 1]}\n"},
        r"record.anchors = .1, 1.: must not contain duplicates$",
    ),
    "shorter windows of no length": (
        {"runs": "run|windows_of\nr|\nx|r\n"},
        "line 3: window = '': must be given beside",
    ),
    "shorter windows of nothing": ({"runs": "run|windows_of\nx|r\n"}, "windows_of = 'r': .*this row .there is none.$"),
    **{
        f"{text} for a whole file": (
            {"config": f"{text}\n"},
            f"config.yaml: the file = {re.escape(text.title() if text == 'false' else text)}: must be of type object$",
        )
        for text in ("[]", "false", "0")
    },
    "a whole file of figures": ({"figures": "[]\n"}, r"figures.yaml: the file = \[\]: must be of type object$"),
    "a number to the base 60": (
        {"config": "training: {window: 1:30}\n"},
        "training.window = '1:30': must be of type integer$",
    ),
    "a number to the base 8": (
        {"config": "training: {window: 010}\n"},
        "window = '010': must be of type integer .YAML reads 010 as text: write 10.$",
    ),
    "nesting without end": (
        {"config": "training: " + "[" * 10**5},
        "config.yaml: not valid YAML: nested deeper than 32 levels",
    ),
    "a value inside itself": (
        {"config": "training: &x {model: *x}\n"},
        "config.yaml: not valid YAML: 'x' is inside itself",
    ),
    "a tag that does not fit": ({"config": "title: !!int x\n"}, "config.yaml: not valid YAML: invalid literal"),
    "no number in a list": (
        {"config": "regression: {momentum: [.nan]}\n"},
        "regression.momentum.0 = nan: must be a finite",
    ),
    "a line separator in a cell": (
        {"runs": "run|model\nr|mlp\u20283\n"},
        r"line 2: model = 'mlp\\u20283': must be without line breaks$",
    ),
    "a line separator in a setting": (
        {"config": 'training: {model: "mlp\\L3"}\n'},
        "runs.tsv line 2: model = 'mlp 3': must be one of",
    ),
    "a decimal comma": (
        {"runs": "run|lr\nr|0,1\n"},
        "lr = '0,1': must be of type number .numbers have a decimal point, no comma.$",
    ),
    "a decimal comma in a setting": ({"config": "training: {lr: '1,5e-3'}\n"}, "lr = '1,5e-3': .*no comma.$"),
    "commas between columns": (
        {"runs": "run,seed\nr,1\n"},
        "columns must be separated by tabs, not by commas: 'run,seed'$",
    ),
    "semicolons between columns": (
        {"runs": "run;seed\nr;1\n"},
        "must be separated by tabs, not by semicolons: 'run;seed'$",
    ),
    "a cell in a column without a name": (
        {"runs": "run|lr|\nr|0.1|x\n"},
        "line 2: 'x': must be in a column with a name$",
    ),
    "brackets that do not match": (
        {"runs": "run|analyses\nr|[[hessian\n"},
        "analyses = '..hessian': must be of type array",
    ),
    "a path that is too long": (
        {"runs": f"run|walk\nr|{'w' * 3000}\n"},
        "walk = 'w{199}[.]{3}: must be a file or folder that exists$",
    ),
    "a path that is longer than any": (
        {"runs": f"run|walk\nr|{'w' * 5000}\n"},
        "walk = 'w{199}[.]{3}: must have at most 4000 characters$",
    ),
    "a long parent": (
        {"runs": f"run|parent\nr|{'w' * 300}\n"},
        "parent = 'w*[.]{3}: must be a training above this row .there is none.$",
    ),
    "a long base": ({"config": f"base: {'w' * 300}\n"}, "base = 'w*[.]{3}: must have at most 200 characters$"),
    "a control character": ({"config": 'title: "a\\0b"\n'}, r"title = 'a\\x00b': must be without control characters$"),
    "half a character": ({"config": 'title: "\\ud800"\n'}, r"title = '\\ud800': must be without control characters$"),
    "a control character in a cell": ({"runs": "run|path\nr|a\0b\n"}, "path = .*: must be without control characters$"),
    "roles that are no text": (
        {"figures": "fig6: {caption: c, data: {1: path/r, path: path/r, msl: msl/r}}\n"},
        "fig6.data: unknown role '1' .its roles: msl, path.$",
    ),
    "a long value": (
        {"config": f"training: {{window: '{'9' * 1000}x'}}\n"},
        "window = '9{199}...: must be of type integer",
    ),
    "a long name": ({"runs": f"run\n{'ab' * 100}c\n"}, "run = '[abc]*'*[.]*: must have at most 200 characters$"),
    "a name that repeats": (
        {"runs": f"run\n{'ab' * 20}\n"},
        "line 2: run = '(ab){20}': must not end with 'ab' 20 times$",
    ),
    "a common name that repeats": (
        {"runs": f"run|seed\n{'a' * 20}1|1\n{'a' * 20}2|2\n"},
        "the common name 'a{20}' of .*: must not end with 'a' 20 times$",
    ),
    "a walk in braces": ({"runs": "run|walk\nr|{x}.nc\n"}, "line 2: walk = '{x}.nc': must be without braces$"),
    "images in braces": (
        {"runs": "run|dataset|path\nr|npz|{x}.nc\n"},
        "line 2: path = '{x}.nc': must be without braces$",
    ),
    "an ensemble of a study without ensembles": (
        {"figures": "ensembles: {caption: c, data: {groups: [ensemble/r]}}\n"},
        "no group 'r' in this study .there are: none.$",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_line(case, study):
    files, message = BAD[case]
    refused(study, message, **files)


BEYOND = {
    "steps": ({"runs": "run|steps\nr|1e21\n"}, "steps = 1e.21: must be at most 10{9}$"),
    "steps of epochs": (
        {"config": "training: {epochs: 1000000000}\n"},
        "epochs = 10{9}: must give at most 10{9} steps, not 50{10}$",
    ),
    "a window": ({"runs": "run|window\nr|1e11\n"}, "window = 10{11}.0: must be at most 10{5}$"),
    "steps of the toy model": (
        {"config": CONFIG + "toy: {steps: 1.0e+12}\n"},
        "toy.steps = 10{12}.0: must be at most 10{7}$",
    ),
    "positions of the toy model": (
        {"config": CONFIG + "toy: {steps: 10000000}\n"},
        "toy.steps = 10{7}: must be at most 10{6} for 100 walkers$",
    ),
    "positions of the toy model at all step sizes": (
        {"config": CONFIG + "toy_phases: {walkers: 1000, step_sizes: [0.1, 0.2], steps: 50001}\n"},
        "toy_phases.steps = 50001: must be at most 50000 for 2000 walkers$",
    ),
    "a step size": (
        {"config": CONFIG + "toy: {step_size: 1.0e+308}\n"},
        "toy.step_size = 1e.308: must be at most 10{6}$",
    ),
    "a learning rate": ({"runs": "run|lr\nr|1e39\n"}, "lr = 1e.39: must be at most 1e.30$"),
    "a weight decay": ({"runs": "run|weight_decay\nr|1e39\n"}, "weight_decay = 1e.39: must be at most 1e.30$"),
    "a seed": ({"runs": "run|seed\nr|9223372036854775808\n"}, "seed = 9223372036854775808: must be at most 9.{18}$"),
    "a seed of the Hessian": (
        {"config": CONFIG + "hessian: {seed: 18446744073709551616}\n"},
        "hessian.seed = 18446744073709551616: must be at most 9",
    ),
    "threads": ({"runs": "run|threads\nr|1025\n"}, "threads = 1025: must be at most 1024$"),
    "a roughness": (
        {"config": CONFIG + "toy: {roughness: 1.0e+7}\n"},
        "roughness = 10000000.0: must be at most 1000000$",
    ),
    "no roughness": ({"config": CONFIG + "toy: {roughness: 1.0e-7}\n"}, "roughness = 1e-07: must be at least 1e-06$"),
    "a further landscape": (
        {"config": CONFIG + "toy_landscapes: [hill]\n"},
        "toy_landscapes.0 = 'hill': must be one of brownian, varying, given$",
    ),
    "a Hurst exponent of a further landscape": (
        {"config": CONFIG + "toy_landscapes: [brownian]\n"},
        "toy.hurst = 1.0: must be below 1 for toy_landscapes brownian$",
    ),
    "no file of heights": (
        {"config": CONFIG + "toy_landscapes: [given]\ntoy: {surface_file: no.nc}\n"},
        "toy.surface_file = 'no.nc': must be a NetCDF file for toy_landscapes given$",
    ),
    "walls": (
        {"config": CONFIG + "toy: {walls: open}\n"},
        "toy.walls = 'open': must be one of reflect, redraw, stop, periodic$",
    ),
    "a start outside": (
        {"config": CONFIG + "toy: {start_positions: [[0, 2]]}\n"},
        "toy.start_positions.0.1 = 2: must be at most 1$",
    ),
    "a smoothing": ({"config": CONFIG + "toy: {smoothing: 4097}\n"}, "toy.smoothing = 4097: must be at most 4096$"),
    "a momentum": (
        {"config": CONFIG + "regression: {momentum: [0.9, 1]}\n"},
        "regression.momentum.1 = 1: must be below 1$",
    ),
    "a data set": (
        {"config": CONFIG + "regression: {data: {dataset: none}}\n"},
        "regression.data.dataset = 'none': must be one of digits",
    ),
    "images of the regression": (
        {"config": CONFIG + "regression: {data: {subset: 1598}}\n"},
        "regression.data.subset = 1598: must be at most 1597, the training images$",
    ),
    "a batch of the regression": (
        {"config": CONFIG + "regression: {data: {subset: 10}, batch_size: 11}\n"},
        "regression.batch_size = 11: must be at most 10, the training images$",
    ),
    "lags per decade": (
        {"config": CONFIG + "long_msd: {per_decade: 1001}\n"},
        "per_decade = 1001: must be at most 1000$",
    ),
    "samples": ({"runs": "run|record\nr|{samples: 1000000000}\n"}, "record.samples = 10{9}: must be at most 10{8}$"),
    "a sketch": ({"runs": "run|record\nr|{sketch: 10000000}\n"}, "record.sketch = 10{7}: must be at most 10{6}$"),
    "copies of the MSD": ({"config": CONFIG + "msd: {copies: 10001}\n"}, "msd.copies = 10001: must be at most 10000$"),
    "copies of the path": (
        {"config": CONFIG + "path: {copies: 10001}\n"},
        "path.copies = 10001: must be at most 10000$",
    ),
    "copies of the MSL": ({"config": CONFIG + "msl: {copies: 10001}\n"}, "msl.copies = 10001: must be at most 10000$"),
    "copies of the tails": ({"config": CONFIG + "tails: {copies: 10001}\n"}, "copies = 10001: must be at most 10000$"),
    "fragments": ({"config": CONFIG + "path: {fragments: 10001}\n"}, "fragments = 10001: must be at most 10000$"),
    "bins of the path": ({"config": CONFIG + "path: {bins: 10001}\n"}, "path.bins = 10001: must be at most 10000$"),
    "bins of the MSL": ({"config": CONFIG + "msl: {bins: 10001}\n"}, "msl.bins = 10001: must be at most 10000$"),
    "bins of the tails": ({"config": CONFIG + "tails: {bins: 10001}\n"}, "tails.bins = 10001: must be at most 10000$"),
}


@pytest.mark.parametrize("case", BEYOND)
def test_numbers_beyond_the_limits_are_refused(case, study):
    files, message = BEYOND[case]
    refused(study, message, **files)


def test_a_table_may_begin_with_a_byte_order_mark(study):
    assert list(study("\ufeffrun|lr\nr|0.1\n").runs) == ["r"]


def test_a_table_as_spreadsheets_write_it(study):
    """A byte-order mark, CRLF, cells in quotation marks, columns and rows without content."""
    text = '\ufeff"# one, two"\t\t\r\nrun\tlr\t\trecord\t\r\nr\t0.1\t\t"{anchors: [1, 2], sketch: 8}"\t\r\n\t\t\t\t\r\n"s"\t""\t\t\t\r\n'
    runs = study(text.encode()).runs
    assert list(runs) == ["r", "s"]
    assert (runs["r"]["record"]["anchors"], runs["r"]["record"]["sketch"]) == ([1, 2], 8)
    assert runs["s"]["lr"] == 0.1


def test_a_quotation_mark_does_not_join_rows(study):
    runs = study('run|path\na|"one\nb|two\nc|th"ree\n').runs
    assert {name: run["path"] for name, run in runs.items()} == {"a": '"one', "b": "two", "c": 'th"ree'}


def test_a_whole_number_with_a_decimal_point_becomes_an_integer(study):
    read = study("run|batch_size\nr|16.0\n", CONFIG + "landscape: {points: 20.0}\n")
    assert repr(read.runs["r"]["batch_size"]) == "16"
    assert repr(read.settings["landscape"]["points"]) == "20"


def test_whole_numbers_in_lists_become_integers(study):
    config = CONFIG.replace("window: 20", "window: 20, schedule_epochs: [3.0], record: {anchors: [5.0]}")
    read = study(config=config + "regression: {ranks: [2.0, 1]}\n")
    run = read.runs["r"]
    found = (run["schedule_epochs"], run["record"]["anchors"], read.settings["regression"]["ranks"])
    assert repr(found) == "([3], [5], [2, 1])"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(study, tmp_path):
    study()
    (tmp_path / "config" / "s" / "runs.tsv").chmod(0)
    with pytest.raises(ConfigError, match=r"runs.tsv: cannot be read .Permission denied.$"):
        load_study("s", tmp_path / "config")


def test_a_study_with_a_name_that_no_folder_has_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"study = 'a{300}': no .*studies here: none"):
        load_study("a" * 300, tmp_path)


def test_every_number_has_an_upper_and_a_lower_limit():
    def unlimited(key, rule):
        inside = [*rule.get("properties", {}).items(), *([("items", rule["items"])] if rule.get("items") else [])]
        for name, inner in inside:
            yield from unlimited(f"{key}.{name}", inner)
        limits = [{"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}]
        if {"integer", "number"} & {*types(rule)} and not all(limit & {*rule} for limit in limits):
            yield key

    assert [*unlimited("run", schema("run")), *unlimited("config", schema("config"))] == []


def test_dates_and_numbers_to_other_bases_are_text():
    assert parsed("[2020-01-01, 0o10, 0x1F, 1_000, -3, 1.5e+3, yes]") == [
        "2020-01-01",
        "0o10",
        "0x1F",
        1000,
        -3,
        1500.0,
        True,
    ]


def test_an_empty_study_is_named_so(tmp_path):
    with pytest.raises(ConfigError, match=r"study = .': no .*studies here: none"):
        load_study(None, tmp_path)


def test_a_study_may_be_given_as_a_number(tmp_path):
    with pytest.raises(ConfigError, match=r"study = .3.: no .*studies here: none"):
        load_study(3, tmp_path)
