"""The authorize page in a real browser."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sf_elt.demo_org.serve import Details, running_org
from sf_elt_tests.demo_org.oauth_client import CHALLENGE, ask_token, code_grant, data_status

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture
def org() -> Iterator[Details]:
    with running_org(records=0) as details:
        yield details


@pytest.mark.soak
@pytest.mark.browser
def test_a_user_logs_in_and_allows_by_keyboard(org: Details, tmp_path: Path) -> None:
    """In the browser: a wrong password is told, the right one leads to consent, Allow to the app with a code.

    Every field has a label, the focus is where one types, and nothing is blocked by the page's own policy.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import expect, sync_playwright

    # Served by the org itself: an address that any browser may be sent to.
    callback = f"{org.instance_url}/services/oauth2/success"
    asked = {"response_type": "code", "client_id": org.client_id, "redirect_uri": callback, "state": "a&b"}
    asked |= {"code_challenge": CHALLENGE, "login_hint": org.username}
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        try:
            page = browser.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.goto(f"{org.instance_url}/services/oauth2/authorize?{urlencode(asked)}")
            expect(page.get_by_label("Username")).to_have_value(org.username)
            expect(page.get_by_label("Password")).to_be_focused()
            page.keyboard.type("wrong")
            page.keyboard.press("Enter")
            expect(page.get_by_role("alert")).to_contain_text("Please check your username and password.")
            page.get_by_label("Password").fill(org.password)
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="Allow access?")).to_be_visible()
            expect(page.get_by_role("listitem").filter(has_text="Manage user data via APIs (api)")).to_be_visible()
            page.get_by_role("button", name="Allow").click()
            expect(page.get_by_role("heading", name="Authorization successful")).to_be_visible()
            answer = parse_qs(urlsplit(page.url).query)
        finally:
            browser.close()
    assert answer["state"] == ["a&b"]
    reply = ask_token(org, **code_grant(org, answer["code"][0], redirect_uri=callback))
    assert data_status(org, reply.json()["access_token"]) == 404
    assert complaints == []
