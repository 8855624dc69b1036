# Needs Python 3.11 or newer and make; everything else is installed under this folder.
PYTHON ?= python3
BIN := .venv/bin
# Compiled modules are kept, whatever the shell says: every part starts in half the time.
unexport PYTHONDONTWRITEBYTECODE
# Test processes side by side, each with stores of its own; in the order of the folders, small tests last.
# One more than the cores of a small machine: somebody always waits for a browser or a server. 0 for one
# process, in which a debugger can stop.
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help run setup test check format bench storm engine fuzz seed lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done

run: setup ## the whole product on this machine, with demo logins; Ctrl-C stops it
	@exec $(BIN)/tezgah up

setup: ## install what is missing: Python packages, front-end packages, the editor
	@$(PYTHON) scripts/bootstrap.py $(SETUP)

test: setup ## every test, the browser's included (ARGS="-k invoice" for some)
	@$(BIN)/python -m pytest -n $(WORKERS) --no-loadscope-reorder $(ARGS)

check: ## what CI runs before the tests: format, lint, types, contracts, migrations, templates, translations
	@$(PYTHON) scripts/bootstrap.py --only python product
	@$(BIN)/python scripts/check.py $(ARGS)

format: ## put the sources into their format
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix --quiet .

bench: setup ## the benchmarks, each as a ratio to its yardstick
	@$(BIN)/python -m bench $(ARGS)

storm: setup ## payments under fire until both books are equal (ORDERS=5000, SEED=42 to repeat one)
	@$(BIN)/python -m tests.storm $(if $(ORDERS),--orders $(ORDERS)) $(if $(SEED),--seed $(SEED))

engine: setup ## the money engine under random customers, answers and time (STEPS=10000, SEED=7 to repeat one)
	@TEZGAH_ENGINE_STEPS=$(or $(STEPS),10000) TEZGAH_ENGINE_SEED=$(or $(SEED),$$(date +%s)) \
		$(BIN)/python -m pytest -s tests/engine

fuzz: setup ## random requests to every form and parameter of the route table (REQUESTS=20000, SEED=1)
	@TEZGAH_FUZZ_REQUESTS=$(or $(REQUESTS),20000) TEZGAH_FUZZ_SEED=$(or $(SEED),$$(date +%s)) \
		$(BIN)/python -m pytest -s tests/fuzz

seed: setup ## demo companies in every state
	@$(BIN)/tezgah seed $(ARGS)

lock: setup ## resolve the dependencies anew
	@$(BIN)/python scripts/lock.py

clean: ## remove .tezgah/ and the installed tools
	@rm -rf .tezgah .venv node_modules src/app/static/vendor
