# Every task starts here; `make help` lists them. Needs Python >= 3.11, a Rust toolchain, make and a C compiler;
# everything else lands in .venv, target and .build inside this folder.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
UV_SYNC := $(BIN)/uv sync --quiet --frozen --inexact --no-install-project
PYTHON ?= python3
TOOLS := .build/bin
GRPCURL_VERSION := v1.9.3
ENGINE := python/pointsman/_core.abi3.so

# Cargo and maturin must agree on the interpreter, or each rebuilds what the other built.
export VIRTUAL_ENV := $(abspath $(VENV))
export PYO3_PYTHON := $(abspath $(BIN)/python)
CALLER_PATH := $(PATH)
export PATH := $(abspath $(BIN)):$(abspath $(TOOLS)):$(PATH)

# Tests start hundreds of Python processes: compiling the same modules in each costs more than all else they do.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(abspath .build/bytecode)

# Files that forget what was not synced, and points at which the process dies: in test builds only.
FAULTS := pointsman-core/fault-injection

# Folders are listed too: a deleted file changes only the time of its folder.
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find router_core -type d -o -name '*.rs' -o -name '*.bin' -o -name Cargo.toml)

# What is missing is built again, whatever the stamps say.
ifneq ($(and $(wildcard $(ENGINE)),$(wildcard $(BIN)/pointsman)),)
EXTENSION_FORCE :=
else
EXTENSION_FORCE := force
endif

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# --- set-up -----------------------------------------------------------------------------------------------------------

.PHONY: setup
setup: $(VENV)/.stamp-development $(VENV)/.stamp-extension ## Make .venv with what tests and checks need, compile the extension quickly; does nothing twice
	@echo "setup: ready: $(BIN)/pointsman"

.PHONY: release
release: $(VENV)/.stamp-release ## Compile the extension as wheels have it: faster calls, minutes more to compile
	@echo "release: ready: $(BIN)/pointsman"

.PHONY: force
force:

$(BIN)/python:
	@for candidate in "$(PYTHON)" python3.14 python3.13 python3.12 python3.11; do \
	  if command -v "$$candidate" >/dev/null && "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	    echo "setup: creating $(VENV) with $$("$$candidate" --version)"; \
	    "$$candidate" -m venv $(VENV) && exit 0; \
	    echo "setup: $$candidate cannot create environments; on Debian or Ubuntu install python3-venv" >&2; exit 1; \
	  fi; \
	done; \
	echo "setup: no Python >= 3.11 found; install one, or name it: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3" >&2; exit 1

$(BIN)/uv: | $(BIN)/python
	@echo "setup: installing uv into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13'

# What the server, the demo and the compilation need; a third of what development needs.
$(VENV)/.stamp-use: pyproject.toml uv.lock | $(BIN)/uv
	@echo "setup: installing the locked Python packages for use"
	@$(UV_SYNC) --extra demo --no-default-groups --group build
	@touch $@

$(VENV)/.stamp-development: $(VENV)/.stamp-use
	@echo "setup: installing the locked Python packages for development"
	@$(UV_SYNC) --all-extras
	@touch $@

# The first start of a server need not compile what it imports.
define compile-python
@env -u PYTHONPYCACHEPREFIX $(BIN)/python -c 'import pointsman.cli.serving.running'
endef

# Any build of these sources will do here; what is measured is a release.
# maturin installs the group dev, unlocked, unless another is named; that of its own is there already.
$(VENV)/.stamp-extension: $(RUST_SOURCES) pyproject.toml $(VENV)/.stamp-use $(EXTENSION_FORCE) | toolchain
	@echo "setup: compiling the extension (some minutes the first time)"
	@POINTSMAN_BUILD=quick $(BIN)/maturin develop --profile quick --uv --group build
	$(compile-python)
	@touch $@

$(VENV)/.stamp-release: $(RUST_SOURCES) pyproject.toml $(VENV)/.stamp-use $(EXTENSION_FORCE) | toolchain
	@echo "release: compiling the extension, optimised as a whole"
	+@$(BIN)/maturin develop --release --uv --group build
	$(compile-python)
	@touch $(VENV)/.stamp-extension $@

.PHONY: toolchain
toolchain:
	@command -v cargo >/dev/null || { echo "setup: cargo not found; install Rust from https://rustup.rs, then run make again" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "setup: no C compiler (cc) found; install gcc or clang (Debian, Ubuntu: build-essential)" >&2; exit 1; }

.PHONY: tools
tools: $(BIN)/uv ## Put grpcurl into .build/bin where Go is installed; tests use buf curl without it
	@mkdir -p $(TOOLS)
	@if command -v grpcurl >/dev/null; then :; \
	elif command -v go >/dev/null; then \
	  echo "tools: building grpcurl $(GRPCURL_VERSION)"; \
	  GOFLAGS=-mod=mod GOBIN="$(abspath $(TOOLS))" go install github.com/fullstorydev/grpcurl/cmd/grpcurl@$(GRPCURL_VERSION) \
	    || echo "tools: grpcurl could not be built; buf curl stands in"; \
	else echo "tools: Go is not installed; buf curl stands in for grpcurl"; fi

