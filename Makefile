# microflight: everything a person types. `make` alone prints the list.
#
#   BOARD    pyboard | feather_f405 | f4_discovery          (default pyboard)
#   PROFILE  development | flight                           (default development)
#   KEYS     folder of the link's keys for PROFILE=flight   (development makes its own)
#   WORLD    desktop | qemu | renode, for `make run`        (default qemu)
#   PYTHON   the interpreter the environment is made with   (default python3)

BOARD ?= pyboard
PROFILE ?= development
WORLD ?= qemu
PYTHON ?= python3

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

VENV := $(CURDIR)/.venv
PY := $(VENV)/bin/python
STAMPS := build/stamps
# Beside what it stands for: gone when the environment is, kept by `make clean`.
ENVIRONMENT := $(VENV)/.microflight
ELF := build/firmware/$(BOARD)-$(PROFILE)/microflight.elf
REPORT := build/report/first-light.html
NATIVE_SOURCES := $(wildcard native/src/*/*.c native/include/*.h native/src/*/*.h native/cffi/*)

.PHONY: help
help: ## this list
	@echo "microflight: flight software, simulator and ground side for small satellites"
	@echo
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo
	@echo "  options: BOARD=pyboard|feather_f405|f4_discovery  PROFILE=development|flight"
	@echo "           WORLD=qemu|desktop|renode"

# --- environment -----------------------------------------------------------------------------

$(STAMPS)/system: .ci/packages
	@mkdir -p $(STAMPS)
	@PYTHON=$(PYTHON) .ci/packages
	@touch $@

$(STAMPS)/peers: .ci/packages
	@mkdir -p $(STAMPS)
	@PYTHON=$(PYTHON) .ci/packages interop
	@touch $@

$(ENVIRONMENT): pyproject.toml | $(STAMPS)/system
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "python environment: installing the pinned dependencies into .venv"
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev,sim,ground,campaign]'
	@touch $@

$(STAMPS)/native: $(NATIVE_SOURCES) $(ENVIRONMENT)
	@echo "native: building the C kernel for this computer"
	@$(PY) -m native.cffi.build_native
	@$(PY) -m native.cffi.build_adcs
	@$(PY) -m native.cffi.build_link
	@$(PY) -m native.cffi.build_files
	@test -d build/keys/development || $(PY) -m ground.keys generate build/keys/development
	@touch $@

.PHONY: setup
setup: $(STAMPS)/native ## prepare this computer: system packages, .venv, the C kernel for the desktop

# --- firmware --------------------------------------------------------------------------------

.PHONY: firmware
firmware: $(ENVIRONMENT) ## build build/firmware/BOARD-PROFILE/microflight.elf
	@echo "firmware: $(BOARD), $(PROFILE)"
	@$(MAKE) --no-print-directory -C boards/obc_f405 BOARD=$(BOARD) PROFILE=$(PROFILE) \
		$(if $(KEYS),KEYS=$(abspath $(KEYS))) PYTHON=$(PY)

.PHONY: flash
flash: firmware ## put the firmware on a connected board (dfu-util, st-flash for f4_discovery)
	@arm-none-eabi-objcopy -O binary $(ELF) $(ELF:.elf=.bin)
ifeq ($(BOARD),f4_discovery)
	@command -v st-flash >/dev/null || { \
		echo "flash: st-flash is missing; install it: sudo apt install stlink-tools" >&2; exit 2; }
	st-flash --reset write $(ELF:.elf=.bin) 0x08000000
else
	@command -v dfu-util >/dev/null || { \
		echo "flash: dfu-util is missing; install it: sudo apt install dfu-util" >&2; exit 2; }
	@echo "flash: hold BOOT0 high and reset the board, so that it shows up as a DFU device"
	dfu-util --alt 0 --device 0483:df11 --dfuse-address 0x08000000:leave \
		--download $(ELF:.elf=.bin)
endif

# --- fly, test, measure ----------------------------------------------------------------------

.PHONY: run
run: $(STAMPS)/native $(if $(filter desktop,$(WORLD)),,firmware) ## from nothing to a flown reference mission and its report
	@$(PY) -m cli fly first-light --world $(WORLD) --report $(REPORT)

.PHONY: test
test: $(STAMPS)/native ## from nothing to the whole test suite, emulated tests included
	@test -d build/keys/trial || $(PY) -m ground.keys generate build/keys/trial
	@$(MAKE) --no-print-directory firmware PROFILE=development
	@$(MAKE) --no-print-directory firmware PROFILE=flight KEYS=build/keys/trial
	@$(PY) -m pytest -n 2

.PHONY: accept
accept: $(STAMPS)/native ## the long ones: whole orbits over the envelope, every figure
	@$(MAKE) --no-print-directory firmware PROFILE=development
	@$(PY) -m pytest -m accept -n 2
	@$(PY) -m cli diff first-light --worlds desktop,qemu
	@$(MAKE) --no-print-directory firmware PROFILE=development TICK_MS=10
	@$(PY) -m cli bench --long --json build/evidence/bench.json
	@$(PY) -m cli verify adcs --json build/evidence/adcs.json
	@.ci/packages fuzz
	@$(PY) -m cli verify fuzz --json build/evidence/fuzz.json
	@$(MAKE) --no-print-directory firmware PROFILE=development
	@$(PY) -m cli campaign faults --json build/evidence/faults.json --report build/report/faults.html
	@$(PY) -m cli campaign powercut --json build/evidence/powercut.json

.PHONY: interop
interop: $(STAMPS)/native $(STAMPS)/peers firmware ## every program of others that must agree, installed and asked
	@$(PY) -m cli interop --json build/evidence/interop.json

.PHONY: bench
bench: $(STAMPS)/native firmware ## every figure with its limit, also as build/evidence/bench.json
	@$(PY) -m cli bench --json build/evidence/bench.json

.PHONY: lint
lint: $(ENVIRONMENT) ## formatter, linter and type checker, host and target code
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@$(PY) .ci/typings.py
	@$(PY) -m mypy --config-file mypy-target.ini

.PHONY: clean
clean: ## remove what was built (the environment and downloaded sources stay)
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis
