"""The pages in a real browser show what the specification's functions compute."""

from __future__ import annotations

import base64
import gzip
import itertools
import json
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser.conftest import Page
from browser.oracle import Oracle, distances, state_words
from latchproof.check.history import Begin, End, Event, Observe, Request, Rest
from latchproof.check.judge import Judge
from latchproof.check.machine_specification import MachineSpecification
from latchproof_spec.machines import CLAIMS, MACHINES
from latchproof_spec.step import BrokenBarrierError

WALKS = [
    ("barrier", "latchproof", 3, 3),
    ("barrier", "latchproof", 2, 4),
    ("barrier", "cpython", 3, 4),
    ("barrier", "java", 3, 4),
    ("latch", "latchproof", 2, 3),
    ("latch", "latchproof", 0, 1),
    ("latch", "keeps", 1, 4),
    ("latch", "aiologic", 3, 2),
]
STEPS = 24
MUSEUM = Path(__file__).parents[1] / "src/latchproof/show/html/museum.json"


def test_one_file_is_all(pages: Path) -> None:
    for name in ("report.html", "check.html"):
        text = (pages / name).read_text(encoding="utf-8")
        assert len(text.encode()) < 2_000_000
        assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', text.split("<script>")[0]) == []


def test_the_ledger_opens_to_its_evidence(report: Page) -> None:
    assert len(report.texts("#ledger tbody tr")) == len(CLAIMS)
    report.click("a[href='#evidence-C1-proved']")
    report.chrome.execute_async_script("setTimeout(arguments[0], 50)")
    assert report.chrome.execute_script("return document.getElementById('evidence-C1-proved').open") is True
    assert "latchproof prove" in report.text("#evidence-C1-proved dl")
    report.click("#evidence-C1-proved .obligations summary")
    report.chrome.execute_async_script("setTimeout(arguments[0], 50)")
    shown = report.chrome.execute_script(
        "return [...document.querySelectorAll('#evidence-C1-proved pre')].map((one) => one.textContent)"
    )
    assert shown
    assert all("(check-sat)" in text for text in shown)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=repr)
def test_every_rule_is_there_with_its_sentence(report: Page, machine: object) -> None:
    for rule in MACHINES[str(machine)].rules:
        assert rule.sentence in report.text(f"#rule-{rule.id}")


def test_the_page_of_a_check_has_its_rules_with_a_step_by_each(run: Page, pages: Path) -> None:
    (machine,) = _data(pages / "check.html")["machines"]
    headers = run.texts(f"#{machine['name']} section th, #{machine['name']} th[scope=col]")
    assert "for example" in headers
    assert "when" not in headers  # a guard takes a solver
    for policy in machine["policies"]:
        for row in policy["rules"]:
            shown = run.chrome.execute_script(  # rules of other policies stand in a fold
                "return document.getElementById(arguments[0]).textContent", f"rule-{row['rule']}"
            )
            assert row["sentence"] in shown
            assert "→" in shown or row["call"].startswith("create(")


@pytest.mark.parametrize("machine", MACHINES)
def test_the_faults_are_those_of_the_ledger(report: Page, pages: Path, machine: str) -> None:
    mutants = (_data(pages / "report.html")["ledger"].get("mutants") or {}).get("mutants", [])
    mine = [one for one in mutants if one["id"].startswith(machine)]
    rows = [row.split("\t")[0] for row in report.texts(f"#faults-{machine} tbody tr th")]
    assert len(rows) == len(mine)
    for rule in {row.id for row in MACHINES[machine].rules} - {"L4t", "B0t"}:
        about = [one for one in mine if re.search(rf"\b{rule}\b", f"{one['id']} {one['sentence']}")]
        shown = report.text(f"#rule-{rule} > :last-child")
        assert {int(number) for number in re.findall(r"^\d+|(?<=, )\d+", shown)} <= {len(about), *range(len(about))}
        assert sum(map(int, re.findall(r"^\d+|(?<=, )\d+", shown))) == len(about)
        assert (shown == "not sampled") == (not about)


