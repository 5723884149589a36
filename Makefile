# Needs python3 (3.11 or later), python3-venv and make; everything else is installed into .venv from requirements.lock.

PYTHON ?= python3
SHARE ?= 1
N ?= 40
BIN := .venv/bin
# Hash-checked, and nothing but what the lock pins: the extras and groups to install are named, the lock is the constraint.
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --constraint requirements.lock \
	--requirement pyproject.toml --extra all
# A failure of the installer, and what to do about one of its kind.
EXPLAINED = 2> .venv/said || { cat .venv/said >&2; sed -n -f tools/installing.sed .venv/said >&2; exit 1; }

# Who re-signs the web, as a company's proxy does, has its certificate in the machine's store: neither uv nor an older
# pip looks there by itself. Left alone where there is no store.
CERTIFICATES := $(firstword $(wildcard $(SSL_CERT_FILE) /etc/ssl/certs/ca-certificates.crt \
	/etc/pki/tls/certs/ca-bundle.crt /etc/ssl/ca-bundle.pem /etc/ssl/cert.pem))
ifneq ($(CERTIFICATES),)
UV_SYSTEM_CERTS ?= true
export UV_SYSTEM_CERTS
endif

# Debian's, that tests drive: a real server to export from, a real browser, systemd's judge of units, a fleet's database.
PROGRAMS := prometheus chromium-headless-shell systemd-analyze postgres pgbouncer

# Bots of others, each in an environment of its own: tests/peers/NAME.lock, which `make lock` leaves alone.
PEERS := freqtrade nautilus
# NautilusTrader of today needs a newer Python: it is tried as well where there is one, which PYTHON312 may name.
PYTHON312 ?= python3.12
build/peers/nautilus_3.12/installed: ITS_PYTHON = $(PYTHON312)
AGAINST_PEERS = LIVESTORY_PEERS=build/peers $(BIN)/python -m pytest -q tests/peers
INSTALLED = $(filter $(words $(PEERS)),$(words $(wildcard $(PEERS:%=build/peers/%/installed))))

# Where it is set, each start would compile every module again.
unexport PYTHONDONTWRITEBYTECODE
# Another environment may be active in the caller's shell.
unexport VIRTUAL_ENV

# Hundreds of tests drive browsers, kills and servers: on a machine that somebody else makes slow, one may give up
# waiting. What failed beside the others is run again with the machine to itself, and has to pass there.
ALONE = echo "pytest: what failed, alone" && $(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none \
	--maxfail 3

.PHONY: run test programs torture mutants peers lint format bench docs lock clean help
.DELETE_ON_ERROR:

run: .venv/installed ## play the demo: a simulated market, its story told line by line
	@$(BIN)/livestory demo

test: ## check everything: ruff, mypy, pytest
	@$(MAKE) --no-print-directory --jobs 3 lint .venv/read programs
	@echo "pytest"
	@$(BIN)/python -m pytest -q -n 4 --dist worksteal || { test $$? -eq 1 && $(ALONE); }

# Once, beside mypy, which needs one core: else each of pytest's processes compiles every module that a test imports.
.venv/read: .venv/installed-dev
	@$(BIN)/python -m pytest -q --collect-only > $@ || true

# One after the other: they have libraries in common.
programs:
	@for each in $(PROGRAMS); do test -e build/debian/usr/bin/$$each || tests/debian_package $$each || exit; done

torture: .venv/installed-dev ## the long form of the tests of reliability and of fuzzing: an hour, as root; a tenth with SHARE=0.1
	@LIVESTORY_TORTURE=$(SHARE) $(BIN)/python -m pytest -q tests/reliability tests/fuzz tests/fleet tests/web/test_connections.py \
		tests/alerts/test_kill.py tests/alerts/test_delivery.py
	@$(if $(INSTALLED),LIVESTORY_TORTURE=$(SHARE) $(AGAINST_PEERS),echo "not against real bots of others: make peers installs them")

mutants: .venv/installed-dev ## change the code at random places and see whether a test notices: N=40 takes half an hour
	@$(BIN)/python tools/mutants.py -n $(N)

peers: $(PEERS:%=build/peers/%/installed) ## against real bots of others, installed under build/peers
	@! $(PYTHON312) -c '' 2> /dev/null || $(MAKE) --no-print-directory build/peers/nautilus_3.12/installed
	@$(AGAINST_PEERS)

lint: .venv/installed-dev ## ruff and mypy alone
	@echo "ruff check"
	@$(BIN)/ruff check --quiet
	@echo "ruff format --check"
	@$(BIN)/ruff format --check --quiet
	@echo "mypy"
	@$(BIN)/mypy --no-error-summary

format: .venv/installed-dev ## let ruff format the code and mend what it can
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet

bench: .venv/installed-bench ## measure, each figure against a baseline of the same run
	@$(BIN)/python -m benchmarks

docs: .venv/installed ## write docs/configuration.md, docs/tables.md and docs/files.md anew
	@$(BIN)/python -c 'from livestory import config; print(config.reference(), end="")' > docs/configuration.md
	@$(BIN)/python -c 'from livestory.retell.shapes.listing import page; print(page(), end="")' > docs/tables.md
	@$(BIN)/python tools/files_page.py > docs/files.md

lock: .venv/bin/uv ## pin the newest packages that pyproject.toml allows
	@$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --group bench --generate-hashes --no-header \
		--no-emit-index-url --universal --python-version 3.11 --upgrade --quiet --output-file requirements.lock

clean: ## remove the environment and everything built; stories in results/ stay
	@rm -rf .venv build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' Makefile | while IFS='|' read -r name does; do \
		printf '%-12s %s\n' "$$name" "$$does"; done

# uv itself is the one package that pip installs, by the same hashes.
.venv/bin/uv:
	@command -v $(PYTHON) >/dev/null \
		|| { echo "livestory needs Python 3.11 or later: no $(PYTHON) found" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "livestory needs Python 3.11 or later, and $(PYTHON) is older; try make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "$(PYTHON) can't make a virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }
	@echo "Creating .venv"
	@$(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	@$(BIN)/python -m pip config get global.cert > .venv/said 2>&1 || export PIP_CERT="$${PIP_CERT:-$(CERTIFICATES)}"; \
		test -n "$$PIP_CERT" || unset PIP_CERT; \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement .venv/uv.txt $(EXPLAINED)

.venv/installed: requirements.lock pyproject.toml | .venv/bin/uv
	@echo "Installing the locked packages"
	@$(INSTALL) --group build $(EXPLAINED)
	@echo "Installing livestory"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . $(EXPLAINED)
	@touch $@

.venv/installed-dev: .venv/installed
	@echo "Installing the tools for development"
	@$(INSTALL) --group dev $(EXPLAINED)
	@touch $@

.venv/installed-bench: .venv/installed-dev
	@$(INSTALL) --group bench $(EXPLAINED)
	@touch $@

build/peers/%/installed: tests/peers/%.lock | .venv/installed-dev
	@echo "Installing $* under build/peers"
	@$(BIN)/uv venv --quiet --clear --python $(or $(ITS_PYTHON),$(BIN)/python) build/peers/$*
	@$(BIN)/uv pip install --quiet --python build/peers/$*/bin/python --require-hashes --requirement $<
	@! grep -q '^hatchling==' $< || $(BIN)/uv pip install --quiet --python build/peers/$*/bin/python --no-deps \
		--no-build-isolation --editable .
	@touch $@

build/debian/usr/bin/%:
	@tests/debian_package $*
