# Everything here sets itself up: a virtual environment in .venv with the locked dependencies of requirements-dev.txt.

PYTHON ?= python3
BIN := .venv/bin
SETUP := .venv/.complete
MACHINES = $$($(BIN)/python -c "from latchproof_spec.machines import MACHINES; print(*MACHINES)")
CLASSES = $$($(BIN)/python -c "from latchproof_spec.machines import MACHINES; print(*(one.shell for one in MACHINES.values()))")

.DEFAULT_GOAL := help
.PHONY: help verify test proofs crosscheck coq pythons mutants mutants-runtime planted reductions fuzz bench museum spec golden browser screenshots docs docs-html lint types unit contracts dist lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 18

$(SETUP): requirements-dev.txt pyproject.toml
	@echo "setting up .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "latchproof needs Python 3.11 or later; choose one with make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements-dev.txt
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# pip compiles all but what it installs in place, and hundreds of processes would each compile that again
	@$(BIN)/python -m compileall -q src spec
	@touch $(SETUP)

verify: $(SETUP) ## print the quick ledger of our claims, then check asyncio.Barrier (2 to 3 minutes on two cores)
	@$(BIN)/latchproof verify --quick
	@echo
	@# asyncio.Barrier gives one index twice, so this must find a counterexample (exit code 1)
	@$(BIN)/latchproof check asyncio:Barrier --kind barrier --policy cpython; \
		code=$$?; if [ $$code -eq 1 ]; then echo "counterexample found, as expected"; \
		else echo "expected a counterexample (exit code 1), got exit code $$code"; exit 1; fi

test: $(SETUP) lint types unit ## run the test suite with CrossHair's contracts, mypy --strict and ruff (10 to 25 minutes)

