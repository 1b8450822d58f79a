"""The command as a whole: bad input is one line and exit status 2; nothing heavy is imported unless it is needed."""

import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from sgdwalk.command_line import main
from sgdwalk.command_line.text import aligned, duration, size

COMMANDS = [module.__name__.rpartition(".")[2] for module in main.COMMANDS]
ROOT = Path(__file__).resolve().parents[3]
SHARED = {"--help", "--config", "--cores"}  # of all commands, and of snakemake


def test_the_page_on_commands_has_each_with_all_its_options():
    page = (ROOT / "docs" / "commands.md").read_text()
    sections = dict(re.findall(r"^## `sgdwalk (\w+)[^\n]*`\n(.*?)(?=^## |\Z)", page, re.S | re.M))
    assert [*sections] == COMMANDS
    for name, own in main.parser()._subparsers._group_actions[0].choices.items():
        options = {option for action in own._actions for option in action.option_strings if option.startswith("--")}
        described = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", sections[name]))
        assert described | SHARED == options | SHARED, name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name, command):
    status, said, _ = command(name, "--help")
    assert status == 0
    assert said.startswith(f"usage: sgdwalk {name}")


BAD = {
    "no command": ((), "required: COMMAND"),
    "unknown command": (("run",), "invalid choice: 'run'"),
    "no study": (("status", "none"), r"study = 'none': no config/none/config.yaml (studies here: s)"),
    "unknown option": (("status", "s", "--wach"), "unrecognized arguments: --wach"),
    "bad number": (("status", "s", "--watch", "0"), "--watch 0: must be from 0.1 to 3600 seconds"),
    "no lines": (("status", "s", "--lines", "-1"), "--lines -1: must be at least 0"),
    "no cores": (("check", "s", "--cores", "0"), "--cores 0: must be at least 1"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line(case, refused):
    arguments, message = BAD[case]
    assert message in refused(*arguments)


def test_a_study_may_be_named_by_its_folder_as_a_shell_completes_it(command):
    assert command("status", "config/s/")[0] == 0


def test_settings_that_are_not_allowed_are_one_line(refused, place):
    (place / "config" / "s" / "runs.tsv").write_text("run\tlr\na\tfast\n")
    assert "config/s/runs.tsv line 2: lr = 'fast': must be of type number" in refused("status", "s")


@pytest.mark.parametrize(
    "arguments", [("status", "s"), ("check", "s", "--no-timing"), ("clean", "s"), ("new", "other")]
)
def test_what_needs_no_network_starts_within_a_second_of_cpu_time(arguments, place):
    """Not timed by the clock: other processes may be running."""
    code = f"from sgdwalk.command_line.main import main; import sys; main({arguments!r})\n"
    code += "sys.exit(any(name in sys.modules for name in ('torch', 'xarray', 'pandas', 'scipy', 'matplotlib')))"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert subprocess.run([sys.executable, "-c", code], capture_output=True).returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


def test_a_reader_that_ends_early_is_no_error(place):
    command = f"{sys.executable} -m sgdwalk status s | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_durations_and_sizes_have_three_digits_or_two_units():
    shown = [duration(x) for x in (0.00123, 0.5, 59.4, 59.6, 87, 3599.6, 12_000, 7e5)]
    assert shown == ["1.23 ms", "500 ms", "59.4 s", "1 min 0 s", "1 min 27 s", "1 h 0 min", "3 h 20 min", "8.1 days"]
    assert [size(x) for x in (0, 999, 1000, 4.2e6, 999.6e6, 1e15)] == [
        "0 B",
        "999 B",
        "1 kB",
        "4.2 MB",
        "1 GB",
        "1e+03 TB",
    ]


def test_columns_are_as_wide_as_their_widest_cell():
    assert aligned([("a", "bb", ""), ("ccc", "d", "e")]) == "a    bb\nccc  d   e"
