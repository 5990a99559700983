# make check      the main job: every configuration's verdicts (ARGS=… goes to `verdict check`),
#                 and the museum: known bugs, each with the design that mends it
# make test       the tests, without the slow ones (ARGS=… goes to pytest)
# make test-all   the tests, all of them
# make clients    each scenario with each of Kafka's clients, and Java's tools, on this broker
# make sanitize   the native engine under the address, behaviour and thread sanitizers
# make fuzz       new random machines, which all that runs machines must agree on (MACHINES=…)
# make fuzz-broker  malformed frames: over sockets, and led by the code they reach (FRAMES=…)
# make nightly    all the tests, both kinds of fuzzing, and the mutants
# make prove      what is proved of the group, for any number of generations and offsets
# make agree      certificates that the engines and z3 find the same, for each machine
# make mutate     mistakes in the group's actions that no property notices (ARGS=… goes to it)
# make bench      the engines beside other programs that explore the same (ARGS=broker: the broker)
# make lint       style, formatting, import directions
# make types      mypy --strict over everything
# make lock       write uv.lock and requirements/dev.txt anew from pyproject.toml (needs uv)
# make clean      remove .venv and everything else that was made here
#
# Each works from a bare clone with Python 3.11 or later: it makes .venv first (.ci/venv.py).

ARGS ?=
# Processes for the tests: as many as a small machine has cores.
JOBS ?= 2
# Configurations of the group in which some mistake shows that does not in smaller ones.
MUTATED ?= group/smallest 'group/late commit' 'group/auto-commit in poll' \
    'group/late commit first' 'group/two groups' 'group/two partitions' \
    'group/zombie commit first' group/slow group/surplus group/together
# Random machines to look at, for each way of running them.
MACHINES ?= 2000
# Malformed frames to send to a broker, and inputs for each way in; seconds for each way in at most.
FRAMES ?= 1000000
SECONDS ?= 600

# Machines of which certificates are made, each at a small size.
AGREE ?= group/smallest log/epochs compaction/"in time" routing/"one partition" \
    replication/"two replicas" readers/"end offset" controller/zombies ownership membership \
    delivery partition-log changelog acknowledged examples/two_phase.py:TwoPhase

BIN := .venv/bin
# What runs the tests: .ci/run measures coverage with it.
PYTEST ?= $(BIN)/pytest

.DEFAULT_GOAL := check
.PHONY: check prove agree test test-all clients sanitize fuzz fuzz-broker nightly mutate bench lint types lock clean venv

check: venv
	@$(BIN)/verdict check $(ARGS)
	@$(BIN)/verdict museum

test: venv
	@$(PYTEST) -n $(JOBS) --dist worksteal $(ARGS)

test-all: venv
	@$(PYTEST) -n $(JOBS) --dist worksteal -m "slow or not slow" $(ARGS)

# They wait for one another most of the time: four at once, whatever the number of cores.
clients: venv
	@$(BIN)/pytest -n 4 --dist worksteal -m slow -k verdict $(ARGS) tests/conformance/clients

sanitize: venv
	@$(PYTEST) -n $(JOBS) -m "slow or not slow" $(ARGS) tests/checker/engines/test_native_sanitized.py

prove: venv
	@$(BIN)/verdict prove group $(ARGS)

agree: venv
	@$(BIN)/verdict check $(AGREE) --engine all --timeout 5 $(ARGS)

# What is judged is kept in .verdict, until the group changes: remove it then.
mutate: venv
	@mkdir -p .verdict
	@$(BIN)/verdict mutate $(MUTATED) --workers $(JOBS) --per-mutant 600 --timeout 7200 \
	    --journal .verdict/group-mutants --explained model/survivors.toml $(ARGS)

bench: venv
	@$(BIN)/verdict bench $(ARGS)

fuzz: venv
	@VERDICT_FUZZ=$(MACHINES) HYPOTHESIS_PROFILE=search \
	    $(PYTEST) -n $(JOBS) -o timeout=3600 $(ARGS) tests/fuzz

WAYS_IN := request dispatch batch compressed stored subscription pattern
fuzz-broker: venv
	@VERDICT_FLOOD=$(FRAMES) $(PYTEST) -s -o timeout=7200 $(ARGS) tests/broker/fuzz/test_flood.py
	@$(BIN)/python -c 'import atheris' || { echo 'atheris has no wheel here' >&2; exit 1; }
	@mkdir -p .verdict
	@for way in $(WAYS_IN); do \
	    echo "$$way:"; \
	    $(BIN)/python -m tests.broker.fuzz.guided $$way -runs=$(FRAMES) \
	        -max_total_time=$(SECONDS) -artifact_prefix=.verdict/$$way- \
	        -verbosity=0 -print_final_stats=1 || exit 1; \
	done

nightly: test-all fuzz fuzz-broker mutate

lint: venv
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: venv
	@$(BIN)/mypy

# The first Python that is new enough makes .venv; a .venv that fits is left alone.
venv:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        exec $$python .ci/venv.py; \
	    fi; \
	done; \
	echo 'no Python 3.11 or later found on PATH: install one, or name it: make PYTHON=/path/to/python3' >&2; \
	exit 2

lock:
	@uv lock --quiet
	@uv export --quiet --frozen --all-groups --no-emit-project --no-header \
	    --output-file requirements/dev.txt

clean:
	rm -rf .venv .venv.lock .coverage .coverage.* .hypothesis .import_linter_cache \
	    .mypy_cache .pytest_cache .ruff_cache build dist
