# `make demo` and `make test` work as the first command ever typed in a clone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Such as `3.11 True`; empty where PYTHON cannot be started.
FOUND := $(shell '$(PYTHON)' -c 'import sys; v = sys.version_info; \
	print("%d.%d" % v[:2], v >= (3, 11))' 2>/dev/null)
VERSION := $(word 1,$(FOUND))
TOO_OLD = Reslot needs Python 3.11 or later, and $(PYTHON) is $(or $(VERSION),not there). \
	Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)
# Present in an environment that this version of Python made.
MADE := $(VENV)/.python-$(or $(VERSION),none)

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate
AS_TESTED = --constraint requirements/dev.txt
# Each build would print the theme's notice about MkDocs 2; the locked version is 1.
MKDOCS = NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# Collecting the cases of Schemathesis takes seconds, and all of them are brief or a drill.
FAST := -m "not browser and not drill and not brief and not slow" --ignore=tests/drills/test_schemathesis.py

# The texts that people read; installing the project compiles them (setup.py).
TEXTS := $(wildcard app/texts/locale/*/LC_MESSAGES/reslot.po)

# pip is slower, and finds the package index where only pip's own configuration names it.
define install
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r $(1) 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r $(1)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
		--reinstall-package reslot -e .
	@touch $@
endef

# An empty value counts as none: compiled modules are kept, or each of many processes compiles its own.
export PYTHONDONTWRITEBYTECODE :=

# Each also works by itself: `make types`. `make check` runs two at a time, the longest first.
CHECKS := types migrations-match docs description lint imports
# Since GNU Make 4: what one of them prints stays together.
SORTED_OUTPUT := $(if $(filter output-sync,$(.FEATURES)),--output-sync)

.PHONY: demo demo-reset test test-slow test-portal gallery drill bench check $(CHECKS) format hooks lock openapi migration sbom clean

demo: $(VENV)/.demo
	@$(BIN)/reslot demo

demo-reset: $(VENV)/.demo
	@$(BIN)/reslot demo --reset

# All fast tests. `make test ARGS="tests/api/test_cancel.py -k late"` runs a part of the tests,
# `make test WORKERS=4` runs more processes, `make test SHUFFLE=7` runs in the random order number 7.
test: $(VENV)/.ready
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	$(BIN)/python -m pytest -n $(or $(WORKERS),auto) --dist worksteal $(if $(SHUFFLE),--shuffle $(SHUFFLE)) \
		$(FAST)
endif

# The slow tests, and the property tests with all examples; then the bounds of coverage, with the first
# example of each test: what these cover, the suite covers.
test-slow: $(VENV)/.ready
	$(BIN)/python -m pytest -n 2 --dist worksteal --hypothesis-profile thorough \
		-m "(slow or brief or hypothesis) and not browser and not drill"
	$(BIN)/python -m pytest -n 2 --dist worksteal --first-examples $(FAST) --cov --cov-report=term
	$(BIN)/python -m coverage report --include='app/domain/*' --fail-under=100
	$(BIN)/python -m coverage report --fail-under=95 --format=total

# In Debian's Chromium; skipped with a word where there is none, but not in CI.
test-portal: $(VENV)/.ready
	$(BIN)/python -m pytest -n 2 -m browser

# Pictures of every view of the portal, for people to look at: .data/gallery.
gallery: $(VENV)/.ready
	$(BIN)/python -m pytest -q --no-cov -n 2 tests/portal/gallery.py
	@echo 'Written to .data/gallery: open .data/gallery/index.html.'

# Breaks things under load and checks what is left; the short ones are part of `make test-slow`. Two
# at a time: much of a drill is waiting for something to be over.
drill: $(VENV)/.ready
	$(BIN)/python -m pytest --no-cov -n 2 --maxschedchunk=1 -m "not brief" tests/drills

# What the service does against floors measured beside it: docs/explanation/performance.md.
bench: $(VENV)/.ready
	$(BIN)/python -m tests.bench

check: $(VENV)/.ready
	@$(MAKE) --no-print-directory --jobs=2 $(SORTED_OUTPUT) $(CHECKS)

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready
	$(BIN)/mypy

imports: $(VENV)/.ready
	$(BIN)/lint-imports

description: $(VENV)/.ready
	@$(BIN)/reslot openapi > $(VENV)/openapi.json
	@diff -u openapi/openapi.json $(VENV)/openapi.json \
		|| { echo 'The OpenAPI file is out of date: run `make openapi`.'; exit 1; }
	$(BIN)/openapi-spec-validator --schema 3.1 openapi/openapi.json

migrations-match: $(VENV)/.ready
	$(BIN)/python -m pytest -q --no-cov tests/database/test_migrations.py

# The pages of docs/ as a site: open .venv/site/index.html.
docs: $(VENV)/.ready
	@$(MKDOCS) --quiet
	@echo 'Written to $(VENV)/site: open $(VENV)/site/index.html.'

format: $(VENV)/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Before each commit from now on: the checks of .pre-commit-config.yaml.
hooks: $(VENV)/.ready
	@$(BIN)/pre-commit install

# Written beside it first: a command that fails leaves the file as it was.
openapi: $(VENV)/.ready
	@$(BIN)/reslot openapi > $(VENV)/openapi.json
	@cp $(VENV)/openapi.json openapi/openapi.json

# Compares the declared tables with what the migrations make in an empty database.
migration: $(VENV)/.ready
ifndef m
	$(error Say what the migration does: make migration m="services get a colour")
endif
	@$(BIN)/python -m migrations.new '$(subst ','\'',$(m))'

# Versions and hashes only: whoever installs decides which index they come from.
lock: $(VENV)/.ready
	$(LOCK) --extra dev pyproject.toml --output-file requirements/dev.txt
	$(LOCK) $(AS_TESTED) --extra demo pyproject.toml --output-file requirements/demo.txt
	$(LOCK) $(AS_TESTED) pyproject.toml --output-file requirements/production.txt
	$(LOCK) $(AS_TESTED) --extra tracing pyproject.toml --output-file requirements/tracing.txt
	echo uv | $(LOCK) $(AS_TESTED) - --output-file requirements/uv.txt

# CycloneDX: what the production image installs, with versions and hashes.
sbom: $(VENV)/.ready
	@version=$$($(BIN)/python -c 'import app; print(app.__version__)') \
		&& sed "s/^dynamic = .*/version = \"$$version\"/" pyproject.toml > $(VENV)/pyproject.toml
	@$(BIN)/python -W ignore -m cyclonedx_py requirements requirements/production.txt \
		--pyproject $(VENV)/pyproject.toml --output-reproducible --output-file sbom.json
	@echo 'Written to sbom.json.'

# As root, the folder of the embedded server may be a link to data that we made elsewhere. The file
# `.owner` beside the data names the link that they belong to; the link of a copied clone is another.
clean:
	@find .data -name postgres -type l 2>/dev/null | while read -r link; do \
		data=$$(readlink "$$link"); owner=$$(cat "$$data.owner" 2>/dev/null); \
		if [ -n "$$owner" ] && { [ "$$owner" = "$$(pwd -P)/$$link" ] || [ ! "$$owner" -ef "$$data" ]; }; then \
			rm -rf "$$data" "$$data.owner"; fi; done
	rm -rf $(VENV) .data .pytest_cache .mypy_cache .ruff_cache .hypothesis sbom.json

# The locked files are complete. With --no-deps they are taken as they stand; an older pip goes looking
# for the newest release of a requirement with extras (`coverage[toml]`), and finds no hash for it.
$(VENV)/.ready: $(MADE) requirements/dev.txt pyproject.toml $(TEXTS)
	$(call install,requirements/dev.txt)

$(VENV)/.demo: $(MADE) requirements/demo.txt pyproject.toml $(TEXTS)
	$(call install,requirements/demo.txt)

$(MADE): requirements/uv.txt
	$(if $(filter True,$(word 2,$(FOUND))),,$(error $(TOO_OLD)))
	@echo 'Making $(VENV) with Python $(VERSION).'
	@rm -rf $(VENV)
	@'$(PYTHON)' -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/uv.txt
	@touch $@
