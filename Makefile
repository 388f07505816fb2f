# `make demo` and `make test` set everything up by themselves.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO := runs/demo
FUZZED := state metrics manifest dataset safetensors hdf5 tar mat image prototxt caffemodel layers keras onnx pt2

.PHONY: help install demo test quick check parity parting zoo diffs museum crash attack clean

help:
	@echo "make demo     install, print AlexNet's table, train both backends on digits, diff two specs"
	@echo "make test     install, then lint, types and tests"
	@echo "make quick    the tests that take no second and no framework, in less than a minute"
	@echo "make install  the environment in $(VENV) only"
	@echo "make parity   500 random graphs through PyTorch, TensorFlow and NumPy"
	@echo "make parting  30 seeds trained in float32 by both backends, and what made any of them part"
	@echo "make zoo      every network of specs/zoo through both backends, in float64"
	@echo "make diffs    34 kinds of edit on 500 random networks: whatever a diff says of them is true"
	@echo "make museum   docs/museum.md: what the checker says of networks that people wrote down"
	@echo "make crash    200 trainers killed at random moments, 50 of them in a save, on both backends"
	@echo "make attack   hostile runs, weights, data, specs, repositories and limits, and 20,000 damaged files of each kind"
	@echo "make clean    remove the environment and the demo's runs"

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
	    --editable '.[torch,tensorflow-cpu,data,plots,dev]'
	@touch $@

demo: install
	@rm -rf $(DEMO)
	$(BIN)/specnet validate specs/alexnet.yaml
	$(BIN)/specnet table specs/alexnet.yaml
	$(BIN)/specnet train specs/alexnet_digits.yaml --backend torch --run-dir $(DEMO)/torch
	$(BIN)/specnet train specs/alexnet_digits.yaml --backend tensorflow --run-dir $(DEMO)/tensorflow
	$(BIN)/specnet evaluate $(DEMO)/torch --backend tensorflow
	$(BIN)/specnet diff specs/alexnet.yaml specs/alexnet_one_group.yaml

# A process of tests for each processor, each with one thread; the tests of a file stay together.
test: install check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist loadfile

quick: install
	$(BIN)/python -m pytest -m "not slow"

check: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

parity: install
	$(BIN)/python -m specnet.testing.parity --graphs 500 --seed 0

parting: install
	$(BIN)/python -m specnet.testing.parting --seeds 30 --steps 20

zoo: install
	$(BIN)/python tests/zoo.py

diffs: install
	OMP_NUM_THREADS=1 $(BIN)/python tests/diffs_proof.py --networks 500 --seed 0

museum: install
	$(BIN)/python docs/make_museum.py

crash: install
	$(BIN)/python tests/crash.py --moments 200 --in-saves 50 --seed 0

attack: install
	status=0; $(BIN)/python tests/attack.py --seed 0 || status=1; \
	for kind in $(FUZZED); do \
	    $(BIN)/python tests/fuzz.py --kind $$kind --inputs 20000 || status=1; done; \
	exit $$status

clean:
	rm -rf $(VENV) $(DEMO)
