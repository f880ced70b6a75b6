# SPDX-License-Identifier: Apache-2.0
# Needs: Python 3.11 with venv, and make. Everything else is installed into .venv.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TORCH ?= torch==2.13.0
# Further arguments for the step that fetches torch, such as an index that carries the CPU build.
TORCH_PIP_ARGS ?=
WORKERS ?= 2
PYTEST_ARGS ?=
export OMP_NUM_THREADS ?= 2

.PHONY: help demo test check docs services schemas format clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name what; do printf 'make %-9s %s\n' "$$name" "$$what"; done

$(VENV)/.made:
	@echo "Making a virtual environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Hauberk needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --quiet --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.base: $(VENV)/.made pyproject.toml
	@echo "Installing Hauberk and what it needs (once)"
	@$(PIP) install --quiet --editable .
	@touch $@

# torch comes first and alone: its plain release can be gigabytes, so its size is said before it is fetched.
$(VENV)/.torch: $(VENV)/.made
	@$(BIN)/python scripts/fetch_size.py $(TORCH) $(TORCH_PIP_ARGS)
	@$(PIP) install --quiet $(TORCH_PIP_ARGS) $(TORCH)
	@touch $@

$(VENV)/.full: $(VENV)/.torch pyproject.toml
	@echo "Installing Hauberk with its extras and the tools for tests, linting and docs (once)"
	@$(PIP) install --quiet --editable '.[xgboost,catboost,onnx,torch]' --group test --group lint --group docs
	@touch $@ $(VENV)/.base

demo: $(VENV)/.base ## install Hauberk and run its demonstration on 30,000 real credit-card clients
	@$(BIN)/hauberk demo

services: ## install PostgreSQL, Redis and Chromium for the tests through apt; starts none of them
	@bash scripts/services.sh

test: services $(VENV)/.full ## run every test
	$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

check: $(VENV)/.full ## linters, both type checkers, import contracts, bounds, generated files and the docs build
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry src
	$(BIN)/python scripts/bounds.py src
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/python scripts/generated.py --check
	$(BIN)/python scripts/figures.py --check
	$(MAKE) --no-print-directory docs

docs: $(VENV)/.full ## build the documentation into docs/_build/html; a warning is an error
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "docs: docs/_build/html/index.html"

schemas: $(VENV)/.full ## write the files that are generated from code and committed
	$(BIN)/python scripts/generated.py
	$(BIN)/python scripts/figures.py

format: $(VENV)/.full ## let ruff format and fix what it can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

clean: ## remove what these targets made, the virtual environment included
	rm -rf $(VENV) build dist docs/_build docs/checks docs/reference .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
