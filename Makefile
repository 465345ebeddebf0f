# SPDX-License-Identifier: BSD-2-Clause
# A thin front: meson builds, scripts/ does what takes more than a line.
#
#   make demo [FILE=path]   the main job, on FILE's bytes
#   make test               all tests, once
#   make test-live          what the running kernel pins, copies and refuses, and what libgup does, cell by cell; random programs
#   make test-random [N=20000] [SEED=1]  N random programs on the running kernel and on libgup
#   make test-random-mutants  defects in copies of the core: each must make such programs differ
#   make test-uml           the same on a Linux 6.1 that runs as a process
#   make test-kernel [KERNEL=6.1]  the same, and pins through a module, on Debian's Linux 6.1 or 6.12 under emulation
#   make test-kernel-cma    pins on a Linux 6.1 with a CMA area, which is built first
#   make test-drivers       unmodified Linux driver files, from Debian's kernel source packages
#   make test-driver-mutants  errors in copies of those files: each must be found, with its line
#   make test-contract-mutants  errors in rows of the contracts: each must turn a test red
#   make test-sim N=1000000 schedules of generated programs on the deterministic host
#   make test-mutants       defects in copies of the core: each must be found by such programs
#   make test-model         spin checks a model of the lockless walk, and finds the defects put into it
#   make fuzz [TIME=60]     new inputs for the fuzz targets, for so many seconds
#   make coverage           which lines of mm/ the tests run
#   make test-cross         the tests for arm64 and riscv64, under qemu-user
#   make soak [TIME=60] [SEED=n]  everything at once with memory nearly full, rates each second
#   make ci                 everything that a change must pass
#   make bench [CASES="fast fork"] [PLOT=1]  numbers, as CSV, and which targets they meet
#   make install            headers, libraries, pkg-config file and tool (PREFIX, DESTDIR)
PREFIX ?= /usr/local
FILE ?=
TIME ?= 60
SEED ?=

.PHONY: demo test test-live test-random test-random-mutants test-uml test-kernel test-kernel-cma test-drivers test-driver-mutants test-contract-mutants test-sim test-mutants \
	test-model test-cross fuzz coverage soak ci bench format lint install clean

demo:
	@scripts/deps demo
	@scripts/compile build -Dbuildtype=release -Dtool=enabled
	@build/tools/gup/gup demo $(if $(FILE),'$(FILE)')

test:
	@scripts/deps test
	@scripts/compile build/test -Dcheck_level=2 -Dtool=enabled -Dtests=enabled
	@scripts/run-tests build/test --no-suite big --timeout-multiplier 3

test-live:
	@scripts/deps test
	@scripts/compile build/test -Dcheck_level=2 -Dtool=enabled -Dtests=enabled
	@scripts/test-live build/test/tests/cells build/test/tools/gup/gup build/test/tests/random/random || test $$? = 77

test-random: N ?= 20000
test-random:
	@scripts/deps test
	@scripts/compile build/test -Dcheck_level=2 -Dtool=enabled -Dtests=enabled
	@build/test/tests/random/random --programs '$(N)' $(if $(SEED),--seed '$(SEED)') || test $$? = 77

test-random-mutants:
	@scripts/deps test
	@scripts/random-mutants || test $$? = 77

test-uml:
	@scripts/deps test
	@scripts/compile build/test -Dcheck_level=2 -Dtool=enabled -Dtests=enabled
	@scripts/test-uml build/test || test $$? = 77

test-kernel:
	@scripts/deps kernel
	@scripts/compile build/test -Dcheck_level=2 -Dtool=enabled -Dtests=enabled
	@scripts/test-kernel build/test $(KERNEL)

test-kernel-cma:
	@scripts/deps kernel-cma
	@scripts/compile build/test -Dcheck_level=2 -Dtool=enabled -Dtests=enabled
	@scripts/test-kernel-cma build/test

test-drivers:
	@scripts/deps drivers
	@scripts/test-drivers

test-driver-mutants:
	@scripts/deps drivers
	@scripts/driver-mutants

test-contract-mutants:
	@scripts/deps test
	@scripts/contract-mutants

test-sim: N ?= 1000000
test-sim:
	@scripts/deps test
	@scripts/test-sim $(N)

test-mutants:
	@scripts/deps test
	@scripts/mutants

test-model:
	@scripts/deps model
	@scripts/model

fuzz:
	@scripts/deps fuzz
	@scripts/fuzz '$(TIME)'

coverage:
	@scripts/deps coverage
	@scripts/coverage

test-cross:
	@scripts/deps cross
	@scripts/test-cross

soak:
	@scripts/deps demo
	@scripts/soak '$(TIME)' '$(SEED)'

ci:
	@scripts/deps ci
	@scripts/ci

bench:
	@scripts/deps demo
	@bench/run build

format:
	@scripts/deps ci
	@scripts/sources | xargs clang-format -i

lint:
	@scripts/deps ci
	@scripts/lint

install:
	@scripts/deps demo
	@scripts/compile build -Dbuildtype=release -Dtool=enabled
	@meson configure build -Dprefix=$(PREFIX)
	@meson install -C build --quiet

clean:
	rm -rf build
