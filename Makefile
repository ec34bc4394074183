# greenflow: `make` alone lists what there is. VERSION=3.14 picks another CPython, which
# is fetched if it is not here, PYTHON=... an interpreter by its name or path; each has
# a virtualenv of its own. PYTEST_ARGS=... goes to pytest.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Tests start thousands of processes: without .pyc files each compiles all it imports.
unexport PYTHONDONTWRITEBYTECODE
MAKEFLAGS += --no-print-directory

VERSION ?=
PYTHONS ?= 3.11 3.12 3.13 3.14 3.15
VENV ?= .venv$(if $(VERSION),-$(VERSION),$(if $(PYTHON),-$(notdir $(PYTHON))))
DEBUG_PYTHON ?=
PYTEST_ARGS ?=
MATRIX_ARGS ?= $(PYTEST_ARGS)
MATRIX_STRICT ?=
BENCH ?= suite
BENCH_ARGS ?=
RUN ?=
EXAMPLES ?= 20000
SOAK_SECONDS ?= 1800
FUZZ_SECONDS ?= 300
FUZZ_TARGETS := envelope head view decoder verifier

BIN := $(VENV)/bin
# The folders of 3.11 have no version in their names.
KNOWN_VERSION := $(or $(VERSION),$(if $(PYTHON),$(shell \
    $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' \
    2>/dev/null)),3.11)
OTHER := $(addprefix -,$(filter-out 3.11,$(KNOWN_VERSION)))
ASAN := build/asan$(OTHER)
DEBUG := build/debug$(OTHER)
DEBUG_BIN := $(abspath $(DEBUG))/venv/bin
# Runs a check, and notes how it ended (build/matrix/X.Y.json).
RECORD := python3 $(CURDIR)/tools/record.py
BUILD_INPUTS := setup.py pyproject.toml $(wildcard csrc/*.[ch] csrc/pages/*.[ch] csrc/green/*.[ch])
PIP := -m pip --disable-pip-version-check --quiet install
# A process that dies in C leaves its report on the real stderr: keep pytest off it.
CRASH_PYTEST := -m pytest -p no:cacheprovider --capture=sys -o timeout=1200
# Sanitizers: pymalloc would hide overruns inside its pools, and the interpreter itself
# is not instrumented, so their libraries are loaded before it.
ASAN_STRICT := exitcode=66:halt_on_error=1
ASAN_PYTHON = env LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libstdc++.so)" \
    UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc PYTHONPATH="$$PWD" \
    $(abspath $(BIN))/python -X faulthandler

LSAN_KNOWN = $(addprefix LSAN_OPTIONS=print_suppressions=0:suppressions=, \
    $(abspath $(wildcard tools/lsan-$(KNOWN_VERSION).supp)))

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: demo
demo: $(VENV)/.installed  ## Kill a flow in one process, see it go on in another
	@$(BIN)/greenflow demo

.PHONY: test
test: $(VENV)/.installed-test  ## Run the test suite
	@$(RECORD) test $(BIN)/python $(BIN)/python -m pytest $(PYTEST_ARGS)

.PHONY: build
build: $(VENV)/.installed-dev  ## Compile the C core in place, where it changed
	$(BIN)/python setup.py --quiet build_ext --inplace

.PHONY: lint
lint: $(VENV)/.installed-dev  ## Check style, types, stubs, layers and C formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest --mypy-config-file pyproject.toml greenflow._frames greenflow._green greenflow._pages
	$(BIN)/lint-imports
	$(BIN)/clang-format --dry-run -Werror csrc/*.[ch] csrc/pages/*.[ch] csrc/green/*.[ch]

.PHONY: format
format: $(VENV)/.installed-dev  ## Rewrite Python and C to the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i csrc/*.[ch] csrc/pages/*.[ch] csrc/green/*.[ch]

.PHONY: soak
soak: $(VENV)/.installed-test  ## Crash workers for SOAK_SECONDS=1800, faults, a million cycles, EXAMPLES=20000 programs
	GREENFLOW_SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/python -m pytest -q \
	    -p no:cacheprovider -o timeout=86400 tests/crash tests/faults \
	    tests/core/test_mutations.py tests/keys/test_refused.py
	GREENFLOW_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -p no:cacheprovider \
	    -o timeout=86400 tests/programs/test_random.py

.PHONY: fuzz
fuzz: $(VENV)/.installed-test  ## Feed any bytes to what reads them, FUZZ_SECONDS=300 in all
	@for target in $(FUZZ_TARGETS); do \
	    $(BIN)/python -m tests.fuzz $$target \
	        $$(( $(FUZZ_SECONDS) / $(words $(FUZZ_TARGETS)) )); \
	done

.PHONY: table
table:  ## Try each pending instruction on every CPython of PYTHONS: docs/delivery.md
	for v in $(PYTHONS); do \
	    $(MAKE) VERSION=$$v table-run || true; \
	done
	python3 tools/delivery_table.py docs/delivery.md \
	    $(foreach v,$(PYTHONS),$(wildcard build/delivery-$(v).xml))

.PHONY: table-run
table-run: $(VENV)/.installed-test
	mkdir -p build
	$(BIN)/python -m pytest -q -n 2 tests/delivery/test_rows.py \
	    --deselect tests/delivery/test_rows.py::test_watched \
	    --junitxml=build/delivery-$(KNOWN_VERSION).xml

.PHONY: matrix
matrix:  ## Run the suite on every CPython of PYTHONS (MATRIX_ARGS, MATRIX_STRICT=1)
	@MATRIX_ARGS='$(MATRIX_ARGS)' MATRIX_STRICT='$(MATRIX_STRICT)' \
	    python3 tools/matrix.py test $(PYTHONS)

.PHONY: report
report:  ## Write what was measured into docs and README.md; RUN=1 measures everything first
	$(if $(RUN),-@$(MAKE) report-all-run)
	@python3 tools/report.py $(PYTHONS)
	@python3 -m bench.report

.PHONY: report-all
report-all:  ## Run suite, debug, asan, leaks and bench on all, then report (hours)
	@$(MAKE) report RUN=1

.PHONY: report-all-run
report-all-run:
	@MATRIX_ARGS='$(MATRIX_ARGS)' python3 tools/matrix.py test,debug,asan,leaks,bench \
	    $(PYTHONS)

.PHONY: sanitize
sanitize: asan debug  ## Run the suite under ASAN+UBSAN, and by a debug interpreter

.PHONY: asan
asan: asan-build  ## Run the suite with the core built for ASAN+UBSAN
	@cd $(ASAN) && ASAN_OPTIONS=detect_leaks=0:$(ASAN_STRICT) \
	    $(RECORD) asan $(abspath $(BIN))/python \
	    $(ASAN_PYTHON) $(CRASH_PYTEST) $(PYTEST_ARGS)

.PHONY: debug
debug: debug-build  ## Run the suite by a debug interpreter
	@cd $(DEBUG)/tree && $(RECORD) debug $(DEBUG_BIN)/python env PYTHONPATH="$$PWD" \
	    $(DEBUG_BIN)/python -X dev $(CRASH_PYTEST) $(PYTEST_ARGS)

.PHONY: leaks
leaks: asan-build debug-build  ## Look for leaks: C memory by LSAN, references by counting
	@$(RECORD) leaks $(abspath $(BIN))/python make leaks-run

# Called by that name, not as $(MAKE), which `make -n leaks` would run, and note.
.PHONY: leaks-run
leaks-run:
	cd $(ASAN) && for carry in in_memory over_bytes; do \
	    ASAN_OPTIONS=detect_leaks=1:fast_unwind_on_malloc=0:$(ASAN_STRICT) $(LSAN_KNOWN) $(ASAN_PYTHON) \
	        -m tests.core.target_leaks $$carry >/dev/null; \
	done
	cd $(DEBUG)/tree && PYTHONPATH="$$PWD" $(DEBUG_BIN)/python -m pytest \
	    -p no:cacheprovider tests/core/test_leaks.py tests/runtime/test_cycles.py \
	    tests/delivery/test_leaks.py

.PHONY: asan-build
asan-build: $(VENV)/.installed-test
	tools/copy-tree $(ASAN)
	cd $(ASAN) && GREENFLOW_SANITIZE=1 \
	    $(abspath $(BIN))/python setup.py --quiet build_ext --inplace

.PHONY: debug-build
debug-build: $(DEBUG)/.installed
	tools/copy-tree $(DEBUG)/tree
	cd $(DEBUG)/tree && $(DEBUG_BIN)/python setup.py --quiet build_ext --inplace

.PHONY: bench
bench: $(VENV)/.installed-bench  ## Measure all, in a quarter of an hour; BENCH=core picks what
	@$(if $(filter core,$(BENCH)),$(RECORD) bench $(BIN)/python) \
	    $(BIN)/python -m bench $(BENCH) $(BENCH_ARGS)

.PHONY: clean
clean:  ## Remove everything that was built or installed here
	rm -rf build dist .python .venv .venv-* *.egg-info greenflow/*.so .hypothesis .*_cache

# With neither PYTHON nor VERSION, what this machine has is good enough.
$(VENV)/bin/python:
	@python="$(PYTHON)"; version="$(VERSION)"; \
	if [ -n "$$version" ] && [ -z "$$python" ]; then \
	    python=$$(tools/find-python "$$version" --fetch); \
	fi; \
	for version in 3.11 3.12 3.13 3.14 3.15; do \
	    [ -n "$$python" ] || python=$$(tools/find-python $$version) || true; \
	done; \
	tools/make-venv "$$python" $(VENV)

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
$(DEBUG)/.installed: pyproject.toml
	mkdir -p $(DEBUG)
	@python="$(DEBUG_PYTHON)"; \
	[ -n "$$python" ] || python=$$(tools/find-python $(KNOWN_VERSION) --debug --fetch); \
	tools/make-venv "$$python" $(DEBUG)/venv
	$(DEBUG_BIN)/python -W ignore $(PIP) 'setuptools>=77'
	$(DEBUG_BIN)/python tools/requirements.py test | \
	    xargs -d '\n' $(DEBUG_BIN)/python -W ignore $(PIP)
	touch $@
