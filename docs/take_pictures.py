"""Takes the pictures that the documentation shows: `sf-elt dev` in one terminal, this in another.

    python docs/take_pictures.py --port 3000        # all of them
    python docs/take_pictures.py demo-org-consent   # one; this and the report need no `sf-elt dev`
    python docs/take_pictures.py report             # of what the last `sf-elt demo` made, with a made-up history

Needs the dev extra (playwright, and pillow, which matplotlib brings) and Chromium.
"""

import argparse
import re
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlencode

import yaml
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sf_elt.demo_org.serve import running_org
from sf_elt.insight import Audience, refresh_audiences, score_behaviour
from sf_elt.report import read_report, render
from sf_elt.warehouse import Warehouse

IMAGES = Path(__file__).parent / "images"
AUDIENCES = Path(__file__).parents[1] / "sf_elt" / "defs" / "audiences" / "defs.yaml"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
MARGIN = 16  # pixels around the graph
GROUPS = ("streams", "profiles", "insight", "writeback")
HISTORY = 45  # days
RUN_AT = re.compile(r"^\w{3} \d+, \d+:\d+ [AP]M$")  # of an event in the list
SETTLES = 2000  # milliseconds in which a page has drawn what it has loaded


def asset_graph(browser: Browser, port: int, _demo: Path) -> None:
    """Every asset with what it depends on: all groups opened, nothing else in the picture."""
    page = browser.new_page(base_url=f"http://127.0.0.1:{port}", viewport={"width": 2600, "height": 2000})
    opened = ",".join(f"global@global:{group}" for group in GROUPS)
    page.goto(f"/asset-groups?expanded={quote(opened)}")
    page.get_by_text("Hide navigation").click()
    page.get_by_text("salesforce_leads").filter(visible=True).first.wait_for()
    page.wait_for_load_state("networkidle")
    left, top, right, bottom = _settled(page)
    expect(page.get_by_text("Loading...").filter(visible=True)).to_have_count(0, timeout=60_000)
    _take(page, "asset-graph", left, top, right - left, bottom - top)


def launchpad(browser: Browser, port: int, _demo: Path) -> None:
    """What a run of an import may be told, as the Launchpad offers it, beside what each option means."""
    page = browser.new_page(base_url=f"http://127.0.0.1:{port}", viewport={"width": 1500, "height": 1000})
    page.goto("/assets/streams/salesforce_leads")
    page.get_by_role("button", name="Materialize").first.locator("xpath=following::button[1]").click()
    page.get_by_text("Open launchpad").click()
    page.get_by_text("All defaults expanded").wait_for()
    page.locator(".CodeMirror-line, .cm-line").filter(has_text="dry_run").first.click()
    page.get_by_text("Read only these fields").wait_for()
    page.wait_for_timeout(SETTLES)
    _take(page, "launchpad", 180, 40, 1140, 900)


def export_metadata(browser: Browser, port: int, _demo: Path) -> None:
    """What a run of an export says of itself: planned, sent, unchanged, and what it cost."""
    page = browser.new_page(base_url=f"http://127.0.0.1:{port}", viewport={"width": 1500, "height": 1100})
    page.goto("/assets/writeback/leads?view=events")
    page.get_by_text("records_by_outcome").wait_for()
    page.get_by_text(RUN_AT).all()[-2].click()  # the first run, which had most to send; the last is the page's title
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLES)
    _take(page, "export-metadata", 240, 0, 1260, 1100)


def stream_page(browser: Browser, port: int, _demo: Path) -> None:
    """A stream: when it was read last, and its columns with what the org calls them."""
    page = browser.new_page(base_url=f"http://127.0.0.1:{port}", viewport={"width": 1500, "height": 1000})
    page.goto("/assets/streams/salesforce_leads")
    page.get_by_text("LeadSource").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLES)
    _take(page, "stream", 240, 0, 1260, 800)


