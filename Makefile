# `make` alone lists the targets. Everything that it makes is in build/, except .venv.
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BUILD := build
PYTHON := .venv/bin/python3
export OMP_WAIT_POLICY ?= passive

.PHONY: help setup configure build program test conformance demo bench fuzz fuzz-variants coverage format clean

help:            ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup:           ## install what is missing: Debian packages, and Python packages into .venv
	@.ci/setup

configure: setup
	@test -f $(BUILD)/build.ninja || cmake -G Ninja -B $(BUILD) -S . --log-level=WARNING

build: configure ## build everything
	@cmake --build $(BUILD) --parallel $(JOBS)
	@touch $(BUILD)/mote-built

# What ./mote needs, without the tests.
program: configure
	@cmake --build $(BUILD) --parallel $(JOBS) --target mote mote_device
	@touch $(BUILD)/mote-built

test: build      ## set up, build, run all tests
	@ctest --test-dir $(BUILD) --parallel $(JOBS) --output-on-failure --no-tests=error

conformance: configure ## 10,000 random models an operator, from seed SEED= on (drawn where it is not given)
	@cmake --build $(BUILD) --parallel $(JOBS) --target mote_runtime_shared
	@seed=$${SEED:-$$(date +%s)}; echo "conformance: CASES=$${CASES:-10000} SEED=$$seed"; \
	  MOTE_BUILD_DIR=$(BUILD) MOTE_CONFORMANCE_CASES=$${CASES:-10000} MOTE_CONFORMANCE_SEED=$$seed \
	  $(PYTHON) -m pytest -q -p no:cacheprovider tests/conformance/test_operators.py -k test_equals_the_reference

demo: program    ## the whole way on handwritten digits: train, quantize, export, verify on every emulated core
	@./mote run docs/recipes/digits.toml --force

bench: build     ## measure; writes docs/benchmarks.md
	@$(PYTHON) tests/bench/run.py --build $(BUILD) --output docs/benchmarks.md

fuzz: configure  ## fuzz the device runtime for TIME= seconds (60) on WORKERS= processes (1); adds the run to docs/security.md
	@cmake --build $(BUILD) --parallel $(JOBS) --target mote_fuzzers
	@$(PYTHON) tests/fuzz/run.py --build $(BUILD) --seconds $(or $(TIME),60) --workers $(or $(WORKERS),1) --record $(or $(FUZZERS),load kernels)

fuzz-variants: configure ## compare the compiler's kernels on random models for TIME= seconds (60), from seed SEED= on (drawn)
	@cmake --build $(BUILD) --parallel $(JOBS) --target compare_variants
	@MOTE_BUILD_DIR=$(BUILD) $(PYTHON) tests/compiler/fuzz_variants.py --keep $(BUILD)/fuzz-variants --seconds $(or $(TIME),60) \
	  $(if $(SEED),--seed $(SEED))

coverage: setup  ## which lines and branches of mcu_runtime/ its tests run; fails under 100 % and 95 %
	@$(PYTHON) tests/coverage.py --build build-coverage

format:          ## clang-format (version 14) on all C++ files
	@git ls-files -co --exclude-standard '*.cc' '*.h' | xargs -r clang-format-14 -i

clean:           ## remove what was built (.venv stays)
	@rm -rf $(BUILD) build-* dist
