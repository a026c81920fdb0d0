# `make` lists the targets. Each one does the set-up that it needs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo demo-cluster interop h2spec kafka test test-lowest conformance \
  conformance-serve differential differential-server test-wheel test-server check corpus \
  generate bench bench-guard requirements build dist clean
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

# Any that uv finds; `make setup PYTHON=3.13` asks for one.
PYTHON ?= >=3.11
UV := scripts/uv
# Much of the time goes into waiting for a server; a file's tests stay together and share theirs.
PARALLEL := --numprocesses 2 --dist loadfile
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
  --no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements"

# Written when what they stand for is done; make redoes it when a file they name has changed.
DEV := .venv/.done
LOWEST := .venv-lowest/.done
BENCH := .venv-bench/.done
SERVER := node_modules/.done
H2SPEC := .tools/h2spec
KAFKA := .tools/kafka

help:  ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /  \1\t/' | expand -t 20

setup: $(DEV) $(LOWEST) $(SERVER)  ## Install all that the other targets need (Python 3.11+ and npm suffice)

demo: setup  ## Run the shop: a Restate server, an endpoint, and calls to it
	.venv/bin/python examples/shop/demo.py

demo-cluster: setup  ## Kill nodes and processes of a cluster under load, and see that nothing is lost
	.venv/bin/python -m examples.cluster.demo

interop: setup  ## Play every pair of five languages; ARGS="--languages python,go" for some
	.venv/bin/python -m interop $(ARGS)

h2spec: setup $(H2SPEC)  ## Hold HTTP/2 against a conformance suite, with each engine (needs Go)
	.venv/bin/python tests/h2spec/run.py --binary $(H2SPEC)

kafka: setup $(KAFKA)  ## Have a server take events from a Kafka in memory (needs Go)
	.venv/bin/pytest tests/kafka

# Where the tests of handlers run that need no real server: virtual or real.
RESTATE := virtual

test: setup  ## Run the tests; ARGS="..." goes to pytest
	.venv/bin/pytest $(PARALLEL) --restate=$(RESTATE) $(ARGS)

test-server: setup  ## Run the tests of handlers on a real server that `make test` runs on a virtual one
	.venv/bin/pytest $(PARALLEL) --restate=real -m both tests/integration tests/examples/test_shop.py $(ARGS)

test-lowest: setup  ## Run the tests on the oldest dependencies that are supported
	MATRIX=reduced .venv-lowest/bin/pytest $(PARALLEL) $(ARGS)

conformance: setup  ## Run the cases of the public SDK suite in all configurations
	CONFORMANCE=all .venv/bin/pytest tests/conformance $(ARGS)

conformance-serve: setup  ## Serve the services of the public SDK suite; ARGS="--port 9081 Counter"
	.venv/bin/python -m conformance $(ARGS)

differential-server: setup  ## Play random handlers on a virtual server, too; ARGS="--programs 20000"
	.venv/bin/python -m tests.differential.server $(ARGS)

differential: setup  ## Play random handlers on the official state machine, too; ARGS="--handlers 100000"
	.venv/bin/python -m tests.differential $(ARGS)

# They compile other languages, attack, follow pages or play at random, and take long.
UNMEASURED := $(addprefix --ignore=tests/,bench ci conformance corpus differential examples fuzz \
  h2spec hostile interop kafka site soak typechecks) --ignore-glob='*/test_compiles.py' \
  -m "not wheel and not untraced"

.PHONY: coverage
coverage: setup  ## List what of the code the tests do not reach, and fail if that is too much
	.venv/bin/coverage erase
	.venv/bin/coverage run -m pytest $(PARALLEL) --restate=$(RESTATE) $(UNMEASURED) $(ARGS)
	.venv/bin/coverage combine --quiet
	.venv/bin/coverage report --skip-covered --sort=-miss

.PHONY: soak
soak: setup  ## Kill and cut under load, and compare all books; ARGS="--minutes 10 --seed 1 --engine ngh2"
	.venv/bin/python -m tests.soak $(ARGS)

# How much of the attacks: `all` floods until the endpoint ends each, `some` sends the first of it.
HOSTILE ?= all
.PHONY: hostile
hostile: setup  ## Attack endpoints with each engine; HOSTILE=some for short floods
	HOSTILE=$(HOSTILE) .venv/bin/pytest $(PARALLEL) tests/hostile $(ARGS)