def test_the_evidence_for_each_rule_and_the_exports_are_shown(report: Page, pages: Path) -> None:
    ledger = _data(pages / "report.html")["ledger"]
    shown = [row.split("\t") for row in report.texts("#rule-evidence tbody tr")]
    assert [row[0] for row in shown] == [rule["id"] for rule in ledger["rules"]]
    for row, rule in zip(shown, ledger["rules"], strict=True):
        for text, cell in zip(row[1:-1], rule["evidence"], strict=True):
            if cell["status"] == "not_run":
                assert text == "not run"
            else:
                assert text.startswith(f"{cell['status']} {cell['count']:,} {cell['unit'][:4]}")
        if rule["mutants"] == 0:
            assert row[-1] == "not sampled"
        elif rule["killed_mutants"]:
            assert re.match(rf"{rule['killed_mutants']} breaks? a claim", row[-1])
        else:
            assert "claim" not in row[-1]
            assert row[-1].startswith("1 proved to change nothing") or "error" in row[-1]
    for one in ledger["exports"]:
        assert f"{one['name']} {one['status'].replace('_', ' ')}: {one['bound']}" in report.text("#exports")


def _data(path: Path) -> dict[str, Any]:
    """Return the data that a page contains."""
    (packed,) = re.findall(r'id="data">(.*?)</script>', path.read_text(encoding="utf-8"))
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return data


@pytest.mark.parametrize(("machine", "policy", "argument", "tasks"), WALKS)
def test_the_stepper_on_random_walks(report: Page, machine: str, policy: str, argument: int, tasks: int) -> None:
    chance = random.Random(f"{machine} {policy} {argument} {tasks}")
    report.choose("#stepper-machine", machine)
    report.choose("#stepper-policy", _option(report, "#stepper-policy", policy))
    report.choose("#stepper-argument", argument)
    report.choose("#stepper-tasks", tasks)
    oracle = Oracle(machine, policy, argument, tasks)
    before = ""
    for number in range(STEPS):
        _assert_shows(report, oracle)
        task = chance.choice(oracle.tasks)
        label = chance.choice(oracle.enabled(task))
        before = oracle.shown_state()
        report.chrome.find_element(By.XPATH, f"//*[@id='stepper-task-{task}']//button[.='{label}']").click()
        oracle.act(task, label)
        *cells, rule, state = report.texts(f"#stepper-lanes tbody tr:nth-child({number + 1}) td")
        assert (cells[task - 1], rule, state) == (oracle.said, oracle.rule, oracle.shown_state())
        assert report.text("#stepper-said").startswith(f"Task {task}: {oracle.said}")
    _assert_shows(report, oracle)
    assert {row.split("\t")[-1] for row in report.texts("#stepper-claims tbody tr")} <= {"holds so far", "not judged"}
    link = report.chrome.execute_script("return document.getElementById('stepper-link').getAttribute('href')")
    report.click("#stepper-undo")
    assert report.text("#stepper-state") == before
    report.open(link)  # a link contains the whole run
    _assert_shows(report, oracle)
    assert len(report.texts("#stepper-lanes tbody tr")) == STEPS


def _option(page: Page, css: str, policy: str) -> str:
    """Return the value of the option that names the policy, perhaps among equal ones."""
    values: list[str] = page.chrome.execute_script(
        "return [...document.querySelector(arguments[0]).options]"
        ".filter((one) => one.text.split(', ').includes(arguments[1])).map((one) => one.value)",
        css,
        policy,
    )
    (value,) = values
    return value


def _assert_shows(page: Page, oracle: Oracle) -> None:
    """Compare what is shown of the state and of each task, all of it asked for at once."""
    of_tasks = (f"#stepper-task-{task} {part}" for task in oracle.tasks for part in ("p", "button"))
    shown = page.texts(", ".join(("#stepper-state", *of_tasks)))
    by_task = [[oracle.status(task), *oracle.enabled(task)] for task in oracle.tasks]
    assert shown == [oracle.shown_state(), *itertools.chain.from_iterable(by_task)]


