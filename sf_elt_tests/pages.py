"""The pages of the documentation and the fenced blocks in them, for the tests that hold them to what there is."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"""\]\(([^)\s]+)\)|<img\s[^>]*?src="([^"]+)"|^\[[^\]]+\]:\s*(\S+)""", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page. `line` is that of its fence, counted from 1."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def is_test_file(self) -> bool:
        """Whether it is for pytest to run."""
        return self.language == "python" and "\ndef test_" in self.text

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(language: str) -> list[Block]:
    """The blocks in that language, page by page."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        found += [
            Block(
                page, text.count("\n", 0, match.start()) + 1, match[2], re.sub(f"^{match[1]}", "", match[3], flags=re.M)
            )
            for match in FENCE.finditer(text)
            if match[2] == language
        ]
    return found


def links(page: Path) -> list[str]:
    """Where the page's links and pictures lead, but for what its blocks show."""
    return ["".join(targets) for targets in _LINK.findall(FENCE.sub("", page.read_text("utf-8")))]


def commands_of(block: Block) -> str:
    """What somebody types, for a shell: of a terminal's picture the lines behind a prompt, `$` or root's `#`."""
    if block.language != "console":
        return block.text
    typed, goes_on = [], False
    for line in block.text.splitlines():
        if goes_on or line.startswith(("$ ", "# ")):
            typed.append(line if goes_on else line[2:])
            goes_on = line.endswith("\\")
    return "\n".join(typed) + "\n"


NOT_RUN = {
    "docker compose": "there is no Docker; it was typed on podman, as docs/production.md says",
    "duckdb -readonly": "DuckDB's own shell comes from its maker alone: that of PyPI is older than the files",
}
"""How a line begins that no test types, and why."""
