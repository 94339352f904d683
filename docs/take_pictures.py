"""Takes the pictures of the UI that the documentation shows: `sf-elt dev` in one terminal, this in another.

    python docs/take_pictures.py --port 3000

Needs the dev extra (playwright) and Chromium.
"""

import argparse
import shutil
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Page, expect, sync_playwright

IMAGES = Path(__file__).parent / "images"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
TOP, MARGIN = 120, 16  # pixels: below the page's own bars, and around the graph
GROUPS = ("streams", "profiles", "insight", "writeback")


def asset_graph(page: Page) -> None:
    """Every asset with what it depends on: all groups opened, nothing else in the picture."""
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
    """Takes all pictures of a running `sf-elt dev`."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=3000)
    port = parser.parse_args().port
    IMAGES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        page = browser.new_page(base_url=f"http://127.0.0.1:{port}", viewport={"width": 2000, "height": 1500})
        asset_graph(page)
        browser.close()


if __name__ == "__main__":
    main()