def test_a_link_that_leads_nowhere_says_so(report: Page) -> None:
    report.open("#run=barrier/latchproof/3/3/1.wait();1.wait()")
    assert "cannot continue after step 1" in report.text("#stepper-said")
    report.open("#run=semaphore/latchproof/3/3/")
    assert "no machine" in report.text("#stepper-said")


def test_the_stepper_by_keyboard_alone(report: Page) -> None:
    report.open("#run=barrier/latchproof/2/2/")
    report.chrome.find_element(By.CSS_SELECTOR, "#stepper-task-1 button").send_keys(Keys.ENTER)
    assert report.text("#stepper-task-1 p") == "waits, number 1 in line"
    focused = report.chrome.execute_script("return document.activeElement.closest('fieldset')?.id")
    assert focused == "stepper-task-1"


@pytest.mark.parametrize(("machine", "argument", "tasks"), [("barrier", 2, 3), ("latch", 2, 2)])
def test_the_state_graph_and_its_shortest_runs(report: Page, machine: str, argument: int, tasks: int) -> None:
    policy = MACHINES[machine].policies[0].name
    report.choose("#graph-machine", machine)
    report.choose("#graph-argument", argument)
    report.choose("#graph-tasks", tasks)
    expected = distances(machine, policy, argument, tasks)
    drawn = len(report.texts("#graph-canvas .node"))
    assert drawn == len(expected) == len(report.texts("#graph-goal option"))
    reached = set()
    for number in range(drawn):
        report.choose("#graph-goal", number)
        oracle = Oracle(machine, policy, argument, tasks)
        link = report.chrome.execute_script("return document.getElementById('graph-link').hash")
        run = report.chrome.execute_script("return decodeURIComponent(arguments[0])", link.split("/")[-1])
        for step in filter(None, run.split(";")):
            task, _, label = step.partition(".")
            assert label in oracle.enabled(int(task))
            oracle.act(int(task), label)
        assert int(report.text("#graph-distance")) == len(report.texts("#graph-path li")) == expected[oracle.orbit()]
        reached.add(oracle.orbit())
    assert reached == set(expected)


def test_a_click_on_a_state_chooses_it(report: Page) -> None:
    report.chrome.execute_script(
        "document.querySelector('#graph-canvas .node[data-id=\"5\"]').dispatchEvent(new MouseEvent('click'))"
    )
    assert report.chrome.execute_script("return document.getElementById('graph-goal').value") == "5"
    assert report.text("#graph-canvas .goal")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_graph_can_be_read_and_the_page_scrolls_over_it(report: Page, width: int) -> None:
    with _window(report.chrome, width):
        report.open("#graph")
        sizes = report.chrome.execute_script(
            "const canvas = document.getElementById('graph-canvas');"
            "const scale = canvas.firstChild.getScreenCTM().a;"
            "return [...canvas.querySelectorAll('text')]"
            ".map((one) => parseFloat(getComputedStyle(one).fontSize) * scale)"
        )
        assert min(sizes) >= 12 - 0.001  # pixels
        goal = report.chrome.execute_script(
            "const [frame, box] = ['', ' .goal'].map((one) => document.querySelector('#graph-canvas' + one))"
            ".map((one) => one.getBoundingClientRect());"
            "return frame.left <= box.left && box.right <= frame.right && frame.top <= box.top"
        )
        assert goal  # the first state is in sight
        inner = "const frame = document.getElementById('graph-canvas'); return frame.scrollHeight - frame.clientHeight"
        assert report.chrome.execute_script(inner) <= 0  # up and down, there is nothing to scroll but the page
        before = report.text("#graph-zoom")
        assert before == "100 %"
        wheel = (
            "return document.getElementById('graph-canvas').dispatchEvent("
            "new WheelEvent('wheel', {deltaY: -100, ctrlKey: arguments[0], bubbles: true, cancelable: true}))"
        )
        assert report.chrome.execute_script(wheel, False) is True  # left to the page, which scrolls
        assert report.text("#graph-zoom") == before
        assert report.chrome.execute_script(wheel, True) is False
        assert int(report.text("#graph-zoom").split()[0]) > 100
        report.click("#graph-out")
        report.click("#graph-fit")
        assert int(report.text("#graph-zoom").split()[0]) <= 100