lint: $(SETUP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(SETUP)
	$(BIN)/mypy

unit: $(SETUP)
	@$(BIN)/python tests/timed.py $(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

proofs: $(SETUP) ## run every proof, exploration, schedule, contract and fuzzer, up to the full bounds
	$(BIN)/latchproof prove
	$(BIN)/python proofs/run_explorations.py
	$(BIN)/python proofs/run_contracts.py
	$(BIN)/latchproof verify

crosscheck: $(SETUP) ## compare with Spin and TLC on the exported models (TLC_JAR=... for another tla2tools.jar)
	@sh proofs/install_packages.sh crosscheck spin=spin "cc=gcc libc6-dev"
	TLC_JAR="$$(sh proofs/install_tlc.sh $(BIN)/python)" $(BIN)/python proofs/run_crosscheck.py

coq: $(SETUP) ## have Coq, which it installs, check the proofs, a second judge and mutants (COQ_MUTANTS="--every 1" tries all)
	@sh proofs/install_packages.sh coq coqc=coq ocamlopt=ocaml-nox ocamlfind=ocaml-findlib
	$(BIN)/python proofs/run_coq.py
	$(BIN)/python -m proofs.run_second_judge
	$(BIN)/python -m proofs.run_coq_mutants $(COQ_MUTANTS)

fuzz: $(SETUP) ## fuzz our own classes on every host, for a long time
	for host in asyncio uvloop trio flowno; do for class in $(CLASSES); do \
		$(BIN)/latchproof fuzz $$class --strict --policy latchproof --host $$host --examples 5000 || exit 1; \
	done; done

bench: $(SETUP) ## measure ratios to the limit and to peers, and compare with the committed ones (BENCH=--quick, --record)
	@sh proofs/install_packages.sh bench spin=spin "cc=gcc libc6-dev"
	@TLC_JAR="$$(sh proofs/install_tlc.sh $(BIN)/python)" $(BIN)/python -m benchmarks $(BENCH)

pythons: $(SETUP) ## run the suites of what runs on a user's interpreter on the other versions of CPython that are found
	$(BIN)/python -m tests.pythons

museum: $(SETUP) ## find the faults in released software again, each in a separate environment; write docs/museum.md
	@rm -rf .museum/results
	$(BIN)/python -m pytest -m museum tests/museum tests/dropin
	$(BIN)/python -m tests.museum.page
	$(BIN)/python -m tests.museum.findings

mutants: $(SETUP) ## try every mutant of the specification with every kind of evidence (an hour or two of one core; uses all)
	$(BIN)/latchproof mutants

mutants-runtime: $(SETUP) ## try the mutants of the runtime: each must be noticed by a test or accounted for (about 20 minutes)
	$(BIN)/python proofs/runtime_mutants.py

planted: $(SETUP) ## plant generated faults in the prover, the claims, the judge, the classes ...; each must turn a test red
	$(BIN)/python -m proofs.planted_faults $(PLANTED)

reductions: $(SETUP) ## compare what is found with and without the reductions, at bounds above those of the suite (a quarter of an hour)
	$(BIN)/python -m tests.zoo.reductions

spec: $(SETUP) ## render spec/*.md, spec/exports/* and the tables of docs/reference/kinds.md from the specification
	for machine in $(MACHINES); do \
		$(BIN)/latchproof export $$machine --format markdown > spec/$$machine.md && \
		$(BIN)/latchproof export $$machine --format tla > spec/exports/$$machine.tla && \
		$(BIN)/latchproof export $$machine --format cfg > spec/exports/$$machine.cfg && \
		$(BIN)/latchproof export $$machine --format promela > spec/exports/$$machine.pml && \
		$(BIN)/latchproof export $$machine --format coq > spec/exports/$$(echo $$machine | sed 's/./\U&/').v && \
		$(BIN)/latchproof export $$machine --format coq-step > spec/exports/Step.v || exit 1; \
	done
	$(BIN)/python docs/test_kinds.py

golden: $(SETUP) ## write what the commands print to tests/cli/golden; review the difference
	PYTHONPATH=src:spec $(BIN)/python -m tests.cli.golden

BROWSER := .venv-browser/bin
PAGES := build/browser
DRIVE := PYTHONPATH=src:spec:. $(BROWSER)/python -m pytest browser --pages $(PAGES)

browser: $(PAGES)/report.html ## test the HTML pages in headless Chromium, which it installs, against the specification
	$(DRIVE)

screenshots: $(PAGES)/report.html ## do what browser does, and write the README's pictures to docs/images
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
	@$(BROWSER)/python -m pip install --quiet --quiet --disable-pip-version-check -r browser/requirements.txt
	@touch $@

DOCS := .venv-docs/bin

docs: $(SETUP) docs-html ## build the documentation, and run every program and command in it (3 to 6 minutes)
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal docs

docs-html: .venv-docs/.complete ## build the documentation to build/docs, and run nothing of it (seconds)
	$(DOCS)/python -m sphinx --fail-on-warning --keep-going --fresh-env -q -b html docs build/docs
	@echo "read it, with its search: $(DOCS)/python -m http.server --bind 127.0.0.1 --directory build/docs 8000"
	@echo "then open http://127.0.0.1:8000"

.venv-docs/.complete: requirements-dev.txt docs/requirements.txt
	@$(PYTHON) -m venv .venv-docs
	@$(DOCS)/python -m pip install --quiet --quiet --disable-pip-version-check -r requirements-dev.txt -r docs/requirements.txt
	@touch $@

dist: $(SETUP) ## build the sdist, and the wheel from it, in dist/
	$(BIN)/python -m build --no-isolation

lock: ## resolve the dependencies again, into requirements-dev.txt (needs uv)
	uv pip compile --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		--extra verify --group dev pyproject.toml -o requirements-dev.txt

clean: ## remove everything that make has made
	rm -rf .venv .bench .venv-browser .venv-docs .venv-pythons .museum dist build .mypy_cache .pytest_cache .ruff_cache .hypothesis mutants
