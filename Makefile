# Gofal. `make` lists what there is. Needs Python 3.11–3.13, make and a package index; nothing else.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	&& echo $$p && break; done)
UV := .tools/bin/uv
BIN := .venv/bin
export UV_PROJECT_ENVIRONMENT := .venv

SOURCE ?= sample
RELEASE ?=
PORT ?= 8080
ARGS ?=

.PHONY: help setup run test airflow status questions bench spark lint format types lock docs dbt clean

help: ## List what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/run ## Load, check, build and publish the bundled sample (SOURCE=live: the real StatsWales; RELEASE=2: the sample's next release; ARGS=: more options)
	@$(BIN)/gofal run --source $(SOURCE) $(if $(RELEASE),--release $(RELEASE)) $(ARGS)

test: .venv/dev ## Run the tests
	@$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

airflow: .venv/run ## Start a local Airflow with its UI (PORT=8080, SOURCE=sample)
	@$(BIN)/gofal airflow --source $(SOURCE) --port $(PORT) $(if $(RELEASE),--release $(RELEASE))

status: .venv/run ## What was loaded when, what is stale, what is quarantined
	@$(BIN)/gofal status --source $(SOURCE)

questions: .venv/run ## Ask every question of acceptance of what is published, beside what the documents say (ARGS="13 --lang cy")
	@$(BIN)/gofal questions --source $(SOURCE) $(ARGS)

bench: .venv/dev ## Measure against the bare tools, as ratios (FULL=1: also ten million rows)
	@$(BIN)/python -m bench $(if $(FULL),--full) $(ARGS)

spark: .venv/run ## Build the models on Apache Spark too, and compare every mart with DuckDB's (needs Java 17 or later)
	@.ci/spark

lint: .venv/dev ## Check style and types
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --quiet --check . && $(BIN)/mypy && $(BIN)/sqlfluff lint --nocolor -q --processes 2 dbt_project/models dbt_project/tests/*_measures dbt_project/tests/accountability dbt_project/tests/returns

format: .venv/dev ## Mend style
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet . ; $(BIN)/sqlfluff fix -q dbt_project/models

docs: .venv/run ## Make dbt's documentation of every model, for the lake that is there
	@cd dbt_project && GOFAL_HOME=$(CURDIR)/var/$(SOURCE) ../$(BIN)/dbt docs generate --static
	@echo "dbt_project/target/static_index.html"

lock: $(UV) ## Resolve the locks anew
	@$(UV) pip compile -q pyproject.toml --universal --generate-hashes --python-version 3.11 --no-header --no-annotate --upgrade -o requirements.lock
	@for e in dev spark bench; do $(UV) pip compile -q pyproject.toml --extra $$e -c requirements.lock --universal --generate-hashes \
		--python-version 3.11 --no-header --no-annotate --upgrade -o requirements-$$e.lock; done

setup: .venv/dev ## Install everything that development needs

clean: ## Remove the environments and caches (never var/, which holds the lakes)
	rm -rf .venv .venv-spark .tools .mypy_cache .pytest_cache .ruff_cache dbt_project/target

# uv comes from the package index into the project. A Python without venv (Debian's) can do it with pip alone.
$(UV): requirements-tools.lock
	@test -n "$(PYTHON)" || { echo "Gofal needs Python 3.11, 3.12 or 3.13; none was found."; exit 2; }
	@$(PYTHON) -m venv .tools 2>/dev/null && .tools/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-tools.lock \
	|| { rm -rf .tools; $(PYTHON) -m pip install -q --disable-pip-version-check --prefix .tools --ignore-installed --require-hashes -r requirements-tools.lock; } \
	|| { rm -rf .tools; echo "uv could not be installed: Python needs its venv or its pip module."; exit 2; }

.venv/bin/python: | $(UV)
	@$(UV) venv -q --allow-existing --python $(PYTHON) .venv

# One environment. The development lock contains the run lock, so `make run` never takes anything away from it.
.venv/run: requirements.lock pyproject.toml | .venv/bin/python
	@test -e .venv/dev || { $(UV) pip sync -q --require-hashes --compile-bytecode --python $(BIN)/python requirements.lock \
		&& $(UV) pip install -q --no-deps --python $(BIN)/python -e . ; }
	@touch $@

.venv/dev: requirements-dev.lock pyproject.toml | .venv/bin/python
	@$(UV) pip sync -q --require-hashes --compile-bytecode --python $(BIN)/python requirements-dev.lock
	@$(UV) pip install -q --no-deps --python $(BIN)/python -e .
	@touch $@ .venv/run

# dlt, to compare with, lives in an environment of its own.
.venv-bench: requirements-bench.lock | $(UV)
	@$(UV) venv -q --allow-existing --python $(PYTHON) $@
	@$(UV) pip sync -q --require-hashes --python $@/bin/python requirements-bench.lock && touch $@
