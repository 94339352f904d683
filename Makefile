# make demo   the whole loop once, against a local demo org
# make test   everything CI runs
# make soak   the long proofs: killed and faulty imports and exports, random histories (SOAK_SEED, SOAK_KILLS)
# make bench  how fast imports, profiles and scores are, and how dear, into docs/speed.md (BENCH="--list" names the parts)
# make bench-peers  installs the other tools that it compares with, each into an environment of its own
# make audit  known holes of the pinned packages, and bandit's findings in the code
# make check  what is wrong in the YAML under sf_elt/defs
# make dev    the demo org, Dagster's web UI and its daemon, on loopback

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
TESTS  ?= sf_elt_tests
BENCH  ?=

.PHONY: demo dev check test checks lint types layers collected unit soak bench bench-peers audit audit-code audit-packages \
        constraints clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.runtime
	$(BIN)/sf-elt demo

dev: $(VENV)/.runtime
	$(BIN)/sf-elt dev

check: $(VENV)/.dev
	$(BIN)/dg check defs --check-yaml

test: $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs=4 --output-sync=target checks
	@$(MAKE) --no-print-directory unit

# Side by side: mypy, which takes longest, uses one core.
checks: lint types layers collected

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports

# Every test file compiled once, while mypy works: the four workers would each do it for themselves.
collected: export PYTHONDONTWRITEBYTECODE =
collected: $(VENV)/.dev
	@$(BIN)/pytest --collect-only -qq $(TESTS) >/dev/null || $(BIN)/pytest --collect-only -q $(TESTS)

# Four workers on two cores: many tests wait for a server or another process. A file stays on one worker, with its
# fixtures; the order is that of sf_elt_tests/conftest.py. The hundreds of processes that tests start compile nothing
# twice, also where the shell forbids bytecode.
unit: export PYTHONDONTWRITEBYTECODE =
unit: $(VENV)/.dev
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder $(TESTS)

soak: $(VENV)/.dev
	$(BIN)/pytest -m soak -x -s sf_elt_tests
	SF_ELT_EXAMPLES=5 $(BIN)/pytest -m 'hypothesis and not soak' -x sf_elt_tests

# Informative: CI prints it and goes on.
audit: $(VENV)/.dev
	@$(MAKE) --no-print-directory --jobs=2 --keep-going --output-sync=target audit-code audit-packages

audit-code: $(VENV)/.dev
	@if [ -x $(BIN)/bandit ]; then $(BIN)/bandit --quiet --recursive --configfile bandit.yaml sf_elt && echo "bandit: nothing found"; \
	else echo "bandit: not installed"; fi

audit-packages: $(VENV)/.dev
	@.ci/audit-packages

bench: $(VENV)/.runtime
	$(BIN)/python -m benchmarks $(BENCH)

bench-peers: $(patsubst benchmarks/peers/%.txt,.venv-peers/%/.installed,$(wildcard benchmarks/peers/*.txt))

.venv-peers/%/.installed: benchmarks/peers/%.txt
	$(PYTHON) -m venv .venv-peers/$*
	@echo "Installing $* into .venv-peers/$* …"
	.venv-peers/$*/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Python compiles what it imports when it does: compiling all of 150 packages takes a third of the installation.
define install
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("sf_elt needs Python 3.11 or newer: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (about a minute the first time) …"
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --constraint constraints.txt --editable '$(1)'
endef

$(VENV)/.runtime: pyproject.toml constraints.txt
	$(call install,.)
	@touch $@

# Brings what .runtime brings: one installation where neither is there.
$(VENV)/.dev: pyproject.toml constraints.txt
	$(call install,.[dev])
	@touch $(VENV)/.runtime $@

# Writes the versions that are installed now; names no address.
constraints: $(VENV)/.dev
	$(BIN)/python -m pip freeze --exclude-editable --exclude pip --exclude setuptools > constraints.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