.PHONY: fuzz
fuzz: setup  ## Try properties on random input; ARGS="--examples 100000 --seed 1"
	.venv/bin/python -m tests.fuzz $(ARGS)

test-wheel: setup  ## Install the wheel away from the clone and use it on a real server
	.venv/bin/pytest -m wheel $(ARGS)

check: setup  ## Lint, types, layers, contracts, and that generated code is fresh
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pyright
	.venv/bin/mypy $$(find generated examples -name '*_restate.py' -not -path '*/polyglot/*')
	.venv/bin/lint-imports --no-cache
	.venv/bin/buf lint
	.venv/bin/buf format --diff --exit-code
	scripts/generate --check

corpus: setup  ## Generate code for all services of Google's APIs; ARGS="--every 10" for some
	.venv/bin/python -m tests.corpus.run $(ARGS)

generate: setup  ## Regenerate all checked-in generated code
	scripts/generate

bench: setup $(BENCH)  ## Measure against the official SDKs; ARGS="--workloads greet --peers ours,go" for some
	.venv-bench/bin/python -m bench $(ARGS)

bench-guard: setup  ## Hold the instructions of an invocation against the record; ARGS=--record makes a new one
	.venv/bin/python -m bench.guard $(ARGS)

.PHONY: pictures
pictures: setup  ## Draw the pictures of docs/ again
	PYTHONPATH=.:docs/site .venv/bin/python -m pictures

.PHONY: site
site: setup  ## Build the documentation into .site; a link that leads nowhere is an error
	.venv/bin/sphinx-build --fresh-env --fail-on-warning --keep-going --quiet --jobs 2 -c docs/site docs .site

requirements:  ## Compile requirements/*.in to the newest pinned and hashed versions
	$(COMPILE) --upgrade requirements/uv.in -o requirements/uv.txt
	$(COMPILE) --upgrade pyproject.toml --all-extras requirements/dev.in -o requirements/dev.txt
	$(COMPILE) --upgrade pyproject.toml --all-extras requirements/lowest.in --resolution lowest-direct \
	  -o requirements/lowest.txt
	$(COMPILE) --upgrade pyproject.toml --all-extras requirements/bench.in -o requirements/bench.txt

build: setup  ## Build the wheel and the source distribution into dist/
	.venv/bin/hatchling build

dist: build  ## Build what users get, into dist/: the wheel, and each plugin as a zipapp
	.venv/bin/python -m scripts.zipapps

clean:  ## Remove what the other targets made, except generated code
	rm -rf .venv .venv-* .tools .site node_modules dist .coverage* .pytest_cache .ruff_cache .mypy_cache .hypothesis
	git clean -fdXq examples/polyglot bench/servers

# Makes or updates the virtual environment that the target lies in. The project goes in editable,
# built by the hatchling of the same requirements, so that nothing is fetched that is not pinned.
define install
	test -x $(@D)/bin/python || $(UV) venv --quiet --allow-existing --python '$(PYTHON)' $(@D)
	$(UV) pip sync --quiet --python $(@D) --require-hashes $<
	$(UV) pip install --quiet --python $(@D) --no-deps --no-build-isolation --editable .
endef

$(DEV): requirements/dev.txt pyproject.toml
	$(install)
	.venv/bin/pyright --version >/dev/null  # fetches itself on its first run
	touch $@

# No newer Python has wheels of grpcio-tools 1.71, whatever Python the other environments are asked for.
$(LOWEST): override PYTHON := >=3.11,<3.14
$(LOWEST): requirements/lowest.txt pyproject.toml
	$(install)
	touch $@

$(BENCH): requirements/bench.txt pyproject.toml
	$(install)
	touch $@

$(SERVER): package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

$(H2SPEC): tests/h2spec/go.mod tests/h2spec/go.sum
	cd tests/h2spec && GOBIN=$(CURDIR)/$(@D) go install github.com/summerwind/h2spec/cmd/h2spec
	touch $@

$(KAFKA): tests/kafka/main.go tests/kafka/go.mod tests/kafka/go.sum
	cd tests/kafka && go build -o $(CURDIR)/$@ .
