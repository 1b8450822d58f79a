"""What the workflow says at its end."""

from sgdwalk.command_line.ended import ended

PAGE = "a page of all results: snakemake --report report.html --config study=s"


def files(folder, *names, text=""):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_it_names_what_there_is_and_counts_what_it_says(study, tmp_path):
    folder = tmp_path / "r"
    files(folder, *(f"figures/{name}.{kind}" for name in study.figures for kind in ("pdf", "svg", "png")))
    files(folder, "summary.csv", text="run,diverged_step\na,-1\nb,17\n")
    files(folder, "claims.csv", text="claim,verdict\n1,agrees\n2,not run\n3,agrees\n4,undecided\n")
    files(folder, "checks.csv", text="run,check,passed\na,finite,True\nb,finite,True\n")
    files(folder, "checks.passed")
    assert ended(study, folder, 87).splitlines() == [
        f"{folder}/figures/: 2 of 2 figures as pdf, svg, png",
        f"{folder}/summary.csv: 2 runs, of which diverged: b",
        f"{folder}/claims.csv: 4 claims, 2 agrees, 1 undecided, 1 not run",
        f"{folder}/checks.csv: all 2 checks passed",
        PAGE,
        "time: 1 min 27 s",
    ]


def test_of_a_single_figure_it_does_not_name_tables_that_are_not_there(study, tmp_path):
    files(tmp_path, "figures/fig2.pdf", "figures/fig2.svg", "figures/fig2.png", "figures/limiting_process.pdf")
    lines = ended(study, tmp_path, 2).splitlines()
    assert lines == [f"{tmp_path}/figures/: 1 of 2 figures as pdf, svg, png", "time: 2 s"]


def test_failed_checks_are_named(study, tmp_path):
    files(tmp_path, "checks.csv", text="run,check,passed\na,finite,True\nb,in range,False\n")
    assert f"{tmp_path}/checks.csv: 1 of 2 checks failed: b: in range" in ended(study, tmp_path, 2)
