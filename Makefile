# Commands for people and for CI. SwiftPM does the building: a plain `swift build -c release` gives the same program.
#
#   MARCH=x86-64-v3    the CPU to build for, as `make build MARCH=x86-64-v3`; without it, the one of this machine
#   SECONDS=600        how long `make fuzz` feeds each reader
#   RUNS=20            how many searches `make chaos` cuts short, of each kind
#   PREFIX, DESTDIR    where `make install` puts things: $(DESTDIR)$(PREFIX)/bin, …/share/odn, …/share/man and where
#                      bash, zsh and fish look for completions

PREFIX ?= /usr/local
bin := $(DESTDIR)$(PREFIX)/bin
share := $(DESTDIR)$(PREFIX)/share/odn
manual := $(DESTDIR)$(PREFIX)/share/man/man1/odn.1
bash_completion := $(DESTDIR)$(PREFIX)/share/bash-completion/completions/odn
zsh_completion := $(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_odn
fish_completion := $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/odn.fish
swift_files := Sources Tests Benchmarks Package.swift
scripts := .ci/run Benchmarks/steps Benchmarks/judge-giving-up Launch/*.sh Launch/slurm.sbatch Launch/*/*.sh Tests/run Tests/Fuzzing/run Tests/LaunchTests/* \
  Tests/DocumentationTests/run Tests/DocumentationTests/stand-ins/*

.DEFAULT_GOAL := build
.NOTPARALLEL:
.PHONY: help setup build build-tests run test test-mpich chaos fuzz bench compare-pytorch compare-ddp lint format install \
  install-files uninstall deb manual docs docs-archives clean

help: ## list these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

setup: ## install what is missing on this machine, or say what to install
	@Launch/setup.sh

build: ## build .build/release/odn, optimized
	swift build -c release

run: setup build ## search the depth for a part of Fashion-MNIST, with two ranks
	Launch/mpirun.sh -n 2 .build/release/odn search Configs/quickstart.yaml

# One by one: with --build-tests, the tools of packages' plugins would be built as well, among them protobuf's compiler.
build-tests:
	@for product in odn judge-giving-up odnPackageTests AllocationTests MPITests DistributedTrainingTests; do \
	  (set -x; swift build -c release $(build_options) --product $$product) || exit; \
	done

test: setup build-tests ## run all tests, those of several ranks with 1 to 4 of them; the last line is the sum
	@Tests/run

# MPICH has the same interface, and another implementation of everything behind it.
test-mpich: setup ## run the tests of MPI and of training against MPICH (Debian: libmpich-dev) instead of Open MPI
	MPI_PKG_CONFIG=mpich $(MAKE) --no-print-directory build-tests build_options="--scratch-path .build-mpich"
	MPI_PKG_CONFIG=mpich MPIEXEC="mpiexec.mpich -bind-to core" BUILD_PATH=.build-mpich Tests/run

RUNS ?= 100

chaos: setup build-tests ## cut RUNS searches short in each of several ways, continue them, and compare the results
	ODN_CHAOS_RUNS=$(RUNS) swift test -c release --disable-xctest --skip-build --filter 'CommandLineTests.*Resumption'

SECONDS ?= 60

fuzz: setup ## feed each reader of files with damaged ones for SECONDS
	@Tests/Fuzzing/run $(SECONDS)

bench: setup build ## time training steps of four networks on one core, and of one of them on two
	@Benchmarks/steps

compare-pytorch: setup build ## compare those steps with PyTorch's on one core; ODN_PYTHON=… names a Python with torch
	@Benchmarks/compare-pytorch

compare-ddp: setup build ## compare a step of two ranks with PyTorch's DDP over Gloo; ODN_PYTHON=… as before
	@Benchmarks/compare-ddp

lint: ## check the style of the Swift files, and the scripts where shellcheck is installed
	swift format lint --strict --recursive $(swift_files)
	@if command -v shellcheck > /dev/null; then shellcheck -x $(scripts); fi

format: ## give the Swift files that style
	swift format --in-place --recursive $(swift_files)

# What is installed has Swift's libraries in it, so that it runs where there is no toolchain.
install: ## install odn, its manual, completions, configurations and launch scripts under PREFIX
	swift build -c release --product odn --static-swift-stdlib --scratch-path .build-install
	@$(MAKE) --no-print-directory install-files PROGRAM=.build-install/release/odn

# The same with a program that is built already.
install-files:
	install -d "$(bin)" "$(share)/configs" "$(share)/launch"
	install -s "$(PROGRAM)" "$(bin)/odn"
	cp -R Configs/. "$(share)/configs"
	cp -R Launch/. "$(share)/launch"
	rm -rf "$(share)/launch/packaging"
	install -D -m 644 Launch/packaging/odn.1 "$(manual)"
	install -d $(dir $(bash_completion)) $(dir $(zsh_completion)) $(dir $(fish_completion))
	"$(PROGRAM)" --generate-completion-script bash > "$(bash_completion)"
	"$(PROGRAM)" --generate-completion-script zsh > "$(zsh_completion)"
	"$(PROGRAM)" --generate-completion-script fish > "$(fish_completion)"

uninstall: ## remove what install put there
	rm -f "$(bin)/odn" "$(manual)" "$(bash_completion)" "$(zsh_completion)" "$(fish_completion)"
	rm -rf "$(share)"

# Packages go to other machines: without MARCH, x86-64-v3 has AVX2, which every server CPU since 2015 has.
deb: setup ## make a Debian package in .build-deb, for machines without a toolchain
	MARCH=$${MARCH:-$$(uname -m | sed 's/^x86_64$$/x86-64-v3/; s/^aarch64$$/armv8-a/')} \
	  swift build -c release --product odn --static-swift-stdlib --scratch-path .build-deb
	Launch/packaging/debian.sh .build-deb/release/odn .build-deb

manual: ## write the manual page anew, from the program's help
	swift package -c release --disable-sandbox --allow-writing-to-directory .build generate-manual --output-directory .build
	awk -f Launch/packaging/manual.awk .build/odn.1 > Launch/packaging/odn.1

docs: build ## write the documentation of the modules MPI and NeuralNetwork to .build/docs
	@$(MAKE) --no-print-directory docs-archives

# Of modules that are built already. docc, and what it gets its symbols from, come with the toolchain.
docs-archives: target = $(shell swift -print-target-info | sed -n 's/.*"unversionedTriple" *: *"\(.*\)".*/\1/p')
docs-archives: mpi_flags = $(shell pkg-config --cflags mpi-c | sed 's/-I/-Xcc -I/g')
docs-archives:
	@rm -rf .build/docs
	@for module in MPI NeuralNetwork; do \
	  mkdir -p .build/docs/symbols/$$module && \
	  swift symbolgraph-extract -module-name $$module -minimum-access-level public -target $(target) \
	    -I .build/release/Modules -I Sources/CMPI -I Sources/CVector -I Sources/COpenBLAS $(mpi_flags) \
	    -output-dir .build/docs/symbols/$$module && \
	  rm -f .build/docs/symbols/$$module/*@*.json && \
	  docc convert Sources/$$module/$$module.docc --additional-symbol-graph-dir .build/docs/symbols/$$module \
	    --warnings-as-errors --output-dir .build/docs/$$module.doccarchive || exit; \
	done
	@echo "to read it: docc preview, or any web server on .build/docs/NeuralNetwork.doccarchive"

clean: ## remove what was built; the results of runs stay
	rm -rf .build .build-install .build-deb .build-fuzz .build-mpich .build-python
