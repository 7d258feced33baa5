# Every target sets up what it needs. Given: python3 (3.11 or later, with venv) and a Rust toolchain.
# All else is installed into .venv at the versions and hashes of locks/, and into target/ by cargo.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CARGO := cargo
# One interpreter for every build of the extension, so that cargo keeps one set of artefacts.
export PYO3_PYTHON := $(CURDIR)/$(BIN)/python
# pip finds the build back end, and the tools one another, by PATH.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# The checks must not depend on what else a user's Python is told to import.
unexport PYTHONPATH

RUST_SOURCES := Cargo.toml Cargo.lock $(shell find rust -name '*.rs' -o -name Cargo.toml)
CORE_STAMP := $(VENV)/.stamp-core
PACKAGES_STAMP := $(VENV)/.stamp-packages

# $(call stage,name,command): runs the command, stops if it fails, else says how long it took.
stage = @printf '\n== %s\n' '$(1)'; start=$$SECONDS; $(2) || exit 1; \
	printf '== %s: %s s\n' '$(1)' "$$((SECONDS - start))"

.PHONY: help build run test tidy unit sim conformance soak nightly mutants package bench lock clean

# Seeded sessions of the order machine: what fits into a minute of one core, and a release's worth.
SIM_SEEDS ?= 100000
SIM_SEEDS_NIGHTLY ?= 10000000
# Kills of a running program with orders; a quarter of an hour.
KILLS_NIGHTLY ?= 200

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

build: $(CORE_STAMP) ## set up .venv and build the extension; leaves .venv/bin/razor

run: build ## play the embedded recording through the dry run and say where its report is
	@$(BIN)/razor demo

test: build ## build, tidy, and every test of both languages
	@$(MAKE) --no-print-directory tidy
	@$(MAKE) --no-print-directory unit

unit: build ## the tests alone
	$(call stage,cargo test,$(CARGO) test --workspace --locked)
	$(call stage,pytest,$(BIN)/pytest)
	$(call stage,simulate,$(BIN)/razor simulate --seeds $(SIM_SEEDS))

sim: build ## seeded sessions of the order machine under faults; SIM_SEEDS=100000
	$(call stage,simulate,$(BIN)/razor simulate --seeds $(SIM_SEEDS))

conformance: build ## the venue's own Python clients, installed on demand, against the local exchange
	$(call stage,conformance,$(BIN)/pytest -m conformance tests/conformance)

tidy: build ## format, lints, types, import contracts, crate graph, licences, size budgets
	$(call stage,cargo fmt,$(CARGO) fmt --all --check)
	$(call stage,cargo clippy,$(CARGO) clippy --workspace --all-targets --locked -- -D warnings)
	$(call stage,ruff,$(BIN)/ruff check && $(BIN)/ruff format --check)
	$(call stage,mypy,$(BIN)/mypy)
	$(call stage,pyright,$(BIN)/pyright --warnings)
	$(call stage,import contracts,$(BIN)/python tools/layers.py)
	$(call stage,crate graph,$(BIN)/python tools/crates.py)
	$(call stage,licences,$(BIN)/python tools/licences.py)
	$(call stage,cargo deny,if command -v cargo-deny > /dev/null; then $(CARGO) deny --locked check \
		bans licenses sources; else echo 'skip: cargo-deny is not installed (licences and the \
		graph are checked above)'; fi)
	$(call stage,size and words,$(BIN)/python tools/tidy.py)

soak: build ## a day of recorded time with orders on: memory keeps its size, no gap is unexplained
	$(call stage,soak,$(BIN)/razor bench soak)

nightly: build ## long laws and the full recordings: what is too long for make test
	$(call stage,long laws,PROPTEST_CASES=20000 $(CARGO) test --workspace --locked --release)
	$(call stage,proof of three legs,$(CARGO) test --locked --release -p razor_core --test \
		explore_desk -- --ignored --nocapture a_world_of_three_legs)
	$(call stage,large worlds,$(CARGO) test --locked --release -p razor_core --test explore_desk \
		-- --ignored --nocapture the_large_worlds)
	$(call stage,cut at every byte,$(CARGO) test --locked --release -p razor_io --test session_cuts \
		-- --ignored --nocapture)
	$(call stage,long Python laws,HYPOTHESIS_PROFILE=nightly $(BIN)/pytest --timeout 1200)
	$(call stage,conformance,$(BIN)/pytest -m conformance tests/conformance)
	$(call stage,kills,RAZOR_KILLS=$(KILLS_NIGHTLY) $(BIN)/pytest tests/e2e/test_kills.py)
	$(call stage,simulate,$(BIN)/razor simulate --seeds $(SIM_SEEDS_NIGHTLY))
	$(call stage,soak,$(BIN)/razor bench soak)
	$(call stage,full import,$(CARGO) bench --locked -p razor_io --bench import)
	@$(MAKE) --no-print-directory mutants
	$(call stage,package,$(BIN)/python tools/package.py)

mutants: build ## plant the defects of tools/mutants.toml one by one; every one must be caught
	$(call stage,mutants,$(BIN)/python tools/mutants.py)

package: build ## wheel from a clean checkout, installed and tried in an empty environment
	$(call stage,package,$(BIN)/python tools/package.py)

bench: build ## measure razor here and write the tables of docs/PERFORMANCE.md (two minutes)
	@$(BIN)/razor bench --document docs/PERFORMANCE.md
	@$(BIN)/python tools/benches/exchange.py --document docs/PERFORMANCE.md

lock: $(PACKAGES_STAMP) ## resolve locks/ anew from pyproject.toml
	$(BIN)/python tools/lock.py

clean: ## remove what the other targets made
	rm -rf $(VENV) target build dist python/razor/_core*.so

$(BIN)/python:
	@$(PYTHON) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'razor needs Python 3.11 or later with venv; say which with PYTHON=...' >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(PACKAGES_STAMP): locks/runtime.txt locks/dev.txt | $(BIN)/python
	$(call stage,locked packages,$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --only-binary :all: --require-hashes -r locks/runtime.txt -r locks/dev.txt)
	@touch $@

$(CORE_STAMP): $(PACKAGES_STAMP) pyproject.toml $(RUST_SOURCES)
	$(call stage,extension,$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-index --no-deps --no-build-isolation --editable .)
	@touch $@
