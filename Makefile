# One verb each; every verb that needs the environment sets it up first.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --constraint constraints.txt
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MLFLOW_DISABLE_TELEMETRY := true
export RAY_USAGE_STATS_ENABLED := 0

# Words for the program behind a verb: make train ARGS="algo=sac seed=1"
ARGS ?=
# The messages of train-real: the AAPL hour in the folder of market data.
DATA ?= $(if $(MARKET_DATA),$(MARKET_DATA)/lobster_aapl_20120621_50)

ENGINE := $(shell find engine -name '*.cpp' -o -name '*.hpp')
CPP := $(ENGINE) $(wildcard tests/engine/*.cpp tests/engine/*.hpp)
PYTHON_ROOMS := engine envs training tuning analysis config tests

# CMake finds its ninja on the path.
CMAKE := PATH="$(CURDIR)/$(BIN):$$PATH" cmake

.DEFAULT_GOAL := help
.PHONY: help setup build train train-real gaps tune ui test test-long sanitize bench lint format wheel clean

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.built ## .venv, pinned packages, the engine

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) scikit-build-core pybind11 cmake ninja
	$(BIN)/python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*p['dependencies'], *p['optional-dependencies']['dev'], sep='\n')" > $(VENV)/requirements.txt
	$(PIP) -r $(VENV)/requirements.txt
	touch $@

$(VENV)/.built: $(VENV)/.installed CMakeLists.txt $(ENGINE)
	$(PIP) --no-build-isolation --no-deps --editable .
	touch $@

build: setup ## compile the engine after a change

train: setup ## the main job: PPO on the shipped market, evaluation, model in MLflow
	$(BIN)/python -m training $(ARGS)

train-real: setup ## calibrate on the LOBSTER messages in MARKET_DATA, train on that market, evaluate
	$(BIN)/python -m training real config=config/poisson/ppo.yaml $(if $(DATA),"data=$(DATA)") $(ARGS)

gaps: setup ## train on every market with a known optimum: how near does it come?
	$(BIN)/python -m training gaps $(ARGS)

tune: setup ## a Tune sweep over skews and penalty, tracked in MLflow
	$(BIN)/python -m tuning $(ARGS)

ui: setup ## MLflow on the store in mlruns/
	$(BIN)/python -m training ui $(ARGS)

# Some files of tests at a time, for two cores. What a file shares, Ray or a server, starts once.
PYTEST := $(BIN)/pytest --dist loadfile

test: setup ## the tests, C++ and Python; those on real data run where MARKET_DATA names a folder
	$(CMAKE) --workflow --preset release
	$(PYTEST) --numprocesses 3 -m "not long" $(ARGS)

test-long: setup ## the tests that take longer: killed processes, full disks, a cluster, the way to the optimum
	$(PYTEST) --numprocesses 2 -m long $(ARGS)

sanitize: setup ## the C++ tests under the address, undefined behaviour and thread sanitizers
	$(CMAKE) --workflow --preset asan
	$(CMAKE) --workflow --preset tsan

# The peers need an older numpy: they live in an environment of their own.
build/peers/.installed: engine/bench/peers/requirements.txt
	$(PYTHON) -m venv build/peers
	build/peers/bin/pip install --quiet -r $<
	touch $@

bench: setup build/peers/.installed ## speed and memory against the budget, beside peers: two tables and build/bench*.json
	$(CMAKE) --workflow --preset bench
	$(BIN)/python engine/bench/run.py $(ARGS)
	$(BIN)/python -W ignore training/bench/run.py $(ARGS)

lint: setup ## what a reviewer would say first
	$(BIN)/ruff check $(PYTHON_ROOMS)
	$(BIN)/ruff format --check $(PYTHON_ROOMS)
	$(BIN)/clang-format --dry-run --Werror $(CPP)
	$(CMAKE) --preset lint -D Python_EXECUTABLE=$(CURDIR)/$(BIN)/python \
	  -D pybind11_DIR=$$($(BIN)/python -m pybind11 --cmakedir) > /dev/null
	printf '%s\n' $(filter %.cpp,$(CPP)) | xargs -P $$(nproc) -n 1 $(BIN)/clang-tidy -p build/lint --quiet
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m mypy.stubtest engine._core --allowlist engine/stubtest-allowlist.txt

format: setup ## mend what can be mended by a tool
	$(BIN)/ruff check --fix $(PYTHON_ROOMS)
	$(BIN)/ruff format $(PYTHON_ROOMS)
	$(BIN)/clang-format -i $(CPP)

# Ray knows a wheel by its name alone and keeps the first one it gets: each build has a name of its own.
wheel: setup ## dist/*.whl for a cluster, and dist/runtime_env.yaml, which names it
	rm -f dist/*.whl
	$(BIN)/pip wheel --quiet --no-build-isolation --no-deps --wheel-dir dist \
	  --config-settings=wheel.build-tag=$$(date -u +%Y%m%d%H%M%S) .
	{ cat deploy/runtime_env.yaml; echo "py_modules: [$$(echo dist/*.whl)]"; } > dist/runtime_env.yaml

clean: ## remove what was built, not what was trained
	rm -rf $(VENV) build dist
