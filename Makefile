# Everything here sets itself up: a virtual environment in .venv with the locked dependencies of requirements-dev.txt.

PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.complete

.DEFAULT_GOAL := help
.PHONY: help verify test proofs crosscheck mutants mutants-runtime fuzz bench museum spec golden browser screenshots docs lint types unit contracts dist lock clean

help: ## what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 18

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
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

proofs: $(SETUP) ## every proof and contract, to the full bounds: induction, exploration, schedules, CrossHair, fuzzing
	$(BIN)/latchproof prove
	$(BIN)/python proofs/run_explorations.py
	$(BIN)/python proofs/run_contracts.py
	$(BIN)/latchproof verify

crosscheck: $(SETUP) ## Spin and TLC must find what we find on the exported models; TLC_JAR=... for another tla2tools.jar
	@sh proofs/install_spin.sh
	TLC_JAR="$$(sh proofs/install_tlc.sh $(BIN)/python)" $(BIN)/python proofs/run_crosscheck.py

fuzz: $(SETUP) ## the Hypothesis machines over our own classes, on every host, for a long time
	for host in asyncio uvloop trio flowno; do for class in CountdownLatch Barrier; do \
		$(BIN)/latchproof fuzz latchproof:$$class --strict --policy latchproof --host $$host --examples 5000 || exit 1; \
	done; done

bench: $(SETUP) ## ratios to the limit and to peers, compared with the committed ones (BENCH=--quick, BENCH=--record)
	@sh proofs/install_spin.sh
	@TLC_JAR="$$(sh proofs/install_tlc.sh $(BIN)/python)" $(BIN)/python -m benchmarks $(BENCH)

museum: $(SETUP) ## faults in released software, found anew, each in an environment of its own; writes docs/museum.md and the report's copy
	@rm -rf .museum/results
	$(BIN)/python -m pytest -m museum tests/museum tests/dropin
	$(BIN)/python -m tests.museum.page
	$(BIN)/python -m tests.museum.findings

mutants: $(SETUP) ## claims x mutants of the specification, by every kind of evidence (an hour or two of a core; shared out among all)
	$(BIN)/latchproof mutants

mutants-runtime: $(SETUP) ## mutants of the shells and hosts, by mutmut: each noticed by a test, or accounted for (about 20 minutes)
	$(BIN)/python proofs/runtime_mutants.py

spec: $(SETUP) ## write the review documents spec/*.md and the models spec/exports/* anew from the specification
	for machine in latch barrier; do \
		$(BIN)/latchproof export $$machine --format markdown > spec/$$machine.md && \
		$(BIN)/latchproof export $$machine --format tla > spec/exports/$$machine.tla && \
		$(BIN)/latchproof export $$machine --format cfg > spec/exports/$$machine.cfg && \
		$(BIN)/latchproof export $$machine --format promela > spec/exports/$$machine.pml || exit 1; \
	done

golden: $(SETUP) ## write anew what the commands are expected to print; read the difference
	PYTHONPATH=src:spec $(BIN)/python -m tests.cli.golden

BROWSER := .venv-browser/bin
PAGES := build/browser
DRIVE := PYTHONPATH=src:spec:. $(BROWSER)/python -m pytest browser --pages $(PAGES)

browser: $(PAGES)/report.html ## the HTML pages in headless Chromium, against the specification's functions (installs it)
	$(DRIVE)

screenshots: $(PAGES)/report.html ## the same, and the README's pictures written anew to docs/images
	$(DRIVE) --screenshots docs/images

.PHONY: $(PAGES)/report.html
$(PAGES)/report.html: $(SETUP) .venv-browser/.complete
	@mkdir -p $(PAGES)
	@$(BIN)/latchproof check asyncio:Barrier --policy cpython --html $(PAGES)/check.html --json $(PAGES)/check.json \
		> $(PAGES)/check.txt; test $$? -eq 1 || { cat $(PAGES)/check.txt; exit 1; }
	$(BIN)/latchproof report --quick --html $@

.venv-browser/.complete: browser/requirements.txt browser/install_chromium.sh
	@sh browser/install_chromium.sh
	@$(PYTHON) -m venv .venv-browser
	@$(BROWSER)/python -m pip install --quiet --disable-pip-version-check -r browser/requirements.txt
	@touch $@

DOCS := .venv-docs/bin

docs: $(SETUP) .venv-docs/.complete ## the documentation: the programs and commands in it run, then built to build/docs
	$(BIN)/python -m pytest docs
	$(DOCS)/python -m sphinx --fail-on-warning --keep-going --fresh-env -q -b html docs build/docs
	@echo "the documentation is in build/docs/index.html"

.venv-docs/.complete: requirements-dev.txt docs/requirements.txt
	@$(PYTHON) -m venv .venv-docs
	@$(DOCS)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -r docs/requirements.txt
	@touch $@

dist: $(SETUP) ## sdist, and the wheel built from it, in dist/
	$(BIN)/python -m build --no-isolation

lock: ## resolve requirements-dev.txt anew (needs uv)
	uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		--extra verify --group dev pyproject.toml -o requirements-dev.txt

clean: ## remove what was made
	rm -rf .venv .bench .venv-browser .venv-docs .museum dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis mutants
