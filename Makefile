PYTHON ?= python3
CORES ?= all
STUDY ?= digits
BIN := .venv/bin
SNAKEMAKE := $(BIN)/snakemake --config study=$(STUDY)

.PHONY: help figures data test lint format docs report benchmark coverage
help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

figures: .venv/ready ## run the study (STUDY=digits) and draw its figures
	$(SNAKEMAKE) --cores $(CORES)

data: .venv/ready ## download the study's data sets (STUDY=paper), for compute nodes without internet
	$(BIN)/python -m sgdwalk.study.download $(STUDY)

test: .venv/ready ## run all tests, in two processes
	$(BIN)/pytest -n 2 --dist loadscope

lint: .venv/ready ## check style of Python and Snakemake
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/snakemake --lint

format: .venv/ready ## bring the code into its style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/Snakefile workflow/rules

docs: .venv/ready ## write the tables of config/README.md, and docs/gallery.md from the results of digits
	$(BIN)/python -m sgdwalk.study.config_reference
	$(BIN)/python -m sgdwalk.jobs.gallery

report: .venv/ready ## report.html with figures, tables and run times of a finished study
	$(SNAKEMAKE) --report report.html

benchmark: .venv/ready ## time of a training step, with and without the recorder, on this machine
	$(BIN)/python benchmarks/training.py

coverage: .venv/ready ## how often intervals hold the truth: writes docs/coverage.md (15 minutes of CPU, one process)
	$(BIN)/python benchmarks/coverage.py

.venv/ready: envs/requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check -q -r envs/requirements.txt
	touch $@
