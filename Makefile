# A thin skin over the command line. Variables become options: make recipe=geo data=~/papers profile=laptop
.DEFAULT_GOAL := run
.PHONY: run plan status report doctor gc test check bench env help

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STRATA := $(BIN)/strata
READY := $(VENV)/.ready

# A mistyped variable would run something else than was meant. Names in capitals are left to make and the environment.
KNOWN := recipe profile data general license general_license set until from runs yes workers only
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
CAPITALS := A B C D E F G H I J K L M N O P Q R S T U V W X Y Z
MISTYPED := RECIPE PROFILE DATA GENERAL LICENSE GENERAL_LICENSE SET UNTIL FROM RUNS
UNKNOWN := $(filter-out $(KNOWN) %_proxy $(addsuffix %,$(CAPITALS)),$(GIVEN)) $(filter $(MISTYPED),$(GIVEN))
EMPTY := $(foreach name,$(filter-out yes workers only set,$(filter $(KNOWN),$(GIVEN))),$(if $($(name)),,$(name)))
ifeq ($(MAKELEVEL),0)
$(if $(strip $(UNKNOWN)),$(error strata: unknown variable $(strip $(UNKNOWN)). Known: $(KNOWN)))
$(if $(strip $(EMPTY)),$(error strata: $(firstword $(EMPTY))= is empty. Give it a value, or leave it out))
endif

# Options that the command line takes; each is passed on only where it is given.
options = $(if $(profile),--profile $(profile)) $(if $(data),--data "$(data)") $(if $(general),--general "$(general)") \
  $(if $(license),--license "$(license)") \
  $(if $(general_license),--general-license "$(general_license)") $(if $(set),--set $(set)) $(if $(until),--until $(until)) $(if $(from),--from $(from)) \
  $(place)
place = $(if $(runs),--runs "$(runs)")
named = $(if $(recipe),$(recipe),$(error say which recipe: make $(MAKECMDGOALS) recipe=geo (or finance, medical)))

run: $(if $(recipe),$(READY),help)
	$(if $(recipe),@$(STRATA) run $(recipe) $(options))

plan: $(READY)
	@$(STRATA) plan $(named) $(options)

report: $(READY)
	@$(STRATA) report $(named) $(options)

status doctor gc: $(READY)
	@$(STRATA) $@ $(place) $(if $(filter gc,$@),$(if $(yes),--yes))

# One thread per worker: arithmetic libraries that spin on each other's cores cost more than they give.
test: $(READY)
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(or $(workers),2) $(only)

check: $(READY)
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy

bench: $(READY)
	@$(BIN)/python -c 'import rensa, spacy' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[dev,bench]'
	@$(BIN)/python -m benchmarks.$(if $(only),$(only),$(error say which: make bench only=chain))

env: $(READY)

# Made once, and again when the pinned versions change. pip's own settings name the index; no file here does.
$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "strata: no python3 found. Install Python 3.11 or 3.12"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' \
	  || { echo "strata: $(PYTHON) is `$(PYTHON) --version`; Strata needs Python 3.11 or 3.12. Say which: make PYTHON=/path/to/python3.11 recipe=geo"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "strata: installing the pinned versions into $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

help:
	@echo 'make recipe=geo                    run a recipe (geo, finance, medical) to a merged Hugging Face checkpoint'
	@echo 'make recipe=geo data=~/papers general=~/books license=CC-BY-4.0 profile=laptop    on your own text'
	@echo 'make plan recipe=geo               what would run, why, and what it would cost'
	@echo 'make status | report | doctor | gc | test | check | bench only=chain'
	@echo 'variables: profile= set="step.parameter=value ..." until=STEP from=STEP runs=DIRECTORY'
