"""Rows of runs.tsv with a parent: what they take from it, what is refused, and what is made for them."""

import pytest
from sgdwalk.study import memory, resources
from sgdwalk.study.sweeps import same_start
from study_files import refused

CONFIG = "title: t\ntraining: {model: mlp3, steps: 100, window: 20, schedule: step, momentum: 0.9, lr: 0.3}\n"
MOTHER = {
    "subset": "900",
    "label_noise": "0.1",
    "augment": "false",
    "init": "pytorch",
    "loss": "mse",
    "dtype": "float64",
}


def test_empty_cells_take_what_defines_the_loss_from_the_parent_and_the_rest_from_the_study(study):
    columns = "|".join(["run", "parent", "model", "lr", "momentum", "seed", *MOTHER])
    runs = study(f"{columns}\nm||mlp20|0.1|0.5|3|{'|'.join(MOTHER.values())}\nc|m|||||||true|||\n", CONFIG).runs
    child, mother = runs["c"], runs["m"]
    same = ("model", "model_spec", "dataset", "dataset_spec", "subset", "label_noise", "init", "loss", "dtype")
    assert {key: child[key] for key in same} == {key: mother[key] for key in same}
    assert child["model"] == "mlp20"
    assert child["augment"] is True
    assert mother["augment"] is False
    assert (child["lr"], child["momentum"], child["seed"]) == (0.3, 0.9, 0)
    assert (mother["schedule"], child["schedule"]) == ("step", "constant")


def test_a_child_of_a_child_takes_what_that_one_took(study):
    runs = study("run|parent|model|path\nm||mlp20|x\nc|m||\ng|c||\n", CONFIG).runs
    assert (runs["g"]["model"], runs["g"]["path"], runs["g"]["parent"]) == ("mlp20", "x", "c")


