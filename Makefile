# Everything on one machine. `make help` lists the goals.

SHELL := /bin/bash
.DEFAULT_GOAL := help

AIRFLOW_PYTHON := .venv/airflow/bin/python
OCR_PYTHON := .venv/ocr/bin/python
BIN := .venv/airflow/bin
STACK := $(AIRFLOW_PYTHON) -m stack
# Written by stack/setup.sh when the environment is complete.
BUILT := .venv/airflow/.requirements.txt.sha256
COMPILE := $(BIN)/uv pip compile --generate-hashes --python-version 3.11 --no-header -q

# Handed on as it was typed, and as a variable instead of text in a recipe: a path may hold spaces,
# quotes and dollar signs.
override MEDIA := $(value MEDIA)
override SERVICE := $(value SERVICE)
override ARGS := $(value ARGS)
override OUT := $(value OUT)
override URI := $(value URI)
export MEDIA SERVICE RAW ACCOUNT ALLOW_PRIVATE ARGS DAY FROM TO OUT CONNECTION FULL URI SHA256 FORMAT

.PHONY: help
help: ## List the goals
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Start everything and ingest MEDIA=folder, manifest or URI (default: sources.yaml, else samples)
	@$(STACK) run $${MEDIA:+--media "$$MEDIA"} $${ALLOW_PRIVATE:+--allow-private "$$ALLOW_PRIVATE"}

.PHONY: start
start: setup ## Start everything without ingesting
	@$(STACK) start

.PHONY: stop
stop: built ## Stop everything; no process is left
	@$(STACK) stop

.PHONY: status
status: built ## Show what is up, where, and whether it is healthy
	@$(STACK) status

.PHONY: logs
logs: built ## Show the logs of all services, or of SERVICE=scheduler
	@$(STACK) logs $${SERVICE:+--service "$$SERVICE"}

.PHONY: password
password: built ## Show how to log in to Airflow
	@$(STACK) password

.PHONY: sql
sql: built ## Query the warehouse; reads SQL from a pipe too (ACCOUNT=analyst: read only; RAW=1: unescaped)
	@$(STACK) sql

.PHONY: export
export: built ## Export what was loaded on the days that changed as Parquet: DAY=…, FROM=… TO=…, OUT=folder, FULL=1
	@$(STACK) export $${DAY:+--day "$$DAY"} $${FROM:+--from "$$FROM"} $${TO:+--to "$$TO"} $${OUT:+--out "$$OUT"} \
		$${CONNECTION:+--connection "$$CONNECTION"} $${FULL:+--full}

.PHONY: export-document
export-document: built ## Export one document: URI=… or SHA256=…, FORMAT=pdf|hocr|alto|txt, OUT=file or folder
	@$(STACK) export-document $${URI:+--uri "$$URI"} $${SHA256:+--sha256 "$$SHA256"} \
		$${FORMAT:+--format "$$FORMAT"} $${OUT:+--out "$$OUT"}

.PHONY: airflow
airflow: built ## Run Airflow's own program: ARGS="dags list", ARGS="backfill create …", ARGS="connections add …"
	@$(STACK) airflow --line "$$ARGS"

.PHONY: audit
audit: built ## Check that staging area, checkpoints and warehouse agree (ALL=1: hash every copy, not a sample)
	@$(STACK) audit $(if $(ALL),--all)

.PHONY: setup
setup: ## Install what is missing: system packages, Python environments
	@stack/setup.sh

.PHONY: setup-dev
setup-dev:
	@stack/setup.sh dev

.PHONY: setup-trocr
setup-trocr: ## Install what the engine trocr needs besides (PyTorch, Transformers)
	@stack/setup.sh trocr

.PHONY: setup-clouds
setup-clouds: ## Install what the object stores of Google and Azure need besides
	@stack/setup.sh clouds

# Goals that only look at a running stack install nothing.
.PHONY: built
built:
	@test -f $(BUILT) || { echo "Textmill is not set up yet: start with make run." >&2; exit 1; }

.PHONY: tune
tune: setup ## Measure again how the OCR models are best computed on this machine (half a minute)
	@$(STACK) tune

.PHONY: test
test: setup-dev ## Run the tests (also while Textmill is running)
	@$(STACK) models
	@$(STACK) test

.PHONY: test-mysql
test-mysql: setup-dev ## Run the tests of the warehouse against MySQL instead of MariaDB (fetches a server)
	@TEXTMILL_TEST_SERVER=mysql $(AIRFLOW_PYTHON) -m pytest tests/warehouse

.PHONY: test-trocr
test-trocr: setup-dev setup-trocr ## Run the tests of the engine trocr alone
	@$(STACK) models
	@PYTHONPATH=include TEXTMILL_MODELS_DIR=.textmill/models $(OCR_PYTHON) -m pytest tests/ocr_runtime/test_trocr.py

