# Each target sets up what it needs; nothing but python3 (3.11 or later, with venv) and make is assumed.
PYTHON ?= python3
PORT ?= 8000
JOBS ?= auto
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Packages are installed without compiled files, and each is compiled once, when it is first used: where the
# environment says not to keep them, every process that starts would compile all that it imports again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help serve test build check draw validate bench abuse lock
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

serve: .venv/reader ## read the reference at http://127.0.0.1:8000 (PORT= to change)
	@$(BIN)/sysdesign serve --port $(PORT)

test: .venv/author ## lint, types and all tests over the cores; browser tests where Chromium is installed
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check .
	@$(BIN)/lint-imports >.venv/imports.log || { cat .venv/imports.log; exit 1; }
	@$(BIN)/mypy --no-error-summary >.venv/types.log & types=$$!; \
	$(BIN)/pytest -n $(JOBS) --dist worksteal; tested=$$?; \
	wait $$types || { cat .venv/types.log; exit 1; }; exit $$tested

build: .venv/reader ## write the static site into site/
	@$(BIN)/sysdesign build

check: .venv/author ## every rule over every document, with the scoreboard
	@$(BIN)/sysdesign check

draw: .venv/author ## draw the figures whose sources changed
	@$(BIN)/sysdesign draw

validate: .venv/author ## published numbers and published decisions, as tables
	@$(BIN)/python -m tests.validation

bench: .venv/bench ## figures, targets and ratios to peers, all measured in this run
	@$(BIN)/python -m benchmarks

abuse: .venv/author ## hostile inputs of every kind: how many were tried, how many survived
	@$(BIN)/python -m abuse

COMPILE = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11
lock: ## renew the pinned versions
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@echo uv | $(COMPILE) - -o requirements-uv.lock
	@$(COMPILE) --extra setup pyproject.toml -o requirements.lock
	@$(COMPILE) --extra setup --extra draw --extra export --extra facts --extra mcp --extra sweep --extra tables --extra test -c requirements.lock pyproject.toml -o requirements-author.lock
	@$(COMPILE) --all-extras -c requirements-author.lock pyproject.toml -o requirements-bench.lock

# One clear line for each thing that a fresh machine may lack.
define set-up
@command -v $(PYTHON) >/dev/null || { echo "sysdesign needs Python 3.11 or later, and there is no '$(PYTHON)' here. Install it, or name one: make PYTHON=python3.12" >&2; exit 1; }
@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "sysdesign needs Python 3.11 or later, and $(PYTHON) is $$($(PYTHON) -V 2>&1). Name a newer one: make PYTHON=python3.12" >&2; exit 1; }
@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) lacks the venv module. Install it (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
@test -x $(BIN)/python || { echo "Making the environment in .venv" >&2; $(PYTHON) -m venv .venv; } || { rm -rf .venv; exit 1; }
@echo "Installing packages from $(1)" >&2
@./install.sh $(1)
@touch $@
endef

.venv/reader: requirements.lock pyproject.toml
	$(call set-up,requirements.lock)

.venv/author: requirements-author.lock pyproject.toml
	$(call set-up,requirements-author.lock)
	@touch .venv/reader

.venv/bench: requirements-bench.lock pyproject.toml
	$(call set-up,requirements-bench.lock)
	@touch .venv/reader .venv/author