def test_labels_of_the_graph_are_in_words(report: Page) -> None:
    labels = report.texts("#graph-canvas .node")
    assert any("1 waiting, whole" in text and "1 idle" in text for text in labels)
    assert not any("False" in text for text in labels)


def test_the_viewer_beside_the_judge(run: Page, pages: Path) -> None:
    (trace,) = json.loads((pages / "check.json").read_text(encoding="utf-8"))["traces"]
    events = trace["events"]
    machine = MACHINES[trace["machine"]]
    policy = next(one for one in machine.policies if one.name == trace["policy"])
    judge = Judge(MachineSpecification(machine, policy, trace["argument"]), strict=trace["strict"])
    covered: list[tuple[int, int]] = [
        (int(first), int(last))
        for first, last in run.chrome.execute_script(
            "return [...document.querySelectorAll('#trace-table tbody tr')]"
            ".map((one) => [one.dataset.first, one.dataset.last])"
        )
    ]
    assert [one for first, last in covered for one in range(first, last + 1)] == list(range(1, len(events) + 1))
    read = None
    run.click("#trace-first")
    for number, (first, last) in enumerate(covered, 1):
        assert (
            run.chrome.execute_script("return document.querySelector('#trace-table .chosen').id")
            == f"trace-row-{number}"
        )
        row = events[first - 1 : last]
        # what has no row says nothing new: it is no call's doing, and what is read is in the row
        assert {event["kind"] for event in row[1:]} <= {"rest", "observe", "suspend"}
        for event in row:
            if event["kind"] == "observe" and event["values"] != read:
                read = event["values"]
                told = f"{read['n_waiting']} waiting, {'broken' if read['broken'] else 'whole'}"
                assert told in run.texts(f"#trace-row-{number} td")
        allowed = judge.reachable
        for event in row:
            # where a call is suspended is for a reader: there is nothing to judge
            finding = None if event["kind"] == "suspend" else judge.step(_event(event))
            assert (finding is not None) == (event is events[-1])
            if finding is None:
                allowed = judge.reachable
        expected = {
            ", ".join(f"{name} = {value}" for name, value in zip(machine.state, one.state, strict=True))
            for one in allowed
        }
        assert set(run.text("#trace-states").split(" or ")) == expected
        if len(expected) == 1:
            (here,) = {state_words(machine.name, one.state) for one in allowed}
            assert here in run.text("#trace-allows")
        under_way = {call + 1 for one in allowed for call, _ in one.fates}
        assert {int(text.split()[1].rstrip(":")) for text in run.texts("#trace-calls li")} == under_way
        run.click("#trace-next")
    assert judge.finding is not None
    assert f"The first difference: {judge.finding.seen}" in run.text("#trace-did")
    assert run.text("#trace-seen") == f"{judge.finding.seen}, not allowed here."
    assert f"to {run.text('#trace-allowed')}" == " or ".join(judge.finding.allowed)
    assert f"not allowed. Allowed: {run.text('#trace-allowed')}" in run.text("#trace-table .difference")
    (rule,) = judge.finding.rules
    assert run.text("#trace-rules a") == rule
    run.click("#trace-rules a")
    assert run.chrome.execute_script("return document.querySelector(':target').id") == f"rule-{rule}"


def test_a_check_begins_with_the_counterexample(run: Page) -> None:
    assert run.texts("main h2") == [
        "The counterexample", "What was checked", "The rules of the policy cpython", "The verdict as data",
    ]  # fmt: skip
    assert run.text("#meaning .verdict") == "asyncio:Barrier breaks C5 under the policy cpython."
    assert run.chrome.execute_script("return document.querySelector('#trace-table').getBoundingClientRect().top") < 600
    # the keys of the JSON are in a fold that is closed
    shown = run.chrome.execute_script("return document.body.innerText")
    assert "exit_code" not in shown
    assert "reported_policy" in run.chrome.execute_script(
        "return document.querySelector('#data-of-it pre').textContent"
    )
    assert run.chrome.execute_script("return document.querySelector('#barrier details').open") is False


