"""The report of a finished study, opened in a browser as a reader opens it."""

import shutil
from contextlib import contextmanager

import pytest
from studies import snakemake

selenium = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support import expected_conditions as expected  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


@pytest.fixture(scope="module")
def report(finished, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    done = snakemake(finished, "--report", str(path))
    assert done.returncode == 0, done.stderr[-3000:]
    return path


@contextmanager
def browser():
    options = selenium.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,1000"):
        options.add_argument(argument)
    driver = selenium.Chrome(options=options, service=selenium.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def wait(driver, path):
    """The element, once it is there and can be clicked."""
    return WebDriverWait(driver, 30).until(expected.element_to_be_clickable((By.XPATH, path)))


def follow(driver, *words):
    """Click one link after the other."""
    for text in words:
        wait(driver, f"//a[normalize-space()='{text}']").click()


def show(driver, name):
    """Click the eye in the row of a result."""
    wait(driver, f"//tr[contains(., '{name}')]//a[@iconname='eye']").click()


def test_the_front_page_is_in_the_report(report):
    text = report.read_text()
    assert "A study of a minute" in text
    assert "7 runs, of which diverged: diverged." in text


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="not run: needs chromium and chromedriver")
def test_a_reader_finds_numbers_a_figure_and_a_table(report):
    with browser() as driver:
        driver.get(report.as_uri())
        wait(driver, "//td[normalize-space()='Chen et al. 2022']")
        follow(driver, "Figures", "Chen et al.")
        wait(driver, "//td[contains(., 'Fig. 2: mean squared displacement')]")
        show(driver, "fig2")
        drawn = wait(driver, "//img[contains(@src, 'filename=fig2.png')]")
        assert int(drawn.get_property("naturalWidth")) > 1000
        driver.get(report.as_uri())
        follow(driver, "Tables")
        show(driver, "claims")
        driver.switch_to.frame(wait(driver, "//iframe"))
        assert wait(driver, "//td[.='undecided']").is_displayed()
        assert "subdiffusive in the end" in driver.find_element(By.TAG_NAME, "table").text
