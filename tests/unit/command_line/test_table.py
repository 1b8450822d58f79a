"""Finished tables as CSV, Markdown and LaTeX."""

import csv
import io

import pytest
from sgdwalk.tables import markup

SUMMARY = (
    "run,lr,first_msd_exponent,first_msd_exponent_low,first_msd_exponent_high,last_alpha,last_alpha_low,last_alpha_high,train_loss\n"
    "a_1,0.1,1.23456,1.1,1.3333,,,,0.000123456\nb,0.1,1.5,,,2.0,1.9,2.0,1e-05\n"
)
CLAIMS = 'paper,claim,source,runs,quantity,expected,estimate,low,high,verdict,reason\nP,"tails | 50 %, & more",t,a,q,0 +- 0.2,0.1,0.05,0.15,agrees,\n'


@pytest.fixture
def tables(place):
    folder = place / "results" / "s"
    folder.mkdir(parents=True)
    for name, text in (("summary", SUMMARY), ("claims", CLAIMS)):
        (folder / f"{name}.csv").write_text(text)


def test_as_csv_it_is_the_file_itself(command, tables):
    assert command("table", "s", "--format", "csv") == (0, SUMMARY, "")
    assert command("table", "s", "claims", "--format", "csv") == (0, CLAIMS, "")


def test_in_markdown_intervals_stand_behind_their_estimates(command, tables):
    assert command("table", "s")[1] == (
        "| run | first_msd_exponent | last_alpha | train_loss |\n| --- | --- | --- | --- |\n"
        "| a_1 | 1.23 [1.1, 1.33] |  | 0.000123 |\n| b | 1.5 | 2 [1.9, 2] | 1e-05 |\n"
    )
    assert command("table", "s", "claims", "--columns", "claim, estimate")[1] == (
        "| claim | estimate |\n| --- | --- |\n| tails \\| 50 %, & more | 0.1 [0.05, 0.15] |\n"
    )


def test_in_latex_special_characters_are_escaped(command, tables):
    said = command("table", "s", "claims", "--format", "latex", "--columns", "claim,expected")[1]
    assert said == (
        "\\begin{tabular}{ll}\n\\toprule\nclaim & expected \\\\\n\\midrule\n"
        "tails | 50 \\%, \\& more & 0 $\\pm$ 0.2 \\\\\n\\bottomrule\n\\end{tabular}\n"
    )
    assert markup.latex(["a\\b_{c}", "x<y"]) == r"a\textbackslash{}b\_\{c\} & x$<$y \\"


def test_chosen_columns_of_a_csv_are_the_text_of_the_file(command, tables):
    said = command("table", "s", "--format", "csv", "--columns", "train_loss,run")[1]
    assert [*csv.reader(io.StringIO(said))] == [["train_loss", "run"], ["0.000123456", "a_1"], ["1e-05", "b"]]


def test_numbers_have_three_digits_and_whole_ones_all():
    shown = {
        "0.123456": "0.123",
        "12345": "12345",
        "-1.0": "-1",
        "1234.5": "1.23e+03",
        "resnet1.5": "resnet1.5",
        "": "",
    }
    assert {text: markup.short(text) for text in shown} == shown


@pytest.mark.slow
def test_a_table_that_is_not_there_names_what_makes_it(refused, place):
    line = refused("table", "s", "claims")
    assert (
        "results/s/claims.csv: no such file; `snakemake --cores 2 results/s/claims.csv --config study=s` makes it"
        in line
    )
    (place / "results" / "s").mkdir(parents=True)
    (place / "results" / "s" / "claims.csv").write_text(CLAIMS.splitlines()[0] + "\n")
    assert "claims.csv: has no rows" in refused("table", "s", "claims")


def test_unknown_columns_and_formats_are_refused(refused, tables):
    assert "--columns 'alpha': must be one of run, lr, first_msd_exponent, last_alpha, train_loss" in refused(
        "table", "s", "--columns", "run,alpha"
    )
    assert "invalid choice: 'html'" in refused("table", "s", "--format", "html")
