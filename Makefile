# Everything here sets itself up: a virtual environment in .venv with the locked dependencies of requirements-dev.txt.

PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.complete

.DEFAULT_GOAL := help
.PHONY: help verify test proofs fuzz bench spec lint types unit contracts dist lock clean

help: ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 12

$(SETUP): requirements-dev.txt pyproject.toml
	@echo "setting up .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "latchproof needs Python 3.11 or later; name one: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(SETUP)

verify: $(SETUP) ## the quick ledger of our claims, then asyncio.Barrier checked, with its counterexample (under 2 minutes)
	@$(BIN)/latchproof verify --quick
	@echo
	@# asyncio.Barrier hands out one index twice: a counterexample, exit code 1, is what must come of this
	@$(BIN)/latchproof check asyncio:Barrier --kind barrier --policy cpython; \
		code=$$?; if [ $$code -eq 1 ]; then echo "found, as expected"; \
		else echo "expected a counterexample (exit code 1), got exit code $$code"; exit 1; fi

test: $(SETUP) lint types unit ## the whole test suite with CrossHair's contracts, mypy --strict, ruff (under 10 minutes)

lint: $(SETUP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(SETUP)
	$(BIN)/mypy

unit: $(SETUP)
	$(BIN)/python -m pytest

proofs: $(SETUP) ## every proof and contract, to the full bounds: induction, exploration, schedules, CrossHair, fuzzing
	$(BIN)/latchproof prove
	$(BIN)/python proofs/run_contracts.py
	$(BIN)/latchproof verify

fuzz: $(SETUP) ## the Hypothesis machines over our own classes, on every host, for a long time
	for host in asyncio uvloop trio flowno; do for class in CountdownLatch Barrier; do \
		$(BIN)/latchproof fuzz latchproof:$$class --strict --policy latchproof --host $$host --examples 5000 || exit 1; \
	done; done

bench: $(SETUP) ## ratios to the limit and to peers, compared with the committed ones (BENCH=--quick: a minute; --record: commit)
	@$(BIN)/python -m benchmarks $(BENCH)

spec: $(SETUP) ## write spec/latch.md and spec/barrier.md anew from the specification
	$(BIN)/latchproof export latch --format markdown > spec/latch.md
	$(BIN)/latchproof export barrier --format markdown > spec/barrier.md

dist: $(SETUP) ## sdist, and the wheel built from it, in dist/
	$(BIN)/python -m build --no-isolation

lock: ## resolve requirements-dev.txt anew (needs uv)
	uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		--extra verify --group dev pyproject.toml -o requirements-dev.txt

clean: ## remove what was made
	rm -rf .venv .bench dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis
