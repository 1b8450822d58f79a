"""The report of a finished study, opened in a browser as a reader opens it."""

import shutil
from contextlib import contextmanager

import pytest
from studies import snakemake

selenium = pytest.importorskip("selenium.webdriver")
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.wait import WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


@pytest.fixture(scope="module")
def report(finished):
    done = snakemake(finished, "--report", "report.html")
    assert done.returncode == 0, done.stderr[-3000:]
    return finished / "report.html"


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


def click(driver, text):
    """Click the link or button that shows this text, once it is there."""
    path = f"//*[self::a or self::button][normalize-space()='{text}']"
    WebDriverWait(driver, 30).until(lambda d: d.find_element(By.XPATH, path)).click()


def test_the_front_page_is_in_the_report(report):
    text = report.read_text()
    assert "A study of a minute" in text
    assert "7 runs, of which diverged: diverged." in text


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="not run: needs chromium and chromedriver")
def test_a_reader_finds_numbers_a_figure_and_a_table(report):
    with browser() as driver:
        driver.get(report.as_uri())
        driver.save_screenshot("/tmp/report1.png")
        print(driver.page_source[-6000:])
        assert 0
