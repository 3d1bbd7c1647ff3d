"""A headless Chromium, the pages under test, and a console that must stay empty."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pages", type=Path, required=True, help="the folder with report.html, check.html and check.json")
    parser.addoption("--screenshots", type=Path, help="write the README's pictures to this folder")


@pytest.fixture(scope="session")
def pages(pytestconfig: pytest.Config) -> Path:
    folder: Path = pytestconfig.getoption("--pages").resolve()
    missing = [name for name in ("report.html", "check.html", "check.json") if not (folder / name).exists()]
    if missing:
        pytest.exit(f"{folder} lacks {', '.join(missing)}; run make browser", returncode=2)
    return folder


@pytest.fixture(scope="session")
def chromium() -> Iterator[webdriver.Chrome]:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.exit("there is no chromium with its chromedriver; run make browser", returncode=2)
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in (
        "--headless=new",
        "--window-size=1280,1000",
        "--disable-dev-shm-usage",
        "--force-color-profile=srgb",
    ):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium has no sandbox for root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with webdriver.Chrome(options=options, service=Service(driver)) as chrome:
        # the page must not need anything from outside
        chrome.execute_cdp_cmd("Network.enable", {})
        chrome.execute_cdp_cmd(
            "Network.emulateNetworkConditions",
            {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0},
        )
        yield chrome


class Page:
    """One page in the browser, opened from a file."""

    def __init__(self, chrome: webdriver.Chrome, path: Path) -> None:
        self.chrome = chrome
        self.address = path.as_uri()

    def open(self, fragment: str = "") -> None:
        self.chrome.get("about:blank")
        self.chrome.get(self.address + fragment)
        WebDriverWait(self.chrome, 30).until(
            lambda chrome: chrome.execute_script("return document.documentElement.dataset.ready") == "true"
        )

    def text(self, css: str) -> str:
        """Return the text of an element, as it is shown."""
        found = self.chrome.execute_script(
            "const one = document.querySelector(arguments[0]); return one?.innerText ?? one?.textContent", css
        )
        assert isinstance(found, str), f"there is no {css}"
        return found.strip()

    def texts(self, css: str) -> list[str]:
        """Return the texts of all such elements."""
        found: list[str] = self.chrome.execute_script(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map((one) => (one.innerText ?? one.textContent).trim())",  # what is drawn has no innerText
            css,
        )
        return found

    def choose(self, css: str, value: object) -> None:
        """Choose an option by its value, as a reader's choice would."""
        self.chrome.execute_script(
            "const one = document.querySelector(arguments[0]); one.value = arguments[1];"
            "if (one.value !== arguments[1]) throw new Error('no option ' + arguments[1]);"
            "one.dispatchEvent(new Event('change'))",
            css,
            str(value),
        )

    def click(self, css: str) -> None:
        self.chrome.execute_script("document.querySelector(arguments[0]).click()", css)


@pytest.fixture
def report(chromium: webdriver.Chrome, pages: Path) -> Iterator[Page]:
    yield from _silent(chromium, Page(chromium, pages / "report.html"))


@pytest.fixture
def run(chromium: webdriver.Chrome, pages: Path) -> Iterator[Page]:
    yield from _silent(chromium, Page(chromium, pages / "check.html"))


def _silent(chrome: webdriver.Chrome, page: Page) -> Iterator[Page]:
    """Yield the page; its console must stay empty while it is used."""
    chrome.get_log("browser")
    page.open()
    yield page
    assert chrome.get_log("browser") == []
