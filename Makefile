# `make demo` and `make test` do all the set-up themselves; nothing else is needed but Python ≥ 3.11 and Git.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_DIR ?= .trueup-demo
ARGS ?=

# Trueup starts many processes: none of them should compile all its sources anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo setup setup-dev test test-fast fuzz kills rotations lint types imports collected format module-docs lock wheel clean

demo: setup
	@$(BIN)/trueup demo --dir $(DEMO_DIR) $(ARGS)

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Trueup needs Python 3.11 or newer; try: make PYTHON=python3.12 demo")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "installing what requirements.lock pins (once; a minute or two)" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable . >&2
	@$(BIN)/python -m compileall -q controller schemas
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

# A module's tests stay together, for they share servers; the longest begin (`tests/conftest.py`).
test: setup-dev
	@$(MAKE) --no-print-directory --jobs 2 types lint imports collected
	$(BIN)/python -m pytest -n 4 --dist loadscope --no-loadscope-reorder

# pytest rewrites each file of tests: here it is done once, not by each of its processes.
collected: setup-dev
	@$(BIN)/python -m pytest --collect-only -qq > /dev/null

# A million mutilated repositories through load and every format; some hours.
fuzz: setup-dev
	$(BIN)/trueup bench fuzz --cases 1000000 $(ARGS)

# A controller that is killed a thousand times; about an hour.
kills: setup
	$(BIN)/trueup bench kills --kills 1000 $(ARGS)

# A hundred rotations of each kind under a client that never stops, with the controller killed.
rotations: setup-dev
	TRUEUP_TEST_ROTATIONS=100 $(BIN)/python -m pytest -s tests/workflow/test_rotation_under_load.py $(ARGS)

test-fast: setup-dev
	$(BIN)/python -m pytest -m "not slow and not e2e"

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev
	$(BIN)/mypy

imports: setup-dev
	$(BIN)/lint-imports

format: setup-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Write the tables of the modules' READMEs anew from their code.
module-docs: setup-dev
	$(BIN)/python -m tests.support.module_readmes

# Resolve the dependencies anew: `make lock`, then look at the diff.
lock: setup-dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --group build --group dev -o requirements-dev.lock

wheel: setup
	$(BIN)/python -m pip wheel --quiet --no-build-isolation --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