BAD = {
    "an unknown parent": ("run|parent\nm|\nc|n\n", r"line 3: parent = 'n': must be a training above this row .m.$"),
    "itself": ("run|parent\nc|c\n", r"parent = 'c': must be a training above this row .there is none.$"),
    "a parent below": ("run|parent\na|\nc|m\nm|\n", "line 3: parent = 'm': must be a training above this row .a.$"),
    "a walk": ("run|parent|walk\nw||walk.nc\nc|w|\n", "parent = 'w': must be a training above this row .there is none"),
    "shorter windows": (
        "run|parent|window|windows_of\nm||40|\ns||20|m\nc|s||\n",
        "parent = 's': must be a training above this row .m.$",
    ),
    "another network": ("run|parent|model\nm||\nc|m|mlp20\n", "model = 'mlp20': must be 'mlp3' as of its parent, or e"),
    "another data set": (
        "run|parent|dataset\nm||\nc|m|mnist\n",
        "dataset = 'mnist': must be 'digits' as of its parent, or empty$",
    ),
    "adam": ("run|parent|optimiser\nm||\nc|m|adam\n", "line 3: optimiser = adam: must be sgd beside parent$"),
    "nesterov": ("run|parent|nesterov\nm||\nc|m|true\n", "nesterov = true: must be false beside parent$"),
    "a schedule": ("run|parent|schedule\nm||\nc|m|cosine\n", "schedule = cosine: must be constant beside parent$"),
    "velocity of no parent": ("run|keep_velocity\nm|true\n", "keep_velocity = true: needs a parent$"),
    "velocity of a parent without momentum": (
        "run|parent|momentum|keep_velocity\nm||0|\nc|m||true\n",
        "keep_velocity = true: needs a momentum above 0, here and of its parent 'm'$",
    ),
    "velocity without momentum": (
        "run|parent|momentum|keep_velocity\nm|||\nc|m|0|true\n",
        "keep_velocity = true: needs a momentum above 0, here and of its parent 'm'$",
    ),
    "a parent beside a walk": ("run|parent|walk\nm||\nc|m|walk.nc\n", "parent = 'm': must be empty beside walk$"),
    "a parent beside shorter windows": (
        "run|parent|window|windows_of\nm||40|\nc|m|20|m\n",
        "parent = 'm': must be empty beside windows_of$",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_child_that_is_not_allowed_is_refused_in_one_line(case, study):
    runs, message = BAD[case]
    refused(study, message, runs=runs, config=CONFIG)


@pytest.mark.parametrize("key", ["optimiser: adam", "nesterov: true"])
def test_the_optimiser_of_the_study_does_not_suit_a_child(key, study):
    config = CONFIG.replace("lr: 0.3", key)
    refused(study, f"{key.split(':')[0]} = .*: must be .* beside parent$", runs="run|parent\nm|\nc|m\n", config=config)


def test_modes_need_as_many_images_as_the_largest_batch_of_a_child_and_as_many_products_as_modes(study):
    runs = "run|parent|batch_size\nm||700\nc|m|64\nd|m|600\n"
    message = "config.yaml: modes.images = 500: must be at least 600, the batch_size of run 'd'$"
    refused(study, message, runs=runs, config=CONFIG + "modes: {images: 500}\n")
    assert study(runs, CONFIG + "modes: {images: 600}\n").runs
    message = "modes.count = 30: must be at most 20, modes.most_products$"
    refused(study, message, config=CONFIG + "modes: {most_products: 20}\n")


def test_modes_and_directions_are_made_for_children_and_not_for_their_shorter_windows(study):
    made = study("run|parent|window|windows_of\nm||40|\nc|m|40|\ns||20|c\n", CONFIG)
    assert {"modes", "directions"} <= set(made.analyses("c"))
    assert not {"modes", "directions"} & {*made.analyses("m"), *made.analyses("s")}


def test_children_of_one_parent_share_modes_unless_loss_or_batches_differ(study):
    columns = "run|parent|lr|batch_size|seed|sampler|steps|window|windows_of\n"
    rows = "m|||||||40|\nn|||||||40|\na|m||||||40|\ns|||||||20|a\nb|m|0.1||1|independent|50|40|\nc|m||16||||40|\n"
    rows += "d|m||16|3|||40|\ne|n||||||40|\n"
    runs = study(columns + rows, CONFIG).runs
    found = {name: same_start(name, runs) for name in "abcde"}
    assert found == {"a": None, "b": "a", "c": None, "d": "c", "e": None}
    assert same_start("b", runs | {"a": {**runs["a"], "label_smoothing": 0.1}}) is None


def test_seeds_of_one_parent_form_an_ensemble_and_children_of_two_parents_do_not(study):
    runs = "run|parent|seed\nm||0\nn||1\na-1|m|0\na-2|m|1\nb|n|1\n"
    assert study(runs, CONFIG).groups == {"m": ["m", "n"], "a": ["a-1", "a-2"]}


def test_a_list_of_epochs_may_stand_in_a_cell(study):
    runs = study("run|schedule_epochs\na|30 60 80\nb|[30, 60]\nc|7\n", CONFIG).runs
    assert [runs[name]["schedule_epochs"] for name in "abc"] == [[30, 60, 80], [30, 60], 7]
    refused(study, "schedule_epochs.1 = 0: must be at least 1$", runs="run|schedule_epochs\na|30 0\n")
    refused(study, "schedule_epochs.0 = 'x': must be of type integer$", runs="run|schedule_epochs\na|x\n")


def test_memory_and_time_hold_the_vectors_and_the_search(study):
    config = "title: t\ntraining: {model: resnet18, dataset: cifar10, batch_size: 256, epochs: 5, window: 250}\n"
    made = study("run|parent|device\nm||cuda\nc|m|\nd|m|cpu\n", config)
    modes, (mother, child, slow) = made.settings["modes"], made.runs.values()
    vectors = 30 * 11.2e6 * 4 / 1e6
    extra = memory.training(child, modes) - memory.training(child)
    assert 3 * vectors - 1 <= extra <= 3.1 * vectors
    assert memory.training(mother, modes) == memory.training(mother)
    assert memory.modes(child, modes) > 5 * vectors
    assert memory.modes(slow, modes) > memory.modes(child, modes) + 2 * 320 * 11.2e6 * 4 / 1e6 - 5000
    assert 30 < resources.modes_minutes(child, modes) < 24 * 60
    assert resources.modes_minutes(child, modes | {"images": 50_000}) > 5 * resources.modes_minutes(child, modes)