def _event(event: dict[str, object]) -> Event:
    kind, call = event["kind"], int(str(event.get("call", 1))) - 1
    if kind == "begin":
        assert isinstance(event["arguments"], list)
        return Begin(call, str(event["operation"]), tuple(event["arguments"]))
    if kind == "observe":
        assert isinstance(event["values"], dict)
        return Observe(tuple(event["values"].items()))
    if kind in ("request", "rest"):
        return Request(call) if kind == "request" else Rest()
    assert kind == "end"
    if event["how"] == "raised":
        assert event["error"] == BrokenBarrierError.__name__
        return End(call, "raised", error=BrokenBarrierError())
    return End(call, "cancelled") if event["how"] == "cancelled" else End(call, "returned", event["value"])


def test_the_museum_is_in_the_viewer(report: Page) -> None:
    options = report.texts("#trace option")
    findings = json.loads(MUSEUM.read_text(encoding="utf-8")).values()
    assert [text for text in options if text.startswith("the museum: ")] == [
        f"the museum: {one['title']}" for one in findings
    ]
    for number, one in enumerate(findings, len(options) - len(findings)):
        report.choose("#trace", number)
        assert report.text("#trace-exhibit") == f"{one['title']} ({one['release']})"
        end = f"difference: {' '.join(one['trace']['seen'].split())}"
        if one["trace"]["events"][-1]["kind"] == "host-fault":
            end = "No claim is blamed for a fault of the host's own loop."
        assert " ".join(report.text("#trace-did").split()).endswith(end)
        last = report.chrome.execute_script(
            "return document.querySelector('#trace-table tbody tr:last-child').dataset.last"
        )
        assert int(last) == len(one["trace"]["events"])


@contextmanager
def _window(chrome: webdriver.Chrome, width: int) -> Iterator[None]:
    metrics = {"width": width, "height": 844 if width < 500 else 900, "deviceScaleFactor": 1, "mobile": width < 500}
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    yield
    chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_window(report: Page, width: int) -> None:
    with _window(report.chrome, width):
        report.open()
        widths = report.chrome.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert widths[0] <= widths[1] == width


def test_a_run_fits_a_narrow_window(run: Page) -> None:
    with _window(run.chrome, 390):
        run.open()
        frame, rows = run.chrome.execute_script(
            "const table = document.getElementById('trace-table');"
            "return [table.parentElement.scrollWidth - table.parentElement.clientWidth,"
            " [...table.tBodies[0].rows].map((one) => one.innerText)]"
        )
    assert frame <= 0
    assert "not allowed" in rows[-1]
    assert all(len(row.split("\n")) > 1 for row in rows)


def test_a_table_that_is_too_wide_says_that_it_scrolls(report: Page) -> None:
    shown = "return getComputedStyle(document.querySelector('#ledger .aside')).display"
    with _window(report.chrome, 390):
        report.open("#ledger")
        assert report.chrome.execute_script(shown) == "block"
        report.chrome.execute_script("document.querySelector('#ledger .scroll').scrollLeft = 10000")
        report.chrome.execute_async_script("setTimeout(arguments[0], 50)")
        assert report.chrome.execute_script("return document.querySelector('#ledger .scroll').scrollLeft") > 100
    report.open("#ledger")
    assert report.chrome.execute_script(shown) == "none"


