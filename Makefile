# lightwatch: everything one does with it. `make help` lists the targets; CI calls only these.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:

VENV      := .venv
PYTHON    ?= python3
CARGO     ?= cargo
SUDO      := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

SUMO_128 := $(VENV)/sumo-1.28/.done
SUMO_191 := $(VENV)/sumo-1.9.1/.done
MAPS     := $(VENV)/maps/.done
# Maps beside the checkout are used when they are there; a stranger gets the same ones from PyPI.
MAP_NAMES := cologne1 cologne3 ingolstadt1 ingolstadt21 arterial4x4
MAP_DIR    = $(firstword $(wildcard ../shared/data/resco) $(VENV)/maps)

.PHONY: help demo test check fmt lint doc unit bench sumo-1.28 sumo-1.9.1 maps mosquitto tools clean

help: ## list the targets
	@grep -hE '^[a-z0-9.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([^:]+):.*## (.*)/\1\t\2/' | expand -t 14

demo: sumo-1.28 maps ## one hour of Cologne in SUMO: its own fixed-time programme, then the light that watches the cars
	@net=$(MAP_DIR)/cologne1/cologne1.net.xml; routes=$(MAP_DIR)/cologne1/cologne1.rou.xml
	$(CARGO) build --release
	target=$$($(CARGO) metadata --format-version 1 --no-deps | $(PYTHON) -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
	mkdir -p .lightwatch/demo
	for controller in fixed adaptive; do
	    echo "== $$controller: 25200 s to 28800 s of cologne1"
	    "$$target/release/lightwatch" sumo --net "$$net" --routes "$$routes" --begin 25200 --end 28800 --seed 1 \
	        --controller "$$controller" --yellow 3 --all-red 0 --min-green 5 --range 200 --json \
	        | tail -n 1 > ".lightwatch/demo/$$controller.json"
	done
	$(PYTHON) -c "$$DEMO_TABLE"

define DEMO_TABLE
import json
runs = {name: json.load(open(f".lightwatch/demo/{name}.json")) for name in ("fixed", "adaptive")}
rows = [("delay", "delay_s", "s/vehicle"), ("waiting", "wait_s", "s/vehicle"), ("travel time", "travel_time_s", "s"),
        ("stops", "stops", "per vehicle"), ("mean speed", "mean_speed_mps", "m/s"), ("arrived", "finished", "vehicles"),
        ("unsafe lamps", "unsafe", "")]
print(f"\n{'cologne1':14}{'fixed':>10}{'adaptive':>10}{'change':>9}")
for title, key, unit in rows:
    fixed, adaptive = (runs[name][key] for name in runs)
    change = f"{100 * (adaptive - fixed) / fixed:+.0f} %" if fixed else ""
    print(f"{title:14}{fixed:>10.5g}{adaptive:>10.5g}{change:>9}  {unit}")
endef
export DEMO_TABLE

test: tools check unit ## fetch what tests need, then formatting, lints, docs and every test

tools: sumo-1.28 sumo-1.9.1 maps mosquitto ## SUMO, maps and broker that tests use

check: fmt lint doc ## formatting, lints and docs, nothing may be left

fmt: ## formatting is as rustfmt wants it
	$(CARGO) fmt --all -- --check

lint: ## clippy, warnings are errors
	$(CARGO) clippy --workspace --all-targets -- -D warnings

doc: ## docs without a warning
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --document-private-items

unit: ## every test of the workspace
	$(CARGO) test --workspace

bench: ## benchmarks (criterion)
	$(CARGO) bench --workspace

sumo-1.28: $(SUMO_128) ## SUMO 1.28 in .venv/sumo-1.28
sumo-1.9.1: $(SUMO_191) ## SUMO 1.9.1 in .venv/sumo-1.9.1, the version of published results

$(VENV)/sumo-%/.done:
	@rm -rf $(@D)
	echo 'SUMO $* into $(@D)'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check 'eclipse-sumo==$*.*'
	ls $(@D)/lib/python3.*/site-packages/sumo/bin/sumo > /dev/null
	touch $@

maps: $(MAPS) ## the five RESCO maps in .venv/maps (from sumo-rl 1.4.5)

$(MAPS): $(SUMO_128)
	@echo 'maps into $(@D)'
	rm -rf $(@D) && mkdir -p $(@D)/wheel
	$(VENV)/sumo-1.28/bin/pip download --quiet --disable-pip-version-check --no-deps --dest $(@D)/wheel sumo-rl==1.4.5
	for map in $(MAP_NAMES); do
	    mkdir -p $(@D)/$$map
	    for kind in net rou; do
	        $(PYTHON) -c "$$MAP_OUT" $(@D)/wheel/*.whl $$map $$kind > $(@D)/$$map/$$map.$$kind.xml
	    done
	done
	rm -r $(@D)/wheel
	touch $@

# One file of a map out of the wheel; routes are called MAP.rou.xml or MAP_1.rou.xml there.
define MAP_OUT
import sys, zipfile
wheel, name, kind = sys.argv[1:]
folder = f"sumo_rl/nets/RESCO/{name}/"
files = zipfile.ZipFile(wheel)
found = [it for it in (f"{folder}{name}.{kind}.xml", f"{folder}{name}_1.{kind}.xml") if it in files.namelist()]
sys.stdout.write(files.read(found[0]).decode())
endef
export MAP_OUT

# The package starts a broker of its own under systemd; tests start theirs on free ports.
mosquitto: ## the MQTT broker mosquitto, installed when it is missing
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin"
	if ! command -v mosquitto > /dev/null; then
	    $(SUDO) apt-get update -qq
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mosquitto > /dev/null
	    $(SUDO) systemctl disable --now mosquitto > /dev/null 2>&1 || true
	fi
	mosquitto -h | head -n 1

clean: ## remove what was built and fetched
	@$(CARGO) clean
	rm -rf $(VENV) .lightwatch
