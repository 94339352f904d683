"""Takes the pictures that the documentation shows: `sf-elt dev` in one terminal, this in another.

    python docs/take_pictures.py --port 3000        # all of them
    python docs/take_pictures.py demo-org-consent   # one; that of the demo org's consent page needs no `sf-elt dev`

Needs the dev extra (playwright) and Chromium.
"""

import argparse
import shutil
from pathlib import Path
from urllib.parse import quote, urlencode

from playwright.sync_api import Browser, Page, expect, sync_playwright

from sf_elt.demo_org.serve import running_org

IMAGES = Path(__file__).parent / "images"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
TOP, MARGIN = 120, 16  # pixels: below the page's own bars, and around the graph
GROUPS = ("streams", "profiles", "insight", "writeback")


def asset_graph(browser: Browser, port: int) -> None:
    """Every asset with what it depends on: all groups opened, nothing else in the picture."""
    page = browser.new_page(base_url=f"http://127.0.0.1:{port}", viewport={"width": 2000, "height": 1500})
    opened = ",".join(f"global@global:{group}" for group in GROUPS)
    page.goto(f"/asset-groups?expanded={quote(opened)}")
    page.get_by_text("Hide navigation").click()
    page.get_by_text("salesforce_leads").filter(visible=True).first.wait_for()
    page.wait_for_load_state("networkidle")
    _, top, _, _ = _extent(page)
    page.mouse.move(1500, 200)  # an empty spot
    page.mouse.down()
    page.mouse.move(1500, 200 + TOP - top, steps=5)
    page.mouse.up()
    expect(page.get_by_text("Loading...").filter(visible=True)).to_have_count(0)
    left, top, right, bottom = _extent(page)
    page.screenshot(
        path=IMAGES / "asset-graph.png", clip={"x": left, "y": top, "width": right - left, "height": bottom - top}
    )


def demo_org_consent(browser: Browser, port: int) -> None:
    """What a user of the demo org is asked on behalf of an app; of an org of its own, on any port."""
    page = browser.new_page(viewport={"width": 560, "height": 640})
    with running_org(records=60) as org:
        asked = {"response_type": "code", "client_id": org.client_id, "login_hint": org.username}
        asked |= {"redirect_uri": "http://localhost:1717/callback", "scope": "api refresh_token"}
        page.goto(f"{org.instance_url}/services/oauth2/authorize?{urlencode(asked)}")
        page.get_by_label("Password").fill(org.password)
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("heading", name="Allow access?").wait_for()
        page.screenshot(path=IMAGES / "demo-org-consent.png")


PICTURES = {"asset-graph": asset_graph, "demo-org-consent": demo_org_consent}


def _extent(page: Page) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of everything that the graph shows, in pixels, with a margin."""
    boxes = [box for node in page.locator("foreignObject").all() if (box := node.bounding_box()) is not None]
    return (
        min(box["x"] for box in boxes) - MARGIN,
        min(box["y"] for box in boxes) - MARGIN,
        max(box["x"] + box["width"] for box in boxes) + MARGIN,
        max(box["y"] + box["height"] for box in boxes) + MARGIN,
    )


def main() -> None:
    """Takes pictures of a running `sf-elt dev`, and of the demo org."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help=f"{', '.join(PICTURES)}; all by default")
    parser.add_argument("--port", type=int, default=3000)
    told = parser.parse_args()
    if unknown := set(told.pictures) - PICTURES.keys():
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        for name in told.pictures or PICTURES:
            PICTURES[name](browser, told.port)
        browser.close()


if __name__ == "__main__":
    main()
