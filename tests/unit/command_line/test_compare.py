"""Two runs or studies side by side."""

import pytest
from result_files import result
from sgdwalk.study import comparison

HEAD = "run,steps,first_msd_exponent,first_msd_exponent_low,first_msd_exponent_high,last_alpha,last_alpha_low,last_alpha_high\n"
CLAIMS = "paper,claim,source,runs,quantity,expected,estimate,low,high,verdict,reason\n"
SOFTWARE = {"python": "3.12", "torch": "2.6"}


def study(folder, lr=0.1, seed=1, torch="2.6", verdict="agrees"):
    """Results with two runs, of which one has an MSD."""
    for run, given in (("a", {"lr": lr}), ("b", {"lr": 0.1, "seed": seed})):
        settings = {"run": run, "seed": 0, **given, "record": {"noise": True}, "model_spec": {"arguments": {"x": lr}}}
        result(folder / f"runs/{run}/training.nc", settings=settings, code="c", software=SOFTWARE | {"torch": torch})
    result(folder / "runs/a/msd.nc", "msd", settings={"copies": 200 if lr == 0.1 else 100}, code="c")
    result(folder / "runs/a/distances.nc", "distances", settings={"lr": lr}, code="other")
    rows = [f"a,100,{1 + lr},{0.95 + lr},{1.05 + lr},1.5,1.4,1.6\n", "b,100,1.2,1.1,1.3,,,\n"]
    (folder / "summary.csv").write_text(HEAD + "".join(rows))
    claims = [
        f"P,diffuses,t,a,q,> 1,{1 + lr},{0.95 + lr},{1.05 + lr},{verdict},\n",
        "P,other,t,b against a,q,> 1,0.5,0.4,2,undecided,null agrees too\n",
        "P,never,t,,q,> 1,,,,not run,\n",
    ]
    (folder / "claims.csv").write_text(CLAIMS + "".join(claims))


@pytest.fixture
def results(place):
    study(place / "results" / "s")
    study(place / "results" / "t", lr=0.3, seed=2, torch="2.7", verdict="differs")
    return place / "results"


def compared(command, *names):
    """The sections of the comparison: lines of each, as lists of cells."""
    status, said, error = command("compare", *names)
    assert (status, error) == (0, ""), error
    sections = [part.splitlines() for part in said.strip("\n").split("\n\n")]
    return {part[0]: [[c.strip() for c in line.split("  ") if c.strip()] for line in part[1:]] for part in sections}


def test_two_studies_run_by_run(command, results):
    found = compared(command, "s", "t")
    assert found["settings that differ"] == [
        ["run", "setting", "s", "t"],
        ["all", "training: software.torch", "2.6", "2.7"],
        ["a", "training: lr", "0.1", "0.3"],
        ["a", "msd: copies", "200", "100"],
        ["b", "training: seed", "1", "2"],
    ]
    assert found["estimates"] == [
        ["run", "quantity", "s", "t", "intervals"],
        ["a", "first_msd_exponent", "1.1 [1.05, 1.15]", "1.3 [1.25, 1.35]", "apart"],
        ["a", "last_alpha", "1.5 [1.4, 1.6]", "1.5 [1.4, 1.6]", "overlap"],
        ["b", "first_msd_exponent", "1.2 [1.1, 1.3]", "1.2 [1.1, 1.3]", "overlap"],
        ["b", "last_alpha", "-", "-"],
    ]
    assert found["claims"] == [
        ["claim", "s", "t"],
        ["diffuses", "agrees", "1.1 [1.05, 1.15]", "differs", "1.3 [1.25, 1.35]"],
        ["other", *["undecided (null agrees too)", "0.5 [0.4, 2]"] * 2],
    ]


def test_two_runs_of_one_study_and_the_claims_that_rest_on_either(command, results):
    found = compared(command, "s/a", "s/b")
    assert found["settings that differ"] == [["setting", "s/a", "s/b"], ["training: seed", "0", "1"]]
    assert [row[0] for row in found["estimates"][1:]] == ["first_msd_exponent", "last_alpha"]
    assert [row[0] for row in found["claims"][1:]] == ["diffuses", "other"]
    assert found["claims"][1][-1] == "-"


def test_the_same_twice_differs_in_nothing(command, results):
    found = compared(command, "s", "results/s")
    assert "settings that differ: none" in found
    assert {row[-1] for row in found["estimates"][1:]} == {"overlap", "-"}


def test_a_folder_elsewhere_and_a_run_that_only_one_has(command, results, place):
    (results / "t").rename(place / "copy")
    (place / "copy" / "runs" / "b").rename(place / "copy" / "runs" / "c")
    found = compared(command, "s", "copy/")
    assert {"only in s: b", "only in copy: c"} <= {*found}
    assert "only in" not in str(compared(command, "s/b", "copy/runs/c"))


def test_unfinished_studies_have_no_estimates(command, results):
    for name in ("summary", "claims"):
        (results / "t" / f"{name}.csv").unlink()
    found = compared(command, "s", "t")
    assert "estimates: none" in found
    assert {"t: no summary.csv yet", "t: no claims.csv yet"} <= {*command("compare", "s", "t")[1].splitlines()}
    assert found["claims"][1][-1] == "-"


def test_what_has_no_results_and_what_cannot_be_read_is_refused(refused, results):
    for name in ("none", "s/none", "s/a/b"):
        assert f"'{name}': must be STUDY or STUDY/RUN with results in results/" in refused("compare", "s", name)
    (results / "t" / "runs" / "a" / "training.nc").write_text("x")
    assert "results/t/runs/a/training.nc: not a readable NetCDF file" in refused("compare", "s", "t")


def test_intervals_that_touch_overlap_and_unknown_ones_say_nothing():
    assert comparison.compared(["1", "0.5", "1.5"], ["2", "1.5", "2.5"])[2] == "overlap"
    assert comparison.compared(["2", "1.51", "2.5"], ["1", "0.5", "1.5"])[2] == "apart"
    assert comparison.compared(["2", "", ""], ["1", "0.5", "1.5"]) == ("2", "1 [0.5, 1.5]", "")
