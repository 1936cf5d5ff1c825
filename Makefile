# Everything here sets up .venv by itself: `make quickstart` and `make test` work on a fresh machine.
# A machine-wide pip configuration decides where packages come from; nothing here names a place.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv quickstart test check bench docs pictures web-assets web-wheel clean

BIN := .venv/bin
# The working environment is rebuilt only when what it is made of has changed.
STAMP := .venv/.installed
PEERS := .venv/.peers-installed
TESTS ?= tests

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

venv: $(STAMP) ## set up .venv with everything but the GPU

$(STAMP): pyproject.toml constraints.txt
	@python="$$(tools/find-python)"; \
	if ! $(BIN)/python -c 'import pip' 2>/dev/null; then \
	  echo "make: .venv with $$("$$python" --version) ($$python)"; "$$python" -m venv --clear .venv; fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

$(PEERS): $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[peers]'
	@touch $@

quickstart: $(STAMP) ## go the whole way once, on pictures that fv draws itself
	@$(BIN)/fv quickstart

test: $(STAMP) ## run every test (TESTS=tests/core for some)
	@$(BIN)/pytest -n 2 --dist loadgroup --durations=15 $(TESTS)

check: $(STAMP) ## style, types, layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: $(STAMP) $(PEERS) ## measure against the peers, ratios in one run
	@for script in perf/bench_*.py; do [ -e "$$script" ] || { echo "perf/ has no bench_*.py yet" >&2; exit 1; }; \
	  echo "== $$script"; $(BIN)/python "$$script"; done

docs: $(STAMP) ## write the generated parts of README.md and docs/reference again
	@$(BIN)/python docs/generate.py

pictures: $(STAMP) ## write docs/images/*.svg from commands run here
	@$(BIN)/python docs/pictures.py

web-assets: $(STAMP) ## build the pages for the browser (needs Node and npm), for `fv demo` and `--on browser`
	@cd web && npm ci --ignore-scripts --no-audit --no-fund && node build.mjs
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e web

web-wheel: web-assets ## pack them into the wheel fv-web, under dist/
	@$(BIN)/python -m build --wheel --outdir dist web

clean: ## remove .venv, caches and build outputs; runs and image sets stay
	@rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
