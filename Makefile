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
export MEDIA SERVICE RAW ALLOW_PRIVATE ARGS

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
sql: built ## Query the warehouse; reads SQL from a pipe too (RAW=1: newlines and tabs as they are)
	@$(STACK) sql

.PHONY: airflow
airflow: built ## Run Airflow's own program: ARGS="dags list", ARGS="backfill create …", ARGS="connections add …"
	@$(STACK) airflow --line "$$ARGS"

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

.PHONY: test
test: setup-dev ## Run the tests (also while Textmill is running)
	@$(STACK) models
	@$(STACK) test

.PHONY: test-trocr
test-trocr: setup-dev setup-trocr ## Run the tests of the engine trocr alone
	@$(STACK) models
	@PYTHONPATH=include TEXTMILL_MODELS_DIR=.textmill/models $(OCR_PYTHON) -m pytest tests/ocr_runtime/test_trocr.py

.PHONY: test-slow
test-slow: setup-dev ## Run the tests that take minutes
	@$(STACK) models
	@$(STACK) test --slow

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
	$(COMPILE) --override requirements-overrides.in requirements-ocr-dev.in -o requirements-ocr-dev.txt
	$(COMPILE) --override requirements-torch-overrides.in --no-emit-package torch requirements-trocr.in -o requirements-trocr.txt
	$(COMPILE) -c requirements-trocr.txt requirements-torch.in -o requirements-torch.txt

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

.PHONY: bench
bench: setup-dev ## Measure throughput
	@$(STACK) models
	@PYTHONPATH=include $(AIRFLOW_PYTHON) -m bench.throughput

.PHONY: bench-million
bench-million: setup-dev ## Measure discovery and planning of a million files and URLs
	@PYTHONPATH=.:include $(AIRFLOW_PYTHON) -m bench.million

.PHONY: bench-warehouse
bench-warehouse: setup-dev ## Measure analysts' queries on a million pages (fills a database of 4 GB once)
	@PYTHONPATH=.:include $(AIRFLOW_PYTHON) -m bench.million_pages --out bench/results/warehouse.md

.PHONY: bench-text-layer
bench-text-layer: setup-dev ## Measure how much faster text layers are than OCR
	@$(STACK) models
	@PYTHONPATH=include $(OCR_PYTHON) -m bench.text_layer

.PHONY: bench-video
bench-video: setup-dev ## Measure how much of a video is read, and what that loses
	@$(STACK) models
	@PYTHONPATH=include $(OCR_PYTHON) -m bench.video

.PHONY: bench-downloads
bench-downloads: setup-dev ## Measure how fast URLs are downloaded, beside a plain loop
	@PYTHONPATH=include $(AIRFLOW_PYTHON) -m bench.downloads

.PHONY: clean
clean: built ## Stop everything and remove the state: databases, staging area, logs, secrets
	@$(STACK) clean

.PHONY: distclean
distclean: ## Like clean; removes the Python environments too
	@if test -f $(BUILT); then $(STACK) clean; fi
	@rm -rf .venv