# --- use --------------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: $(VENV)/.stamp-extension ## Watch two real models share real traffic (DEMO_FLAGS="--duration 60 --keep-running")
	@# The demo writes lines to copy as the caller's own shell will find the programs.
	@# What it compiles of Python lies where the command finds it later.
	@env -u VIRTUAL_ENV -u PYTHONPYCACHEPREFIX PATH='$(CALLER_PATH)' $(BIN)/pointsman demo $(DEMO_FLAGS)

# Empty, the wheel takes the extension that `make release` compiled; to strip it links it anew, which takes minutes.
WHEEL_FLAGS ?= --strip

.PHONY: wheels
wheels: $(VENV)/.stamp-development | toolchain ## Build the wheels of server, client and drift library into .build/wheels
	@rm -rf .build/wheels && mkdir -p .build/wheels
	$(BIN)/uv build --quiet --wheel --out-dir .build/wheels python
	$(BIN)/uv build --quiet --wheel --out-dir .build/wheels drift
	$(BIN)/maturin build --quiet --release --locked $(WHEEL_FLAGS) --out .build/wheels
	$(BIN)/python scripts/check_wheels.py .build/wheels

.PHONY: try-wheels
try-wheels: wheels ## Build the wheels, install them where nothing else is, and have them serve a call
	$(BIN)/python scripts/try_wheels.py .build/wheels

# --- quality ----------------------------------------------------------------------------------------------------------

# The same build of the extension is what tests of crashes kill: nothing is compiled twice.
# Restricted to `--tests` it would build no extension.
CARGO_TEST := cargo test --workspace --locked --features $(FAULTS)
# The crate that differs without them, as wheels have it.
CARGO_TEST_WITHOUT_FAULTS := cargo test --locked --package pointsman-journal

.PHONY: test-build
# A plus hands make's job server on: release and this, made at once, have no more compilers than there are processors.
test-build: $(BIN)/python | toolchain ## Compile what cargo tests
	+$(CARGO_TEST) --no-run
	+$(CARGO_TEST_WITHOUT_FAULTS) --no-run

# The files of tests that are marked so: to collect all others takes seconds.
ALONE = $(sort $(shell grep -rl --include='test_*.py' 'pytest\.mark\.alone' tests drift/tests))

.PHONY: test
test: setup tools ## Run all tests, Rust then Python (PYTEST_FLAGS="-k routers")
	$(CARGO_TEST)
	$(CARGO_TEST_WITHOUT_FAULTS)
ifeq ($(PYTEST_FLAGS),)
	@# Tests of servers wait much of their time: twice as many processes as processors use it.
	$(BIN)/pytest -m 'not alone' --numprocesses 4 --dist loadfile --durations 25 --durations-min 2
	$(BIN)/pytest -m alone --durations 25 --durations-min 2 $(ALONE)
else
	$(BIN)/pytest $(PYTEST_FLAGS)
endif

.PHONY: test-fast
test-fast: setup ## Run the tests that need no server: unit and contract, without simulations
	$(BIN)/pytest -m 'not simulation' --numprocesses 3 --dist loadfile tests/unit tests/contract drift/tests $(PYTEST_FLAGS)

$(VENV)/.stamp-spark: $(VENV)/.stamp-development
	@$(UV_SYNC) --group spark
	@touch $@

.PHONY: spark
spark: setup $(VENV)/.stamp-spark ## Read the lake with Spark, too, as the reference says (needs Java; installs 450 MB)
	$(BIN)/pytest tests/e2e/lake

.PHONY: torture
torture: setup ## Kill servers 1,000 times, owners of jobs, uploads and analyses 50 times each, take the database away for 60 s (KILLS=1000); hold reads against 5,000 logs; simulate bandits and drift
	cargo build --locked --package pointsman-core --features $(FAULTS)
	POINTSMAN_TORTURE_KILLS=$(or $(KILLS),1000) $(BIN)/pytest tests/e2e/durability/test_kill_loop.py
	POINTSMAN_TORTURE_OWNER_KILLS=50 $(BIN)/pytest tests/e2e/durability/test_job_owners.py
	POINTSMAN_TORTURE_DRIFT_KILLS=50 $(BIN)/pytest tests/e2e/durability/test_drift_kills.py
	POINTSMAN_OUTAGE_SECONDS=60 $(BIN)/pytest -m alone tests/e2e/durability/test_database_away.py
	cargo test --locked --package pointsman-policy --test regret --test bandit -- --ignored --nocapture
	POINTSMAN_TORTURE_NUMBER_RUNS=5000 $(BIN)/pytest tests/e2e/numbers/test_random_runs.py
	POINTSMAN_TORTURE_DRIFT_RUNS=1000 $(BIN)/pytest --timeout 3600 drift/tests/test_calibration.py
	POINTSMAN_TORTURE_DECISIONS=1000000 POINTSMAN_TORTURE_RUNS=200 $(BIN)/pytest -s tests/integration/strategies

CHECKS := check-rust check-python check-proto check-generated check-layers

.PHONY: check
check: setup codegen-packages ## Format, lints, types, schema, layers, generated code current
	@# Two at a time, for types are checked by one processor; each one's output stays together.
	@$(MAKE) --jobs 2 --output-sync=target $(CHECKS)
	@echo "check: all passed"

.PHONY: check-rust
check-rust: $(BIN)/python | toolchain
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked --quiet -- -D warnings
	@# What only a fuzzer or a reader of the documentation would find broken.
	cargo check --manifest-path fuzz/Cargo.toml --target-dir target --locked --quiet
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --document-private-items --locked --quiet

.PHONY: check-python
check-python: setup
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest --allowlist .stubtest-allowlist pointsman._core
	$(BIN)/uv lock --check --quiet

.PHONY: check-proto
check-proto: $(VENV)/.stamp-development
	$(BIN)/buf lint
	$(BIN)/buf breaking --against proto/baseline.binpb

.PHONY: check-generated
check-generated: setup codegen-packages
	$(BIN)/python scripts/generate.py --check

.PHONY: check-layers
check-layers: setup
	$(BIN)/lint-imports --config .importlinter
	$(BIN)/python scripts/check_rust_layers.py
	$(BIN)/python scripts/check_portable.py

# --- generated --------------------------------------------------------------------------------------------------------

.PHONY: codegen-packages
codegen-packages: $(VENV)/.stamp-codegen

$(VENV)/.stamp-codegen: $(VENV)/.stamp-development
	@$(UV_SYNC) --group codegen
	@touch $@

.PHONY: generate
generate: setup codegen-packages ## Write the generated Rust, Python and reference pages again
	$(BIN)/python scripts/generate.py

.PHONY: baseline
baseline: $(VENV)/.stamp-development ## Accept the public schema of now as what later ones must not break
	$(BIN)/buf build --exclude-source-info -o proto/baseline.binpb

# --- speed ------------------------------------------------------------------------------------------------------------

$(VENV)/.stamp-bench: $(VENV)/.stamp-development
	@$(UV_SYNC) --group bench
	@touch $@

.PHONY: load-programs
load-programs: $(BIN)/python | toolchain
	@# Beside the server's package: what both need has the same features then, and is not compiled twice.
	cargo build --release --locked --package pointsman-core --package pointsman-benches --bins

.PHONY: bench
bench: release $(VENV)/.stamp-bench load-programs ## Measure beside Envoy and grpc.aio into benches/results (QUICK=1: about six minutes)
	cargo bench --locked --package pointsman-decision-bench --bench decision -- --noplot $(if $(QUICK),--warm-up-time 1 --measurement-time 1 '^(sticky|random)/')
	$(BIN)/python scripts/instructions.py
	$(BIN)/python -m benches.load $(if $(QUICK),--quick) $(BENCH_FLAGS)
	$(BIN)/python -m benches.records $(if $(QUICK),--quick) $(RECORDS_FLAGS)
	$(BIN)/pytest benches/python --benchmark-enable --benchmark-columns=min,median,mean,rounds $(if $(QUICK),--benchmark-max-time=0.2)

.PHONY: bench-ends
bench-ends: release $(VENV)/.stamp-bench load-programs ## Call peers that end their connections in order, beside Envoy (QUICK=1); needs nginx
	$(BIN)/python -m benches.orderly_ends $(if $(QUICK),--quick) $(ENDS_FLAGS)

.PHONY: bench-first
bench-first: release $(VENV)/.stamp-bench ## Time what a newcomer waits for, make demo in an empty clone included (FIRST_FLAGS="--rounds 3")
	$(BIN)/python -m benches.first_hours --clone $(FIRST_FLAGS)

.PHONY: bench-before
bench-before: release $(VENV)/.stamp-bench load-programs ## Measure this version beside an earlier commit (BEFORE=HEAD~1 QUICK=1)
	@commit=$$(git rev-parse --verify "$(or $(BEFORE),HEAD~1)^{commit}"); \
	folder=.build/before-$${commit:0:12}; \
	test -d $$folder || git worktree add --detach $$folder $$commit; \
	env -u VIRTUAL_ENV -u PYO3_PYTHON PATH='$(CALLER_PATH)' $(MAKE) -C $$folder $$(grep -q "^release:" $$folder/Makefile && echo release || echo setup); \
	$(BIN)/python -m benches.before $(if $(QUICK),--quick) $(BEFORE_FLAGS) $$folder/.venv/bin/pointsman

.PHONY: clean
clean: ## Remove everything that was built: target, .venv, .build, caches
	rm -rf target $(VENV) .build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	rm -f python/pointsman/_core*.so
	find python scripts benches tests drift -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
