"""Every `sf-elt` line of the documentation is one that the commands accept."""

import pytest
import typer

from sf_elt_tests.cli.lines import UsageError, accept, lines_of
from sf_elt_tests.pages import Block, blocks

SHELL = [each for language in ("sh", "console", "bash", "shell") for each in blocks(language)]


@pytest.mark.parametrize("block", [block for block in SHELL if any(lines_of(block.text))], ids=str)
def test_the_commands_of_a_page_are_accepted(block: Block) -> None:
    """There is such a command, with such options and values."""
    refused = []
    for line in lines_of(block.text):
        try:
            accept(line)
        except typer.Exit:  # --help, --version
            continue
        except UsageError as error:
            refused.append(f"{line}: {error}")
    assert refused == []


@pytest.mark.parametrize(
    "line",
    ["sf-elt chek", "sf-elt check --jsn", "sf-elt export send", "sf-elt demo-org --port many", "sf-elt check a b"],
)
def test_a_wrong_line_is_found(line: str) -> None:
    """No such command or option, an argument that is missing or one too many, a value that cannot be."""
    with pytest.raises(UsageError):
        accept(line)


def test_calls_are_found_wherever_they_begin() -> None:
    """Behind a prompt, a variable, another command; over two lines; not in what another program is told."""
    text = (
        "$ .venv/bin/sf-elt check\nA=1 sf-elt sf \\\n  objects | sf-elt exists -\ncd x && sf-elt report\n"
        "echo sf-elt nothing\n"
    )
    assert list(lines_of(text)) == ["sf-elt check", "sf-elt sf    objects", "sf-elt exists -", "sf-elt report"]
