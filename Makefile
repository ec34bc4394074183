# greenflow: `make` alone lists what there is. PYTHON=... picks another interpreter
# (with a virtualenv of its own), PYTEST_ARGS=... goes to pytest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV ?= .venv$(if $(PYTHON),-$(notdir $(PYTHON)))
DEBUG_PYTHON ?= python3.11-dbg
PYTEST_ARGS ?=
BENCH ?= core

BIN := $(VENV)/bin
BUILD_INPUTS := setup.py pyproject.toml $(wildcard csrc/*.c csrc/*.h)
PIP := -m pip --disable-pip-version-check --quiet install
# A process that dies in C leaves its report on the real stderr: keep pytest off it.
CRASH_PYTEST := -m pytest -p no:cacheprovider --capture=sys -o timeout=1200
# Sanitizers: pymalloc would hide overruns inside its pools, and the interpreter itself
# is not instrumented, so their libraries are loaded before it.
ASAN_STRICT := exitcode=66:halt_on_error=1
ASAN_PYTHON = LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)" \
    UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc PYTHONPATH="$$PWD" \
    $(abspath $(BIN))/python -X faulthandler

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(VENV)/.installed  ## Kill a flow in one process, see it go on in another
	@$(BIN)/greenflow demo

.PHONY: test
test: $(VENV)/.installed-test  ## Run the test suite
	$(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: build
build: $(VENV)/.installed-dev  ## Compile the C core in place, where it changed
	$(BIN)/python setup.py --quiet build_ext --inplace

.PHONY: lint
lint: $(VENV)/.installed-dev  ## Check style, types, stubs, layers and C formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest --mypy-config-file pyproject.toml greenflow._frames
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run -Werror csrc/*.c csrc/*.h

.PHONY: format
format: $(VENV)/.installed-dev  ## Rewrite Python and C to the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i csrc/*.c csrc/*.h

.PHONY: matrix-lite
matrix-lite:  ## Run the suite on every CPython here that greenflow knows
	@for version in 3.11 3.12; do \
	    if python=$$(tools/find-python $$version); then \
	        $(MAKE) test PYTHON="$$python" VENV=.venv-$$version; \
	    fi; \
	done

.PHONY: sanitize
sanitize: asan debug  ## Run the suite under ASAN+UBSAN, and by a debug interpreter

.PHONY: asan
asan: asan-build  ## Run the suite with the core built for ASAN+UBSAN
	cd build/asan && ASAN_OPTIONS=detect_leaks=0:$(ASAN_STRICT) $(ASAN_PYTHON) \
	    $(CRASH_PYTEST) $(PYTEST_ARGS)

.PHONY: debug
debug: debug-build  ## Run the suite by a debug interpreter (python3.11-dbg)
	cd build/debug/tree && PYTHONPATH="$$PWD" \
	    ../venv/bin/python -X dev $(CRASH_PYTEST) $(PYTEST_ARGS)

.PHONY: leaks
leaks: asan-build debug-build  ## Look for leaks: C memory by LSAN, references by counting
	cd build/asan && for carry in in_memory over_bytes; do \
	    ASAN_OPTIONS=detect_leaks=1:$(ASAN_STRICT) $(ASAN_PYTHON) \
	        -m tests.core.target_leaks $$carry >/dev/null; \
	done
	cd build/debug/tree && PYTHONPATH="$$PWD" ../venv/bin/python -m pytest \
	    -p no:cacheprovider tests/core/test_leaks.py tests/runtime/test_cycles.py

.PHONY: asan-build
asan-build: $(VENV)/.installed-test
	tools/copy-tree build/asan
	cd build/asan && GREENFLOW_SANITIZE=1 \
	    $(abspath $(BIN))/python setup.py --quiet build_ext --inplace

.PHONY: debug-build
debug-build: build/debug/.installed
	tools/copy-tree build/debug/tree
	cd build/debug/tree && ../venv/bin/python setup.py --quiet build_ext --inplace

.PHONY: bench
bench: $(VENV)/.installed-bench  ## Measure; BENCH=core picks what
	$(BIN)/python -m bench $(BENCH)

.PHONY: clean
clean:  ## Remove everything that was built or installed here
	rm -rf build dist .venv .venv-* *.egg-info greenflow/*.so .hypothesis .*_cache

$(VENV)/bin/python:
	python="$(PYTHON)"; [ -n "$$python" ] || python=$$(tools/find-python 3.11) || \
	    python=$$(tools/find-python 3.12); "$$python" -m venv $(VENV)

# Without isolation, so that the virtualenv itself can compile again (make build).
$(VENV)/.installed: $(VENV)/bin/python $(BUILD_INPUTS)
	$(BIN)/python $(PIP) 'setuptools>=77'
	$(BIN)/python $(PIP) --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-%: $(VENV)/bin/python $(BUILD_INPUTS)
	$(BIN)/python $(PIP) 'setuptools>=77'
	$(BIN)/python $(PIP) --no-build-isolation --editable '.[$*]'
	touch $@ $(VENV)/.installed

# The release wheels of the dependencies load in the debug interpreter.
build/debug/.installed: pyproject.toml
	@command -v $(DEBUG_PYTHON) >/dev/null || { \
	    echo "no $(DEBUG_PYTHON). HINT: apt-get install python3.11-dbg python3-venv" >&2; \
	    exit 1; }
	mkdir -p build/debug
	$(DEBUG_PYTHON) -m venv --clear build/debug/venv
	build/debug/venv/bin/python $(PIP) 'setuptools>=77'
	build/debug/venv/bin/python tools/requirements.py test | \
	    xargs -d '\n' build/debug/venv/bin/python $(PIP)
	touch $@