@pytest.mark.parametrize("width", [390, 1280])
def test_the_first_screen_says_what_the_page_is(report: Page, pages: Path, width: int) -> None:
    ledger = _data(pages / "report.html")["ledger"]
    with _window(report.chrome, width):
        report.open()
        assert "claims of its CountdownLatch and Barrier" in report.text("header")
        assert report.text("#meaning .verdict") == f"All {len(CLAIMS)} claims hold, within these bounds."
        for told in ("latchproof 0.", "UTC", "quick", *(cell["kind"] for cell in ledger["claims"][0]["evidence"])):
            assert told in report.text("#ledger-facts")
        top = report.chrome.execute_script("return document.getElementById('bounds').getBoundingClientRect().top")
        assert top < (844 if width < 500 else 900)


def test_cells_have_units_and_nothing_reads_as_a_failure(report: Page, pages: Path) -> None:
    ledger = _data(pages / "report.html")["ledger"]
    cells = [cell for claim in ledger["claims"] for cell in claim["evidence"]]
    shown = [" ".join(text.split()) for text in report.texts("#ledger tbody a")]
    for text, cell in zip(shown, cells, strict=True):
        if cell["status"] == "not_run":
            assert text in ("not run", "not testable from outside")
        else:
            assert text.startswith(f"{cell['status']} {cell['count']:,} {cell['unit'][:4]}")
    assert ledger["exit_code"] == 0
    assert re.findall(r"\b0 of \d", report.chrome.execute_script("return document.body.textContent")) == []


def test_the_ledger_is_one_tab_stop_with_arrow_keys(report: Page) -> None:
    stops = report.chrome.execute_script("return document.querySelectorAll('#ledger a:not([tabindex=\"-1\"])').length")
    assert stops == 1
    first = report.chrome.find_element(By.CSS_SELECTOR, "#ledger tbody a")
    where = "return document.activeElement.getAttribute('href')"
    first.send_keys(Keys.ARROW_RIGHT)
    assert report.chrome.execute_script(where) == "#evidence-C1-explored"
    report.chrome.switch_to.active_element.send_keys(Keys.ARROW_DOWN)
    assert report.chrome.execute_script(where) == "#evidence-C2-explored"
    report.chrome.switch_to.active_element.send_keys(Keys.HOME)
    assert report.chrome.execute_script(where) == "#evidence-C2-proved"
    report.chrome.switch_to.active_element.send_keys(Keys.ENTER)
    report.chrome.execute_async_script("setTimeout(arguments[0], 50)")
    assert report.chrome.execute_script("return document.getElementById('evidence-C2-proved').open") is True


