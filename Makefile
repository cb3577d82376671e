.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tested versions. Without a GPU, torch's much smaller CPU build serves: see README.md.
PIP := $(BIN)/pip install --quiet --constraint constraints.txt

$(VENV)/run.done: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/dev.done: $(VENV)/run.done
	$(PIP) --editable '.[dev]'
	touch $@

$(VENV)/docs.done: $(VENV)/run.done
	$(PIP) --editable '.[docs]'
	touch $@

run: $(VENV)/run.done  ## environment + the main job on the built-in task: a CfC learns XOR in a few minutes
	$(BIN)/ltcbench train recipe=quick

test: $(VENV)/dev.done  ## environment + style, types and all tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -n 2 -q

fast: $(VENV)/dev.done  ## the tests that take less than a few seconds each
	$(BIN)/pytest -n 2 -q -m 'not slow'

quotes: $(VENV)/run.done  ## what README and findings quote, anew from runs/published
	$(BIN)/python docs/quotes.py

format: $(VENV)/dev.done  ## put the code into shape
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# Not with --quiet, which hides warnings from --strict as well.
docs: $(VENV)/docs.done  ## the documentation as a site, in site/; opens from there, without a server
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

ui: $(VENV)/run.done  ## MLflow's pages on the runs
	$(BIN)/ltcbench ui

wheel: $(VENV)/dev.done  ## build dist/ltcbench-*.whl
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:  ## remove the environment and what tools left behind; data and runs stay
	rm -rf $(VENV) dist build site .pytest_cache .mypy_cache .ruff_cache .hypothesis

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 10

.PHONY: run test fast quotes format docs ui wheel clean help