def demo_org_consent(browser: Browser, _port: int, _demo: Path) -> None:
    """What a user of the demo org is asked on behalf of an app; of an org of its own, on any port."""
    page = browser.new_page(viewport={"width": 560, "height": 640})
    with running_org(records=60) as org:
        asked = {"response_type": "code", "client_id": org.client_id, "login_hint": org.username}
        asked |= {"redirect_uri": "http://localhost:1717/callback", "scope": "api refresh_token"}
        page.goto(f"{org.instance_url}/services/oauth2/authorize?{urlencode(asked)}")
        page.get_by_label("Password").fill(org.password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Allow access?").wait_for()
        _take(page, "demo-org-consent", 0, 0, 560, 640)


def report(browser: Browser, _port: int, demo: Path) -> None:
    """The report's beginning in light and its audiences in dark, of the demo's people as they would have been."""
    with TemporaryDirectory() as folder:
        warehouse, now = Warehouse(Path(folder)), datetime.now(UTC)
        shutil.copy(demo / "warehouse" / "warehouse.duckdb", warehouse.file)
        _make_history(warehouse, now)
        html = render(read_report(warehouse, now))
    light = browser.new_page(viewport={"width": 1100, "height": 1200}, color_scheme="light")
    light.set_content(html)
    attention = light.locator(".attention").bounding_box() or {}
    _take(light, "report", 0, 0, 1100, attention["y"] + attention["height"] + 45)
    dark = browser.new_page(viewport={"width": 1100, "height": 1200}, color_scheme="dark")
    dark.set_content(html)
    dark.locator("table.stacking").first.evaluate(
        "table => [...table.tBodies[0].rows].slice(4).forEach(row => row.remove())"
    )
    title = dark.locator("#audiences").bounding_box() or {}
    _take(dark, "report-audiences", 0, title["y"] - 36, 1100, 1010)


PICTURES = {
    "asset-graph": asset_graph,
    "launchpad": launchpad,
    "export-metadata": export_metadata,
    "stream": stream_page,
    "demo-org-consent": demo_org_consent,
    "report": report,
}


def _make_history(warehouse: Warehouse, now: datetime) -> None:
    """The audiences evaluated day by day, by what had happened until then; and one stream that is late."""
    with warehouse.write() as connection:
        connection.execute("DELETE FROM insight.audience_members")
        connection.execute("DELETE FROM insight.audiences")
        connection.execute(
            "UPDATE profiles.profiles SET created_at = least(created_at, web_first_seen, "
            "salesforce_lead_created_date, salesforce_contact_created_date)"
        )
        connection.execute(
            "UPDATE ops.windows SET completed_at = completed_at - INTERVAL 4 DAYS "
            "WHERE stream = 'salesforce_subscriptions'"
        )
    audiences = [Audience(**each) for each in yaml.safe_load(AUDIENCES.read_text("utf-8"))["attributes"]["audiences"]]
    for days_ago in reversed(range(HISTORY)):
        then = now - timedelta(days=days_ago)
        score_behaviour(warehouse, now=then, run_id="pictures")
        refresh_audiences(warehouse, audiences, now=then, run_id="pictures")


def _take(page: Page, name: str, x: float, y: float, width: float, height: float) -> None:
    """The part of the page, in as few colours as it needs."""
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file, clip={"x": x, "y": y, "width": width, "height": height}, full_page=True)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(128).save(file, optimize=True)


def _settled(page: Page) -> tuple[float, float, float, float]:
    """The extent of the graph, once it is the same for a second: it is laid out anew while assets are loaded."""
    before, extent = None, _extent(page)
    while extent != before:
        page.wait_for_timeout(1000)
        before, extent = extent, _extent(page)
    return extent


def _extent(page: Page) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of everything that the graph shows, in pixels, with a margin."""
    found = page.evaluate(
        "[...document.querySelectorAll('foreignObject')].map(each => each.getBoundingClientRect())"
        ".map(box => [box.left, box.top, box.right, box.bottom])"
    )
    left, top, right, bottom = zip(*found, strict=True)
    return min(left) - MARGIN, min(top) - MARGIN, max(right) + MARGIN, max(bottom) + MARGIN


def main() -> None:
    """Takes pictures of a running `sf-elt dev`, and of the demo org."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help=f"{', '.join(PICTURES)}; all by default")
    parser.add_argument("--port", type=int, default=3000)
    parser.add_argument("--demo", type=Path, default=Path("data/demo"), help="folder of the last `sf-elt demo`")
    told = parser.parse_args()
    if unknown := set(told.pictures) - PICTURES.keys():
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        for name in told.pictures or PICTURES:
            PICTURES[name](browser, told.port, told.demo)
        browser.close()


if __name__ == "__main__":
    main()