.PHONY: test-slow
test-slow: setup-dev ## Run the tests that take minutes
	@$(STACK) models
	@$(STACK) test --slow

.PHONY: test-containers
test-containers: setup-dev image ## Run the whole stack in containers, kill and restart them (MEDIA=folder; a quarter of an hour)
	@$(STACK) models
	@PYTHONPATH=include $(AIRFLOW_PYTHON) -m pytest tests/containers -m containers -s \
		--figures bench/results/containers.md --failures .textmill/container-failures

.PHONY: lint
lint: setup-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=.:include:plugins $(BIN)/lint-imports

.PHONY: format
format: setup-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: lock
lock: setup-dev ## Compile the lock files again from requirements*.in
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) requirements-clouds.in -o requirements-clouds.txt
	$(COMPILE) requirements-dev.in -o requirements-dev.txt
	$(COMPILE) requirements-bootstrap.in -o requirements-bootstrap.txt
	$(COMPILE) --override requirements-overrides.in requirements-ocr.in -o requirements-ocr.txt
	$(COMPILE) --override requirements-overrides.in --override requirements-ocr-gpu-overrides.in \
		requirements-ocr-gpu.in -o requirements-ocr-gpu.txt
	$(COMPILE) --override requirements-overrides.in requirements-ocr-dev.in -o requirements-ocr-dev.txt
	$(COMPILE) requirements-bench.in -o requirements-bench.txt
	$(COMPILE) --override requirements-torch-overrides.in --no-emit-package torch requirements-trocr.in -o requirements-trocr.txt
	$(COMPILE) -c requirements-trocr.txt requirements-torch.in -o requirements-torch.txt

# Needs nothing of this repository's environments: docker or podman is enough.
.PHONY: image
image: ## Build the container image: GPU=1, CLOUDS=1, LANGUAGES="ell rus", BASE_IMAGE=…, BUILD_OPTIONS=…
	@engine=$$(containers/engine) || exit 1; \
	DOCKER_BUILDKIT=1 $$engine build $${BUILD_OPTIONS:-} --tag "$${TEXTMILL_IMAGE:-localhost/textmill:latest}" \
		$${BASE_IMAGE:+--build-arg "BASE_IMAGE=$$BASE_IMAGE"} $${GPU:+--build-arg "GPU=$$GPU"} \
		$${CLOUDS:+--build-arg "CLOUDS=$$CLOUDS"} $${LANGUAGES:+--build-arg "LANGUAGES=$$LANGUAGES"} .

.PHONY: up
up: ## Start the whole stack in containers and wait until it is well (settings: .env.example)
	@containers/stack up

.PHONY: down
down: ## Stop the containers; VOLUMES=1 removes databases, staging area, exports, logs and secrets
	@VOLUMES=$(VOLUMES) containers/stack down

.PHONY: container-logs
container-logs: ## Show what the containers say, or those of SERVICE=scheduler
	@containers/stack logs "$$SERVICE"

.PHONY: container-password
container-password: ## Show how to log in to Airflow and to the warehouse of the containers
	@containers/stack password

.PHONY: backup
backup: ## Save what the containers hold to the folder OUT: warehouse, metadata, secrets, fetched copies
	@containers/stack save "$$OUT"

.PHONY: restore
restore: ## Put a backup back into new containers: FROM=folder
	@containers/stack restore "$$FROM"

.PHONY: samples
samples: setup-dev ## Draw the sample media again
	@PYTHONPATH=include $(OCR_PYTHON) -m tools.make_samples

# Photographed receipts with ground truth; not part of the repository.
RECEIPTS := $(wildcard ../shared/data/receipts)

.PHONY: accuracy
accuracy: setup-dev ## Measure the accuracy of the OCR on MEDIA (default: samples); COMPARE=1: beside others
	@$(STACK) models
	@if test -n "$$MEDIA"; then set -- "$$MEDIA"; else set -- samples $(RECEIPTS); fi; \
	PYTHONPATH=include $(OCR_PYTHON) -m bench.accuracy "$$@" $(if $(COMPARE),--compare) \
		$(if $(MEDIA),,$(if $(COMPARE),--out bench/results/accuracy.md))

.PHONY: calibrate
calibrate: setup-dev ## Fit confidences to ground truth again: to MEDIA, or to samples and receipts
	@$(STACK) models
	@test -n "$$MEDIA$(RECEIPTS)" || { echo "Clean samples alone would make every engine look infallible:" \
		"name a folder of real pages with NAME.gt.txt files, MEDIA=/some/folder." >&2; exit 1; }
	@if test -n "$$MEDIA"; then set -- samples "$$MEDIA"; else set -- samples $(RECEIPTS); fi; \
	PYTHONPATH=include $(OCR_PYTHON) -m bench.calibration "$$@" \
		--out include/textmill/reading/calibration.json --report bench/results/calibration.md

