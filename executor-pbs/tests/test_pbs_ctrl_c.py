"""Ctrl-C at any moment must leave nothing behind."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

from clusters import LIMIT, Driver, both_modes, processes, until

TIMES = {True: 25, False: 10}  # with history and without; more of a real PBS, in which more may happen
SECONDS = 1.5  # after what it waits for: the moments are spread over them
AT_ONCE = 4
SNAKEFILE = """
rule all:
    input: expand("{i}.txt", i=range(6))
rule one:
    output: "{i}.txt"
    shell: "touch {output}"
"""
SLEEP = "#!/bin/sh\n# {properties}\nsleep 600\n"  # in place of Snakemake's own job script


def interrupt(cluster, folder, number, times):
    """Start a run and press Ctrl-C, now and then twice; return what the run printed."""
    chance = random.Random(number)
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "sleep.sh").write_text(SLEEP)
    driver = Driver(cluster, folder, "--jobscript", "sleep.sh")
    if number % 10:
        driver.said("submitted as PBS job", 1 + number % 6)
    time.sleep((number % times + chance.random()) * SECONDS / times)
    driver.press_ctrl_c()
    if number % 5 == 0:
        time.sleep(chance.uniform(0, 0.3))
        driver.press_ctrl_c()
    driver.wait()
    return driver.output


@both_modes
def test_ctrl_c_leaves_nothing_behind(cluster, folder, history):
    times = TIMES[cluster.real]
    first = times * (history == "on")
    if not cluster.real:
        cluster.set(qsub_seconds=0.1)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        outputs = list(pool.map(lambda k: interrupt(cluster, folder / str(k), k, times), range(first, first + times)))
    assert sum("submitted as PBS job" in output for output in outputs) >= 0.8 * times
    assert not any("Traceback" in output and "KeyboardInterrupt" not in output for output in outputs)
    until(lambda: not cluster.live(folder), LIMIT)
    assert cluster.live(folder) == []
    assert until(lambda: not processes(folder), 10), processes(folder)
