# `make demo` and `make test` work as the first command ever typed in a clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := app tests migrations

.PHONY: demo demo-reset test test-portal drill bench check format lock openapi clean

demo: $(VENV)/.ready
	@$(BIN)/reslot demo

demo-reset: $(VENV)/.ready
	@$(BIN)/reslot demo --reset

test: $(VENV)/.ready
	$(BIN)/python -m pytest -n 2 -m "not browser and not drill" --cov --cov-report=term
	$(BIN)/python -m coverage report --include='app/domain/*' --fail-under=100
	$(BIN)/python -m coverage report --fail-under=95 --format=total

# In Debian's Chromium; skipped with a word where there is none, but not in CI.
test-portal: $(VENV)/.ready
	$(BIN)/python -m pytest -n 2 -m browser

# Breaks things under load and checks what is left; the short ones are part of `make test` too. Two at
# a time: much of a drill is waiting for something to be over.
drill: $(VENV)/.ready
	$(BIN)/python -m pytest --no-cov -n 2 --maxschedchunk=1 -m "not brief" tests/drills

# What the service does against floors measured beside it: docs/performance.md.
bench: $(VENV)/.ready
	$(BIN)/python -m tests.bench

check: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/reslot openapi | diff - openapi/openapi.json
	$(BIN)/python -m pytest -q --no-cov tests/database/test_migrations.py

format: $(VENV)/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

openapi: $(VENV)/.ready
	$(BIN)/reslot openapi > openapi/openapi.json

# Versions and hashes only: whoever installs decides which index they come from.
lock: $(VENV)/.ready
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --extra dev pyproject.toml --output-file requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate pyproject.toml --output-file requirements/production.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --extra tracing pyproject.toml --output-file requirements/tracing.txt

clean:
	rm -rf $(VENV) .data .pytest_cache .mypy_cache .ruff_cache .hypothesis

# The lock file is complete. With --no-deps pip takes it as it stands; an older one goes looking for
# the newest release of a requirement with extras (`coverage[toml]`), and finds no hash for it.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
