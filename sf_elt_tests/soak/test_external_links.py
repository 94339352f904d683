"""The addresses on the web that the documentation links to: none is gone."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
import requests

from sf_elt_tests.pages import PAGES, links

GONE = (404, 410)
PLACEHOLDERS = ("localhost", "127.0.0.1", "example", "example.com", "example.org")
THERE = "there"
LIKE_A_BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def external_links() -> list[str]:
    """Each once, without those that are only examples."""
    found = {each for page in PAGES for each in links(page) if each.startswith(("http://", "https://"))}
    hosts = {each: f".{urlsplit(each).hostname}" for each in found}
    return sorted(each for each in found if not hosts[each].endswith(tuple(f".{name}" for name in PLACEHOLDERS)))


def answer_of(address: str, seconds: float = 20) -> str:
    """`there`, or what came in place of the page: `gone`, `no such host`, or why nothing can be said of it."""
    try:
        with requests.get(address, headers=LIKE_A_BROWSER, timeout=seconds, stream=True) as reply:
            if reply.status_code in GONE:
                return "gone"
            return THERE if reply.ok else f"answered {reply.status_code}"
    except requests.RequestException as error:
        return "no such host" if _names_no_host(error) else f"no answer: {type(error).__name__}"


@pytest.mark.soak
def test_no_page_is_gone() -> None:
    """Where one of them can be reached from here, none says that it is gone, and each host has an address."""
    answers = {each: answer_of(each) for each in external_links()}
    print(answers)
    if not {THERE, "gone"} & set(answers.values()):
        pytest.skip(f"none of the {len(answers)} addresses can be reached from here: {answers}")
    assert {each: said for each, said in answers.items() if said in ("gone", "no such host")} == {}


def test_links_are_found_and_examples_left_out() -> None:
    """It is no test of nothing."""
    found = external_links()
    assert "https://oauth2-proxy.github.io/oauth2-proxy/" in found
    assert [each for each in found if "example" in each or "127.0.0.1" in each] == []


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A site that answers as the path says; below /silent it does not."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/silent":
                over.wait()
                return
            status, _, place = self.path.strip("/").partition("/")
            self.send_response(int(status))
            if place:
                self.send_header("Location", f"/{place}")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(("path", "said"), [
    ("200", THERE), ("302/200", THERE), ("404", "gone"), ("410", "gone"), ("301/404", "gone"), ("403", "answered 403"),
    ("503", "answered 503"), ("silent", "no answer: ReadTimeout"),
])  # fmt: skip
def test_what_an_answer_means(site: str, path: str, said: str) -> None:
    """Only the site's own word that there is no such page counts against the link."""
    assert answer_of(f"{site}/{path}", seconds=0.2 if path == "silent" else 20) == said


@pytest.mark.parametrize(("code", "said"), [
    (socket.EAI_NONAME, "no such host"), (socket.EAI_AGAIN, "no answer: ConnectionError"),
])  # fmt: skip
def test_a_host_that_has_no_address(code: int, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server's no is one; its silence is not."""

    def refuse(*_: object, **__: object) -> None:
        raise socket.gaierror(code, "as the name server says")

    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert answer_of("http://gone.invalid/") == said


def _names_no_host(error: BaseException | None) -> bool:
    """Whether a name server's no is what it comes from."""
    while error is not None and not isinstance(error, socket.gaierror):
        error = error.__cause__ or error.__context__
    return error is not None and error.errno == socket.EAI_NONAME
