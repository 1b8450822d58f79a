"""Pages of the report: what a reader sees of each table."""

import pytest
from sgdwalk.tables import front_page, pages
from sgdwalk.tables.verdicts import REASONS

CLAIM = {
    "paper": "Chen et al.", "claim": "subdiffusive in the end", "source": "Fig. 2", "runs": "a", "quantity": "exponent",
    "expected": "below 1", "estimate": "0.7812345", "low": "0.69", "high": "0.8", "verdict": "agrees", "reason": "",
}  # fmt: skip


def test_a_claim_has_its_interval_and_what_its_verdict_rests_on():
    text = pages.page("claims", [CLAIM])
    assert '<td class="number">0.781 [0.69, 0.8]</td>' in text
    assert f"<td>{pages.INSIDE}</td>" in text
    assert 'style="background: #cfe8d5">agrees</td>' in text


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"verdict": "differs"}, pages.OUTSIDE),
        ({"verdict": "undecided"}, pages.EDGE),
        ({"verdict": "undecided", "low": "", "high": ""}, pages.NO_INTERVAL),
        ({"verdict": "undecided", "reason": "null agrees too"}, REASONS["null agrees too"]),
        ({"verdict": "agrees", "reason": "length and direction coupled"}, pages.INSIDE + " Large and small steps"),
        ({"verdict": "not run", "estimate": "", "low": "", "high": ""}, pages.NO_RUN),
    ],
)
def test_what_a_verdict_rests_on(changed, sentence):
    assert pages.rests_on(CLAIM | changed).startswith(sentence)


def test_text_of_a_table_is_no_markup_of_the_page():
    assert "a &lt;b&gt; &amp; c" in pages.page("summary", [{"run": "a <b> & c"}])


def test_checks_that_failed_come_first():
    rows = [
        {"run": run, "check": "finite", "passed": passed, "detail": ""}
        for run, passed in (("a", "True"), ("b", "False"))
    ]
    text = pages.page("checks", rows)
    assert text.index("<td>b</td>") < text.index("<td>a</td>")


def test_a_table_without_rows_is_a_page():
    assert "<tbody></tbody>" in pages.page("claims", [])


def test_the_front_page_counts_what_the_tables_say(tmp_path):
    (tmp_path / "summary.csv").write_text("run,diverged_step\na,-1\nb,12\n")
    (tmp_path / "checks.csv").write_text("run,check,passed,detail\na,finite,True,\nb,finite,False,\n")
    lines = ["Chen et al.,agrees,", "Chen et al.,agrees,", "Kunin et al.,undecided,null agrees too"]
    (tmp_path / "claims.csv").write_text("\n".join(["paper,verdict,reason", *lines]) + "\n")
    text = front_page.front_page("A study", tmp_path)
    assert text.startswith("**A study**\n")
    assert "2 runs, of which diverged: b." in text
    assert '"Chen et al.", 2, 0, 0, 0\n   "Kunin et al.", 0, 0, 1, 0' in text
    assert "null agrees too (1)." in text
    assert "1 of 2 checks failed: b: finite." in text


def test_the_front_page_of_a_study_without_results_says_how_to_read_them(tmp_path):
    text = front_page.front_page("A study", tmp_path)
    assert "How to read a number" in text
    assert "Runs" not in text
