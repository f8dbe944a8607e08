# The two commands are `make up` and `make test`; `make help` lists the others.
.DEFAULT_GOAL := help
.PHONY: help env up backup restore upgrade test fuzz faults lab sbom docs screenshots bench accuracy lint fmt types contracts migrations check clean requirements chromium prometheus

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --disable-pip-version-check --no-input --require-hashes --no-deps
JOBS ?= 2
FOUND := $(shell for p in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

help: ## Say what each command does
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-20s %s\n", $$1, $$2}'

env: $(VENV)/.dev node_modules/.stamp ## Make the environment with all that development needs

up: $(VENV)/.base node_modules/.stamp ## Start Steadyrun (PORT, STEADYRUN_HOME, SAMPLE=none, DATABASE_URL with REDIS_URL)
	@exec $(PY) -m config.up

backup: $(VENV)/.base ## Copy everything into a folder, while it runs (TO=folder, BACKUP_PASSPHRASE)
	@exec $(PY) -m config.backup $(if $(TO),--to "$(TO)")

restore: $(VENV)/.base ## Restore a backup into an empty data folder or database (FROM=folder, BACKUP_PASSPHRASE)
	@test -n "$(FROM)" || { echo "Name the backup: make restore FROM=folder"; exit 1; }
	@exec $(PY) -m config.restoring "$(FROM)"

upgrade: | $(PY) ## Back up, install what this version needs, migrate, start and check
	@$(PY) -c 'import psycopg' 2>/dev/null || $(MAKE) --no-print-directory $(VENV)/.base
	@TO="$(TO)" $(PY) -m config.upgrade before
	@$(MAKE) --no-print-directory $(VENV)/.base node_modules/.stamp
	@exec $(PY) -m config.upgrade after

test: env $(VENV)/.docs chromium prometheus tests/clients/node_modules/.stamp ## Run every test with servers of its own
	$(PY) -m pytest -n $(JOBS) $(ARGS)

fuzz: env chromium ## Try 10,000 hostile inputs at every address, page and export, and say how many
	FUZZ=1 $(PY) -m pytest -p no:xdist tests/fuzz tests/browser/test_hostile.py $(ARGS)

faults: env ## Kill, starve and confuse real processes under load; nothing acknowledged may be lost (ARGS=-k NAME)
	FAULTS=1 $(PY) -m pytest -p no:xdist tests/faults $(ARGS)

lab: env ## Run an installation behind PgBouncer, with a streaming replica and on Citus (what of them there is)
	LAB=1 $(PY) -m pytest -p no:xdist tests/config/test_lab.py tests/config/test_lab_cluster.py $(ARGS)

docs: $(VENV)/.docs node_modules/.stamp ## Build the docs site into site/; a broken link fails it
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet $(ARGS)
	@echo "Written: site/index.html"

screenshots: env chromium ## Take docs/screenshots from a running `make up`
	$(PY) docs/screenshots.py

bench: $(VENV)/.base node_modules/.stamp ## Measure and write bench/results.json
	$(PY) -m bench $(ARGS)

accuracy: $(VENV)/.base ## Score the analysis on labelled files (SHARED=../shared)
	$(PY) -m bench.accuracy

lint: $(VENV)/.dev ## Check style of code and templates
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m djlint --check --lint --quiet templates

fmt: $(VENV)/.dev ## Put code and templates in order
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	-$(PY) -m djlint --reformat --quiet templates

types: $(VENV)/.dev ## Check types
	$(PY) -m mypy

contracts: $(VENV)/.dev ## Check which app imports which
	$(VENV)/bin/lint-imports

migrations: $(VENV)/.dev ## Migrate from nothing and check that no migration is missing
	$(PY) -m tests.servers manage.py migrate --database owner --verbosity 1
	$(PY) -m tests.servers manage.py makemigrations --check --dry-run

sbom: $(VENV)/.dev node_modules/.stamp ## Write bills of materials (CycloneDX) of what is run, to sbom/
	@mkdir -p sbom
	$(VENV)/bin/cyclonedx-py requirements requirements/base.txt --output-format JSON --output-file sbom/python.cdx.json
	@$(PY) .ci/sbom.py > sbom/browser.cdx.json
	@echo "Written: sbom/python.cdx.json and sbom/browser.cdx.json"

check: lint types contracts migrations docs test ## All of the above, as CI does

clean: ## Remove the environment and caches; data stays
	rm -rf $(VENV) site node_modules tests/clients/node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache test-results

requirements: $(VENV)/.dev ## Pin the newest allowed packages with their hashes
	$(PY) -m pip install --disable-pip-version-check --quiet uv
	for name in base dev docs node; do \
		$(VENV)/bin/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
			--no-emit-index-url --no-header requirements/$$name.in --output-file requirements/$$name.txt || exit 1; \
	done

chromium:
	@sh .ci/chromium

prometheus:
	@sh .ci/prometheus

$(PY):
	@test -n "$(FOUND)" || { echo "Steadyrun needs Python 3.11 or later (set PYTHON to its path)"; exit 1; }
	@echo "Making the environment in $(VENV) with $(FOUND)"
	@$(FOUND) -m venv $(VENV) >/dev/null 2>&1 || sh .ci/venv $(FOUND) $(VENV)

$(VENV)/.base: requirements/base.txt | $(PY)
	@echo "Installing the packages of requirements/base.txt"
	@$(PIP) -r $< | sed -n 's/^Collecting \([^ ]*\).*/  \1/p; /^Installing/s/:.*//p'
	@$(PY) -c 'import django, psycopg, celery' && touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	@echo "Installing the packages of requirements/dev.txt"
	@$(PIP) -r $< | sed -n 's/^Collecting \([^ ]*\).*/  \1/p; /^Installing/s/:.*//p'
	@$(PY) -c 'import pytest, playwright, mypy' && touch $@

$(VENV)/.docs: requirements/docs.txt $(VENV)/.dev
	@echo "Installing the packages of requirements/docs.txt"
	@$(PIP) -r $< | sed -n 's/^Collecting \([^ ]*\).*/  \1/p; /^Installing/s/:.*//p'
	@$(PY) -c 'import mkdocs, material' && touch $@

node_modules/.stamp: package.json package-lock.json .npmrc requirements/node.txt config/fonts.py | $(VENV)/.base
	@echo "Getting the front-end packages"
	@if command -v npm >/dev/null && command -v node >/dev/null; then npm ci --no-progress; \
	else echo "  no Node on this machine: using the one of requirements/node.txt"; \
		$(PIP) --quiet -r requirements/node.txt && $(PY) .ci/npm.py ci --no-progress; fi
	@$(PY) -m config.fonts
	@touch $@

tests/clients/node_modules/.stamp: tests/clients/package.json tests/clients/package-lock.json tests/clients/.npmrc \
		requirements/node.txt | $(VENV)/.dev
	@echo "Getting the JavaScript clients that the tests run"
	@if command -v npm >/dev/null && command -v node >/dev/null; then npm ci --no-progress --prefix tests/clients; \
	else $(PIP) --quiet -r requirements/node.txt && $(PY) .ci/npm.py ci --no-progress --prefix tests/clients; fi
	@touch $@
