# The console's commands; `make help` lists them. Needs Python 3.11 or newer and nothing else.

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))
# A server's settings, so that the deployment checks judge what a server would run with.
SERVER := BASE_URL=https://console.example ALLOWED_HOSTS=console.example \
	SECRET_KEY=only-for-the-check-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJ

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test check bench messages lock

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Create .venv, install the pinned packages, compile the message catalogues
	@$(call python)
	@$(call install,requirements.txt)
	$(if $(CATALOGUES),@$(MAKE) --silent --no-print-directory $(CATALOGUES))

setup-dev: setup
	@$(call install,requirements-dev.txt)

run: setup ## Run the console: PORT=8000 HOST=127.0.0.1 VAR_DIR=./var DEMO=1
	@exec $(PY) -m partner_console.embedded run

test: setup-dev ## Run all tests on throw-away servers: ARGS='-k name'
	@exec $(PY) -m pytest -n 2 --maxschedchunk 1 $(ARGS)

check: setup-dev ## Format, lint, types, import order, templates, migrations, deployment checks
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy .
	$(VENV)/bin/lint-imports
	find templates -name '*.html' -exec $(VENV)/bin/djade --target-version 5.2 --check {} +
	$(SERVER) $(PY) -m partner_console.embedded with $(PY) manage.py makemigrations --check --dry-run
	$(SERVER) $(PY) -m partner_console.embedded with $(PY) manage.py check --deploy --fail-level WARNING

bench: setup-dev ## Measure: ONLY=list,export,import SIZE=10000
	@exec $(PY) -m tests.bench

messages: setup ## Bring locale/ up to what the source says; then translate what is empty
	@$(PY) -m partner_console.catalogues

lock: setup-dev ## Write the requirements anew from pyproject.toml, one set for every Python and system
	$(compile) --output-file requirements.txt pyproject.toml
	$(compile) --extra dev --output-file requirements-dev.txt pyproject.toml

compile = $(PY) -m uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
	--no-header $(ARGS)

%.mo: %.po
	@$(PY) -m babel.messages.frontend compile --input-file $< --output-file $@

# A Python that is new enough and whole, needed only where .venv is not there yet.
define python
test -x $(PY) && $(PY) -c '' 2>/dev/null && exit 0; \
command -v $(PYTHON) >/dev/null 2>&1 || { echo "Python 3.11 or newer is needed and $(PYTHON) is not there: install it, or name one with PYTHON=…" >&2; exit 1; }; \
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed and $(PYTHON) is $$($(PYTHON) -V 2>&1): name a newer one with PYTHON=python3.12" >&2; exit 1; }; \
$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) comes without venv: install python3-venv (Debian, Ubuntu: apt-get install python3-venv), or name another with PYTHON=…" >&2; exit 1; }; \
echo "Creating $(VENV)"; umask 022; rm -rf $(VENV) && $(PYTHON) -m venv $(VENV)
endef

# Runs pip only when the file changed since it was last installed here.
define install
want=$$(cksum < $(1)); have=$$(cat $(VENV)/$(1).installed 2>/dev/null); \
test "$$want" = "$$have" && exit 0; \
echo "Installing $(1)"; umask 022; \
$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) || { echo "The packages of $(1) can't be installed; pip's message is above." >&2; exit 1; }; \
echo "$$want" > $(VENV)/$(1).installed
endef