.PHONY: bench-preprocessing
bench-preprocessing: setup-dev ## Compare preprocessing steps on MEDIA (default: samples)
	@$(STACK) models
	@PYTHONPATH=include $(OCR_PYTHON) -m bench.preprocessing "$${MEDIA:-samples}"

.PHONY: setup-bench
setup-bench:
	@stack/setup.sh bench

.PHONY: bench
bench: setup-dev setup-bench ## Compare speed, accuracy and memory with others (ARGS="--quick": one short round)
	@$(STACK) models
	@PYTHONPATH=.:include $(OCR_PYTHON) -m bench.speed $(if $(RECEIPTS),--receipts "$(RECEIPTS)") $$ARGS

.PHONY: bench-check
bench-check: setup-dev ## Fail when reading got slower than bench/results/check.json says (UPDATE=1: write that file)
	@$(STACK) models
	@PYTHONPATH=.:include $(OCR_PYTHON) -m bench.check $(if $(UPDATE),--update) $$ARGS

.PHONY: bench-floor
bench-floor: setup-dev ## Show where the time of a page goes, and the least possible on this machine (two minutes)
	@$(STACK) models
	@OMP_NUM_THREADS=1 OMP_THREAD_LIMIT=1 PYTHONPATH=.:include $(OCR_PYTHON) -m bench.floor \
		$(if $(RECEIPTS),--receipts "$(RECEIPTS)") $$ARGS

.PHONY: bench-throughput
bench-throughput: setup-dev ## Measure how much of the bare engine's speed a whole run keeps
	@$(STACK) models
	@PYTHONPATH=include $(AIRFLOW_PYTHON) -m bench.throughput $$ARGS

.PHONY: bench-scaling
bench-scaling: setup-dev ## Measure what a page costs the whole run, from 100 to 10,000 pages, with an engine that takes no time
	@$(STACK) models
	@PYTHONPATH=include $(AIRFLOW_PYTHON) -m bench.scaling

.PHONY: bench-memory
bench-memory: setup-dev ## Measure the memory of one OCR process over 2,000 pages (QUICK=1: 200)
	@$(STACK) models
	@PYTHONPATH=include:plugins $(AIRFLOW_PYTHON) -m bench.memory $(if $(QUICK),--pages 200)

.PHONY: bench-gate
bench-gate: setup-dev ## Measure what the quality gate finds of good and spoiled pages, made from samples and receipts
	@$(STACK) models
	@PYTHONPATH=.:include nice $(OCR_PYTHON) -m bench.spoiled_pages.read $(RECEIPTS)
	@PYTHONPATH=.:include $(AIRFLOW_PYTHON) -m bench.spoiled_pages.judge --out bench/results/quality_gate.md

.PHONY: bench-million
bench-million: setup-dev ## Measure discovery and planning of a million files and URLs
	@PYTHONPATH=.:include $(AIRFLOW_PYTHON) -m bench.million

.PHONY: bench-warehouse
bench-warehouse: setup-dev ## Measure analysts' queries on a million pages (fills a database of 4 GB once)
	@PYTHONPATH=.:include $(AIRFLOW_PYTHON) -m bench.million_pages --out bench/results/warehouse.md

.PHONY: bench-load
bench-load: setup-dev ## Measure loading beside plain upserts of the same rows, its memory, and readers beside it
	@PYTHONPATH=.:include $(AIRFLOW_PYTHON) -m bench.load

.PHONY: bench-text-layer
bench-text-layer: setup-dev ## Measure how much faster text layers are than OCR
	@$(STACK) models
	@PYTHONPATH=include $(OCR_PYTHON) -m bench.text_layer

.PHONY: bench-video
bench-video: setup-dev ## Measure how much of a video is read, and what that loses
	@$(STACK) models
	@PYTHONPATH=include $(OCR_PYTHON) -m bench.video

.PHONY: bench-search
bench-search: setup-dev ## Measure how much of misread text search finds, and what it costs
	@PYTHONPATH=.:include $(AIRFLOW_PYTHON) -m bench.search --out bench/results/search.md

.PHONY: bench-downloads
bench-downloads: setup-dev ## Measure how fast URLs are downloaded, beside a plain loop
	@PYTHONPATH=include $(AIRFLOW_PYTHON) -m bench.downloads

.PHONY: bench-gate-cost
bench-gate-cost: setup-dev ## Measure what the quality gate costs, alone and beside OCR
	@$(STACK) models
	@PYTHONPATH=.:include:plugins $(AIRFLOW_PYTHON) -m bench.quality_gate_cost

.PHONY: clean
clean: built ## Stop everything and remove the state: databases, staging area, logs, secrets
	@$(STACK) clean

.PHONY: distclean
distclean: ## Like clean; removes the Python environments too
	@if test -f $(BUILT); then $(STACK) clean; fi
	@rm -rf .venv