def test_few_presses_of_tab_lead_to_the_stepper(report: Page) -> None:
    report.chrome.execute_script("document.activeElement.blur()")
    for presses in range(1, 31):  # noqa: B007
        report.chrome.switch_to.active_element.send_keys(Keys.TAB)
        if report.chrome.execute_script("return document.activeElement.closest('#stepper') !== null"):
            break
    else:
        pytest.fail("30 presses of Tab do not lead to the stepper")
    ring = report.chrome.execute_script("return getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"


def test_the_contents_list_stays_in_sight(report: Page) -> None:
    report.open("#graph")
    report.chrome.execute_async_script("setTimeout(arguments[0], 300)")
    top, current = report.chrome.execute_script(
        "return [document.querySelector('nav').getBoundingClientRect().top,"
        " document.querySelector('nav [aria-current]')?.getAttribute('href')]"
    )
    assert 0 <= top < 50
    assert current == "#graph"


def test_what_a_screen_reader_needs(report: Page) -> None:
    unnamed = report.chrome.execute_script(
        "return [...document.querySelectorAll('button, select, input, [role=img], a')].filter((one) => "
        "!(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length)).map((one) => one.outerHTML)"
    )
    assert unnamed == []
    misnamed = report.chrome.execute_script(  # what is said must have the words that are seen, for those who speak them
        "return [...document.querySelectorAll('button[aria-label]')].filter((one) => /\\w/.test(one.textContent)"
        " && !one.getAttribute('aria-label').includes(one.textContent.trim())).map((one) => one.outerHTML)"
    )
    assert misnamed == []
    headers = report.chrome.execute_script("return [...document.querySelectorAll('th')].map((one) => one.textContent)")
    assert "" not in headers
    levels = [int(name[1]) for name in report.chrome.execute_script(
        "return [...document.querySelectorAll('h1, h2, h3')].map((one) => one.tagName)"
    )]  # fmt: skip
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    twice = report.chrome.execute_script(
        "const ids = [...document.querySelectorAll('[id]')].map((one) => one.id);"
        "return ids.filter((id, i) => ids.indexOf(id) !== i)"
    )
    assert twice == []
    broken = report.chrome.execute_script(
        "return [...document.querySelectorAll(\"a[href^='#']\")].map((one) => one.getAttribute('href').slice(1))"
        ".filter((id) => !id.startsWith('run=') && !document.getElementById(id))"
    )
    assert broken == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(report: Page, scheme: str) -> None:
    """Each colour of text has a contrast of at least 4.5 to 1 with each ground, as WCAG AA requires."""
    _prefer(report.chrome, scheme)
    report.open()
    colours = report.chrome.execute_script(
        "const style = getComputedStyle(document.documentElement);"
        "const names = ['ground', 'raised', 'mark', 'node', 'wrong', 'ink', 'soft', 'link', 'good', 'bad', 'doubt'];"
        "return Object.fromEntries(names"
        ".map((name) => [name, style.getPropertyValue('--' + name).trim()]))"
    )
    grounds = {"ink": ("ground", "raised", "mark", "node", "wrong"), "bad": ("ground", "raised", "wrong")}
    low = {
        (text, ground): round(_contrast(colours[text], colours[ground]), 2)
        for text in ("ink", "soft", "link", "good", "bad", "doubt")
        for ground in grounds.get(text, ("ground", "raised", "mark"))
        if _contrast(colours[text], colours[ground]) < 4.5
    }
    _prefer(report.chrome, "light")
    assert low == {}


def _prefer(chrome: webdriver.Chrome, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def _contrast(one: str, other: str) -> float:
    def luminance(colour: str) -> float:
        parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_what_is_printed_fits_the_paper(run: Page) -> None:
    with _window(run.chrome, 800):
        run.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        run.open()
        widths = run.chrome.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        run.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert widths[0] <= widths[1]


def test_it_prints(report: Page) -> None:
    printed = report.chrome.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert len(printed) > 50_000


def test_the_pictures(report: Page, chromium: webdriver.Chrome, pages: Path, pytestconfig: pytest.Config) -> None:
    """Write the README's pictures; without --screenshots they are written next to the pages."""
    folder: Path = pytestconfig.getoption("--screenshots") or pages
    folder.mkdir(parents=True, exist_ok=True)
    report.open("#run=barrier/latchproof/3/3/1.wait();2.wait();1.cancel;1.wait();3.wait();2.continue")
    _picture(chromium, "#stepper", folder / "stepper.png")
    report.choose("#graph-argument", 2)
    report.choose("#graph-tasks", 2)
    report.choose("#graph-goal", 7)
    _picture(chromium, "#graph", folder / "graph.png")
    _picture(chromium, "#traces", folder / "trace.png")
    _picture(chromium, "#ledger", folder / "ledger.png")
    assert all((folder / f"{name}.png").stat().st_size < 300_000 for name in ("stepper", "graph", "trace", "ledger"))


def _picture(chrome: webdriver.Chrome, css: str, path: Path) -> None:
    """Take a picture of an element with a margin, of all of it that is not too long for a README."""
    chrome.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
    chrome.execute_script("document.activeElement.blur(); document.querySelector(arguments[0]).scrollIntoView()", css)
    chrome.execute_async_script("setTimeout(arguments[0], 300)")
    x, y, width, height = chrome.execute_script(
        "const box = document.querySelector(arguments[0]).getBoundingClientRect();"
        "return [box.x + scrollX, box.y + scrollY, box.width, box.height]",
        css,
    )
    clip = {"x": x - 16, "y": y, "width": width + 32, "height": min(height, 1150) + 16, "scale": 1}
    shot = chrome.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    chrome.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": False})
    path.write_bytes(base64.b64decode(shot["data"]))
