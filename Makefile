# Needs Python 3.11 or newer and make, nothing else: everything is installed into .venv.

PYTHONS := python3.13 python3.12 python3.11 python3 python
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install serve test check fix bench

help:            ## say what there is
	@sed -n 's/^\([a-z]*\): .*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

install: $(STAMP) ## make the virtual environment

serve: $(STAMP)  ## run everything on an embedded PostgreSQL: http://127.0.0.1:8400
	@exec $(BIN)/tocsin serve

test: $(STAMP)   ## run the tests
	@$(BIN)/python -m pytest -n 4 --dist loadgroup

check: $(STAMP)  ## lint, types and layers; changes nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fix: $(STAMP)    ## put right what the linter can, and make the generated pages anew
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m core.settings_page > docs/reference/settings.md
	@$(BIN)/python -m core.access.plans_page > docs/reference/plans.md
	@$(BIN)/python -m core.audit.audit_page > docs/reference/audit-log.md
	@$(BIN)/python -m core.access.rights_page > docs/reference/rights.md

bench: $(STAMP)  ## run all benchmarks, within twenty minutes
	@$(BIN)/python -m benchmarks

# The first Python that is new enough and can make virtual environments.
$(STAMP): pyproject.toml requirements.lock
	@python=; for name in $(PYTHONS); do \
		if $$name -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Tocsin needs Python 3.11 or newer with its venv module (on Debian and Ubuntu: python3-venv)." >&2; exit 1; \
	fi; \
	test -x $(BIN)/python || $$python -m venv $(VENV)
	@echo "installing into $(VENV) …" >&2
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
