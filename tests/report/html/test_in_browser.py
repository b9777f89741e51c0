"""The pages in headless Chromium, at the width of a phone: nothing wider than the screen, nothing in the console."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from eznas.report.html.report import write_comparison, write_report

WIDTH = 390
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--enable-logging=stderr",
    "--force-device-scale-factor=1",
    f"--window-size={WIDTH},800",
    "--dump-dom",
)
# Only here: the page itself has no script and allows none. An iframe has the width that it is given, however wide the
# least window of the browser is.
MEASURE = """<!doctype html><meta charset="utf-8"><body style="margin:0">
<iframe id="page" style="width:{width}px;height:800px;border:0"></iframe>
<script>
const frame = document.getElementById("page");
frame.onload = () => {{
  const shown = frame.contentDocument;
  const wide = [...shown.querySelectorAll("body *")].filter((one) =>
    one.getBoundingClientRect().right > {width} + 0.5 && !one.closest(".wide, .formula, .tree"));
  const high = shown.querySelector("svg") ? shown.querySelector("svg").getBoundingClientRect().height : 1;
  document.body.dataset.measured = [shown.documentElement.scrollWidth, shown.documentElement.clientWidth, high > 0,
    wide.map((one) => one.tagName + "." + one.className).join(" ")].join(";");
}};
frame.srcdoc = {page};
</script>
"""


@pytest.fixture(scope="session")
def browser():
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"None of {', '.join(BROWSERS)} is installed; on Debian: apt-get install chromium.")
    return found


@pytest.fixture(params=["run", "discovery", "comparison"])
def page(request, run_folder, discovery_folder, tmp_path):
    if request.param == "comparison":
        return write_comparison([run_folder, discovery_folder], tmp_path / "comparison.html")
    return write_report(run_folder if request.param == "run" else discovery_folder, tmp_path / "report.html")


def opened(browser, path, tmp_path):
    """The document after loading, and the lines of the console."""
    command = [browser, *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_the_browser_has_nothing_to_complain_of(browser, page, tmp_path):
    document, console = opened(browser, page, tmp_path)
    assert console == []
    assert document.count("<section") == page.read_text().count("<section")


def test_nothing_is_wider_than_a_phone_but_what_scrolls_by_itself(browser, page, tmp_path):
    content = page.read_text()
    quoted = "`" + re.sub(r"([`\\$])", r"\\\1", content).replace("</script", "<\\/script") + "`"
    frame = tmp_path / "frame.html"
    frame.write_text(MEASURE.format(width=WIDTH, page=quoted))
    document, console = opened(browser, frame, tmp_path)
    assert console == []
    width, room, drawn, wide = re.search(r'data-measured="([^"]*)"', document)[1].split(";")
    assert (int(width), int(room), drawn, wide) == (WIDTH, WIDTH, "true", "")
