# `make demo` runs the main job on the shipped example, `make test` passes the tests; both set up .venv first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test check lint format types imports docs bench-engine bench-fitness bench-forecast bench-inventory bench-inventory-routing bench-replenishment bench-routing clean

$(VENV)/.installed: pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e . -c constraints.txt
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]' -c constraints.txt
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/planner demo

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Regenerates the reference pages that are written from the schemas, and the pictures (where Chromium is installed).
docs: $(VENV)/.installed-dev
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/screenshots.py

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-run

# Targets of the scenario engine: what-ifs over cold, overhead, 1,000 runs, two workers; writes docs/benchmarks-engine.md.
bench-engine: $(VENV)/.installed-dev
	$(BIN)/python tests/benchmarks/engine.py --write --members $(or $(MEMBERS),200)

# Forecasts beside statsforecast: pinball loss, coverage, series per second.
bench-forecast: $(VENV)/.installed-dev
	$(BIN)/python tests/benchmarks/forecast.py
	$(BIN)/python tests/benchmarks/forecast_totals.py

# Ordering policies on past windows of the VN2 challenge, beside their peers (needs its data; see the script).
bench-inventory: $(VENV)/.installed-dev
	$(BIN)/python tests/benchmarks/inventory.py
	$(BIN)/python tests/benchmarks/guaranteed_service.py $(if $(PEER_PYTHON),--peer-python $(PEER_PYTHON))

# Inventory routing on the challenge's instances (needs its data; see the script). SEQUENTIAL=1: beside ordering first, routing after.
bench-inventory-routing: $(VENV)/.installed-dev
	$(BIN)/python tests/benchmarks/inventory_routing.py --folder $(or $(DATA),../shared/data/irp) --every $(or $(EVERY),12) \
		--time-limit $(or $(SECONDS_EACH),30) $(if $(SEQUENTIAL),--sequential)

# Routing solvers beside PyVRP, HGS-CVRP and OR-Tools; writes the table of docs/benchmarks-routing.md. FULL=1 takes all instances.
# SEEDS="1 2 3", LIMIT=CPU seconds, INSTANCES="X-n1* solomon" and SOLVERS="auto pyvrp" take a part; what RESULTS holds is not run again.
bench-routing: $(VENV)/.installed-dev
	$(BIN)/python tests/benchmarks/routing.py --write $(if $(FULL),--full) $(if $(DATA),--data $(DATA)) \
		$(if $(PEER_PYTHON),--peer-python $(PEER_PYTHON)) $(if $(SEEDS),--seeds $(SEEDS)) $(if $(LIMIT),--seconds $(LIMIT)) \
		$(if $(INSTANCES),--names $(foreach name,$(INSTANCES),'$(name)')) $(if $(SOLVERS),--solvers $(SOLVERS)) $(if $(RESULTS),--results $(RESULTS))

# Replenishment with a proven bound on generated cases, beside HiGHS (and Pyomo for build times).
bench-replenishment: $(VENV)/.installed-dev
	$(BIN)/python tests/benchmarks/replenishment.py

# Fitness and chains by backend: NumPy, Numba, and CuPy where there is a GPU.
bench-fitness: $(VENV)/.installed-dev
	$(BIN)/python tests/benchmarks/fitness.py
