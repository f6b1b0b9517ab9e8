# `make` lists what there is. Works with GNU make 3.81 (macOS) and any POSIX shell; paths may have spaces.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

BIN := .venv/bin
PORT ?= 8000
ORDERS ?=
PLATFORM ?=
CURRENCY ?= GBP
PYTHON ?=
export PYTHON
# .venv is ours, so compiled code is kept in it, whatever the machine's custom: every start takes half as long.
export PYTHONDONTWRITEBYTECODE :=
# What tests run in parallel on: two processes by default.
JOBS ?= 2
T ?=
ROW ?=
API ?=
PLAY ?= http://127.0.0.1:8100
# Of `make test-chaos`: how many faults, in the order of which seed.
KILLS ?= 50
SEED ?= 1

.NOTPARALLEL:
.PHONY: help run setup setup-dev setup-graph setup-theme-check setup-wordpress test lint format types imports migrate-check tests test-chaos browser e2e-woocommerce pictures bench bench-quality lock plugin-zip wheel clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -e 's/:.*## /	/' | expand -t 16

run: setup ## Start the shop, its worker, scheduler and Redis; ORDERS=file.parquet for your own orders, PLATFORM=shopify or woocommerce for a played one, PORT=8000
	@exec $(BIN)/shelfwise up --port "$(PORT)" $(if $(PLATFORM),--platform "$(PLATFORM)") \
		$(if $(ORDERS),--orders "$(ORDERS)" --currency "$(CURRENCY)")

setup: ## Make .venv from the lock file (what `make run` needs)
	@sh locks/install.sh run

setup-dev: ## The same, with what the tests and checks need
	@sh locks/install.sh dev

setup-graph: setup ## Add PyTorch (900 MB), with which `shelfwise graph` learns how products relate
	@sh locks/install-graph.sh

setup-theme-check: ## Install Shopify's checks of theme app extensions, which the tests run (needs Node.js 20 or newer)
	@sh locks/install-theme-check.sh

setup-wordpress: setup-dev ## Install real WordPress and PHP, in which the tests try the WooCommerce plugin (needs root on Debian, or PHP 8.2)
	@sh locks/install-wordpress.sh

test: setup-dev browser setup-theme-check setup-wordpress lint types imports migrate-check tests ## All checks and all tests

lint: setup-dev ## Check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: setup-dev ## Put the formatting right
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

types: setup-dev ## Check types
	@$(BIN)/mypy
	@$(BIN)/mypy tests

imports: setup-dev ## Check who imports whom
	@$(BIN)/lint-imports

migrate-check: setup-dev ## Check that the schema goes up and down, and agrees with the tables of the code
	@$(BIN)/pytest -q tests/functional/migrations

tests: setup-dev ## Run the tests alone; T=tests/unit for some of them, JOBS=4 for more at once
	@$(BIN)/pytest -n "$(JOBS)" --dist loadgroup $(T)

test-chaos: setup-dev ## Kill and stop its processes while the app is at work, on both stores; KILLS=500 SEED=7
	@$(BIN)/python -m tests.chaos.run --store postgresql --kills "$(KILLS)" --seed "$(SEED)"
	@$(BIN)/python -m tests.chaos.run --store sqlite --kills "$(KILLS)" --seed "$(SEED)"

browser: setup-dev ## Find or install the Chromium that the browser tests use
	@$(BIN)/python -m tests.browsers

e2e-woocommerce: setup-dev ## Go the whole round with a real WooCommerce shop: docs/developers/real-woocommerce.md says how to name it
	@$(BIN)/python -m tests.e2e.woocommerce.real_shop

pictures: setup-dev ## Take the pictures of docs/images from a running `make run PLATFORM=shopify`; PLAY=the address of its Shopify
	@$(BIN)/python -m tests.pictures "$(PLAY)"

bench: setup-dev ## Run the quick benchmarks, each beside its baseline, and write docs/benchmarks.md
	@$(BIN)/shelfwise bench --quick --write docs/benchmarks.md

bench-quality: setup-dev ## Measure the recommendations on real data, an hour or so; ROW=sessions for one row of it
	@$(BIN)/shelfwise bench $(if $(ROW),$(ROW),--quality --write docs/quality.md)

lock: setup-dev ## Pin the newest versions that pyproject.toml allows
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build pyproject.toml -o locks/run.txt
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--group build --group dev -c locks/run.txt pyproject.toml -o locks/dev.txt
	@$(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		-c locks/run.txt locks/graph.in -o locks/graph.txt

plugin-zip: setup ## Pack the WooCommerce plugin into dist/; API=https://... for the app's address that Connect goes to
	@$(BIN)/shelfwise plugin-zip $(if $(API),--api "$(API)")

wheel: setup-dev ## Build the package into dist/
	@$(BIN)/hatchling build -t wheel

clean: ## Remove .venv and what tools left behind; your shop's data in var/ stays
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
