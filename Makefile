PYTHON ?= python3
CORES ?= all
STUDY ?= digits
BIN := .venv/bin
# What is checked: not the packages of a user that lie in the same folder.
CODE := benchmarks docs examples executor-pbs tests workflow
SNAKEMAKE := $(BIN)/snakemake --config study=$(STUDY)
# A file of tests runs in one of four processes, in the order of the folders: those of clusters mostly wait.
SHARED := -n 4 --dist loadscope --no-loadscope-reorder
# Something to look at while the rest of the default study is computed.
FIRST := $(if $(filter digits,$(STUDY)),--prioritize results/digits/figures/fig2.png)
OLD := import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d: make PYTHON=python3.12" % sys.version_info[:2])

ifneq ($(words $(CURDIR)),1)
$(error $(CURDIR): must be a path without blanks, since Snakemake starts no job with a Python in it)
endif
# Another clone's environment is not touched: to make it anew here would empty it there.
ifneq ($(filter-out $(CURDIR)/%,$(realpath .venv)),)
ifneq ($(wildcard .venv/ready),)
ifneq ($(shell cat .venv/ready),$(CURDIR))
$(error .venv: is a link to the environment of $(shell cat .venv/ready): must be one of this clone, remove the link)
endif
endif
endif
# What is installed in .venv has its path in it: after the clone was moved it is made anew.
ifneq ($(shell cat .venv/ready 2>/dev/null),)
ifneq ($(shell cat .venv/ready),$(CURDIR))
.PHONY: .venv/ready
endif
endif

.PHONY: help figures data test test-fast lint format docs site report benchmark coverage
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

figures: .venv/ready ## run the study (STUDY=digits) and draw its figures
	$(SNAKEMAKE) --cores $(CORES) $(FIRST)

data: .venv/ready ## download the study's data sets (STUDY=paper), for compute nodes without internet
	$(BIN)/python -m sgdwalk.study.download $(STUDY)

test: .venv/ready ## run all tests
	$(BIN)/pytest $(SHARED)

test-fast: .venv/ready ## run the tests that start no Snakemake and compute for no more than a second or two
	$(BIN)/pytest $(SHARED) -m "not slow"

lint: .venv/ready ## check style of Python and Snakemake
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile workflow/rules
	$(BIN)/snakemake --lint

format: .venv/ready ## bring the code into its style
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)
	$(BIN)/snakefmt Snakefile workflow/Snakefile workflow/rules

docs: .venv/ready ## write the tables of config/README.md, and docs/gallery.md from the results of digits
	$(BIN)/python -m sgdwalk.study.config_reference
	$(BIN)/python -m sgdwalk.jobs.gallery

site: .venv-site/ready ## the documentation as HTML, in site/: open site/index.html
	.venv-site/bin/python -m mkdocs build
	! grep -rlE 'src=.?https?:' site --include='*.html'

report: .venv/ready ## report.html with figures, tables and run times of a finished study
	$(SNAKEMAKE) --report report.html

benchmark: .venv/ready ## time of everything on this machine, beside other packages: writes docs/performance.md
	$(BIN)/python benchmarks/performance.py

coverage: .venv/ready ## how often intervals hold the truth: writes docs/coverage.md (15 minutes of CPU, one process)
	$(BIN)/python benchmarks/coverage.py

.venv/ready: envs/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || $(PYTHON) -c '$(OLD)'
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --disable-pip-version-check -q -r envs/requirements.txt
	echo $(CURDIR) >$@

.venv-site/ready: envs/site.txt
	$(PYTHON) -m venv --clear .venv-site
	.venv-site/bin/pip install --disable-pip-version-check -q -r envs/site.txt
	touch $@
