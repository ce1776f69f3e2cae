# Every target is one line that calls the command `taptill` of the virtual environment.
# `make test ARGS="-k sale"` hands arguments on; PYTHON=/path/to/python3 chooses the interpreter.

PYTHON ?= python3
ARGS ?=
TAPTILL := .venv/bin/taptill
INSTALLED := .venv/.installed
LABGRID := .venv-labgrid/.installed
AT_PORT = $(if $(PORT),--port "$(PORT)")
TO_BOARD = $(if $(BOARD),--board "$(BOARD)") $(AT_PORT)

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz torture soak check bench screens browser build boards acquirer board flash deploy provision console sim hil record replay labgrid clean distclean

help:  ## Show this list
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(INSTALLED)  ## Make .venv with all pinned packages; does nothing when it is up to date

demo: $(INSTALLED)  ## Play one contactless sale on the virtual board, from the first key to the receipt
	@$(TAPTILL) demo $(ARGS)

test: $(INSTALLED)  ## Run all tests, or those that ARGS tell pytest (ARGS="-k sale")
	@$(TAPTILL) test $(ARGS)

fuzz: $(INSTALLED)  ## Damage what cards say and see what the kernels make of it (ARGS="--minutes 10")
	@$(TAPTILL) fuzz $(ARGS)

torture: $(INSTALLED)  ## Cut power and line at every moment of every story and audit what is left; half an hour
	@$(TAPTILL) torture $(ARGS)

soak: $(INSTALLED)  ## Make random sales on one virtual board without a restart (ARGS="--sales 300 --seed 1")
	@$(TAPTILL) soak $(ARGS)

check: $(INSTALLED)  ## Check style, types, spelling, architecture and size budgets
	@$(TAPTILL) check $(ARGS)

bench: $(INSTALLED)  ## Measure what a sale costs: bytes, time on the wires, instructions, heap
	@$(TAPTILL) bench $(ARGS)

screens: $(INSTALLED)  ## Paint every screen in both languages to build/screens (ARGS=--update keeps them)
	@$(TAPTILL) screens $(ARGS)

browser: $(INSTALLED)  ## Test the page of make sim in Debian's Chromium; pictures in build/browser
	@$(TAPTILL) test -n 0 tests/browser $(ARGS)

build: $(INSTALLED)  ## Compile the firmware and pack its ROM image
	@$(TAPTILL) build $(ARGS)

boards: $(INSTALLED)  ## List the boards and look for pins that cannot be (ARGS=--update writes wiring pages)
	@$(TAPTILL) boards $(ARGS)

acquirer: $(INSTALLED)  ## Start the acquiring host (ARGS="--help" lists its options)
	@$(TAPTILL) acquirer $(ARGS)

board: $(INSTALLED)  ## Start a virtual board that mpremote can talk to (ARGS="--help" for more)
	@$(TAPTILL) board $(ARGS)

flash: $(INSTALLED)  ## Write MicroPython and the terminal to a board (BOARD=... IMAGE=... PORT=...)
	@$(TAPTILL) flash $(TO_BOARD) $(if $(IMAGE),--image "$(IMAGE)") $(ARGS)

deploy: $(INSTALLED)  ## Bring a development board's files up to date (BOARD=... PORT=...)
	@$(TAPTILL) deploy $(TO_BOARD) $(ARGS)

provision: $(INSTALLED)  ## Tell a terminal who it is and give it its master key (PORT=... ARGS="--help")
	@$(TAPTILL) provision $(AT_PORT) $(ARGS)

console: $(INSTALLED)  ## Look inside a running terminal over its serial line (PORT=... ARGS="status")
	@$(TAPTILL) console $(AT_PORT) $(ARGS)

sim: $(INSTALLED)  ## Show the terminal in the browser (ARGS="--port 9000 --open")
	@$(TAPTILL) sim $(ARGS)

hil: $(INSTALLED)  ## Play every scenario on a bare board, its chips here (PORT=/dev/ttyUSB0; without: a process)
	@$(TAPTILL) hil $(AT_PORT) $(ARGS)

record: $(INSTALLED)  ## Play a scenario and record it (ARGS=tests/vectors/scenarios/two_sales.yaml)
	@$(TAPTILL) record $(ARGS)

replay: $(INSTALLED)  ## Play a scenario, a trace, a bundle of a failed run or vectors (ARGS="FILE")
	@$(TAPTILL) replay $(ARGS)

labgrid: $(INSTALLED) $(LABGRID)  ## Serve a farm of virtual boards by labgrid (ARGS="--boards 4")
	@$(TAPTILL) labgrid $(ARGS)

clean:  ## Remove build/, with the virtual board's flash and the acquiring host's ledger in it
	@rm -rf build

distclean: clean  ## Remove build/ and .venv
	@rm -rf .venv .venv-labgrid taptill.egg-info

# labgrid replaces pyserial, so it has an environment of its own
$(LABGRID): requirements-labgrid.txt
	@echo "Setting up .venv-labgrid: $$(grep -c == requirements-labgrid.txt) pinned packages"
	@.venv-labgrid/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv-labgrid
	@.venv-labgrid/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-labgrid.txt
	@touch $@

$(INSTALLED): requirements.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer, or say where it is with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "TapTill needs Python 3.11 or newer and $(PYTHON) is $$($(PYTHON) -V 2>&1): say where a newer one is with PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python has no venv module: install it (on Debian and Ubuntu: apt-get install python3-venv) and try again." >&2; exit 1; }
	@echo "Setting up .venv (1/3): virtual environment"
	@.venv/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "Setting up .venv (2/3): $$(grep -c == requirements.txt) pinned packages"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@echo "Setting up .venv (3/3): the command taptill"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
