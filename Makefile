# The commands of this repository. `make demo` and `make test` are all a newcomer needs.

PYTHON ?= python3
ifeq ($(origin CC),default)
CC := gcc
endif
ORT_VERSION ?= 1.28.0
TARGET := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
VENV := $(TARGET)/venv
EXPORTER := $(TARGET)/venv-export
BENCH := $(TARGET)/venv-bench
STAGE := $(PYTHON) scripts/stage_onnxruntime.py

CARGO_FOLDER := $(if $(CARGO_HOME),$(CARGO_HOME),$(HOME)/.cargo)
PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= lib
INSTALL = $(PYTHON) scripts/install.py --libdir "$(LIBDIR)" --built "$(TARGET)/release" --notices "$(TARGET)/notices" \
    $(if $(WITH_ONNXRUNTIME),--onnxruntime "$(TARGET)/onnxruntime/lib")

.PHONY: help build cli onnxruntime runtimes demo test lint header bench clean tools tools-test exporter-venv test-exporter \
    notices install uninstall dist tools-hosts prefix test-hosts test-ffi

help:
	@echo "make demo          draw 64 handwritten digits with the C example, into target/demo/digits.png"
	@echo "make test          everything CI checks"
	@echo "make build         the release library: $(TARGET)/release/libncsn.so.1 and libncsn.a"
	@echo "make install       into PREFIX ($(PREFIX)), with LIBDIR, DESTDIR; WITH_ONNXRUNTIME=1: ONNX Runtime beside it"
	@echo "make dist          dist/ncsn-VERSION-linux-x86_64.tar.gz: an installed tree, models and examples, for any folder"
	@echo "make cli           the command line: $(TARGET)/release/ncsn"
	@echo "make onnxruntime   stage ONNX Runtime $(ORT_VERSION) (GPU=1: the GPU build) in $(TARGET)/onnxruntime"
	@echo "make header        regenerate include/ncsn.h and the ABI records from the source"
	@echo "make lint          formatting, clippy, documentation"
	@echo "make test-exporter the exporter's tests alone: PyTorch networks through ncsn-export and the library"
	@echo "make test-hosts    the hosts' tests alone: C++, C#, Python, Lua, engines, packaging, from an installed tree"
	@echo "make test-ffi      Node, Java and Go by their foreign function interfaces"
	@echo "make bench         time, memory and start-up against NumPy, PyTorch, diffusers and OpenVINO, into docs/bench.md (25 min)"

build:
	cargo build --release --lib
	ln -sf libncsn.so $(TARGET)/release/libncsn.so.1

# The licences of what is linked in.
notices: $(TARGET)/notices/THIRD-PARTY-NOTICES.txt

$(TARGET)/notices/THIRD-PARTY-NOTICES.txt: Cargo.lock scripts/notices.py
	$(PYTHON) scripts/notices.py $(@D)

# Builds first, except where there is no cargo, as under sudo: then what `make build notices` has built is installed.
install: $(if $(shell command -v cargo),build notices) $(if $(WITH_ONNXRUNTIME),onnxruntime)
	$(INSTALL) --prefix "$(PREFIX)" --destdir "$(DESTDIR)"

# One archive for machines without Rust, linked by zig against a glibc no newer than ONNX Runtime's own floor.
GLIBC_FLOOR := 2.27
ZIG := $(TARGET)/zig
DIST := $(TARGET)/dist

$(ZIG)/ready: scripts/requirements-zig.txt | tools
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --upgrade --target $(ZIG) -r $<
	touch $@

dist: notices onnxruntime $(ZIG)/ready
	PYTHONPATH=$(abspath $(ZIG)) CARGO_TARGET_DIR=$(DIST) RUSTFLAGS="--remap-path-prefix=$(CARGO_FOLDER)=cargo" \
	    $(ZIG)/bin/cargo-zigbuild zigbuild --release --lib --target x86_64-unknown-linux-gnu.$(GLIBC_FLOOR)
	$(PYTHON) scripts/dist.py --built $(DIST)/x86_64-unknown-linux-gnu/release --notices $(TARGET)/notices \
	    --onnxruntime $(TARGET)/onnxruntime/lib --floor $(GLIBC_FLOOR) --into dist

uninstall:
	$(INSTALL) --prefix "$(PREFIX)" --destdir "$(DESTDIR)" --uninstall

cli: onnxruntime
	cargo build --release --features cli --bin ncsn

onnxruntime: tools
	$(STAGE) --into $(TARGET)/onnxruntime --version $(ORT_VERSION) $(if $(GPU),--gpu)

# What both commands need beyond Rust; installs it where it may, says how where it may not.
tools:
	@sh scripts/tools.sh $(CC) pip

tools-test:
	@sh scripts/tools.sh gcc g++ clang clang++ valgrind pip venv

# What the tests of hosts need beyond that.
tools-hosts:
	@sh scripts/tools.sh gcc g++ clang++ doctest cmake ninja meson pkg-config venv pip mcs \
	    godot3-server godot3-runner sdl2-config love luajit xvfb-run mesa

demo: build onnxruntime
	@mkdir -p $(TARGET)/demo
	$(CC) -std=c11 -O2 -Wall -Wextra -Iinclude examples/c/digits.c -o $(TARGET)/demo/digits \
	    -L$(TARGET)/release -lncsn -lm -Wl,-rpath,'$$ORIGIN/../release'
	$(TARGET)/demo/digits models/digits.onnx $(TARGET)/demo/digits.pgm
	@$(PYTHON) -c "import sys; sys.path.insert(0, '$(TARGET)/python'); import PIL" 2>/dev/null || \
	    $(PYTHON) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
	        --target $(TARGET)/python pillow
	@PYTHONPATH=$(TARGET)/python $(PYTHON) scripts/to_png.py $(TARGET)/demo/digits.pgm $(TARGET)/demo/digits.png

$(VENV)/ready: tests/python/requirements.txt tests/hosts/requirements-bare.txt | tools-test
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/python/requirements.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r tests/hosts/requirements-bare.txt
	touch $@

# PyTorch and what else the exporter's tests need: about 5 GB. The package itself is installed afresh each time.
$(EXPORTER)/ready: train/tests/requirements.txt train/tests/requirements-bare.txt | tools-test
	$(PYTHON) -m venv $(EXPORTER)
	$(EXPORTER)/bin/python -m pip install --quiet --disable-pip-version-check -r train/tests/requirements.txt
	$(EXPORTER)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r train/tests/requirements-bare.txt
	touch $@

exporter-venv: $(EXPORTER)/ready
	$(EXPORTER)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall ./train

# The staged runtime, whatever the caller's shell prefers.
test-exporter: exporter-venv onnxruntime
	cargo build --features cli
	cd train && env -u NCSN_ORT_PATH -u ORT_DYLIB_PATH NCSN_TEST_LIBRARY=$(abspath $(TARGET))/debug/libncsn.so \
	    NCSN_TEST_PROGRAM=$(abspath $(TARGET))/debug/ncsn $(abspath $(EXPORTER))/bin/python -m pytest -q -p no:cacheprovider

# Hosts see an installed tree and nothing else of this one. Two files of tests at a time: most of them wait.
HOSTS = NCSN_PREFIX=$(abspath $(TARGET))/prefix $(VENV)/bin/python -m pytest -q -p no:cacheprovider

prefix: $(VENV)/ready
	$(MAKE) install PREFIX=$(abspath $(TARGET))/prefix DESTDIR= LIBDIR=lib WITH_ONNXRUNTIME=1

test-hosts: tools-hosts prefix
	$(HOSTS) -n 2 --dist loadfile tests/hosts --ignore tests/hosts/test_ffi.py

# Hosts without a binding of their own. Not a part of `make test`: Node and Java are large.
test-ffi: prefix
	@sh scripts/tools.sh gcc pip npm javac jna
	$(HOSTS) tests/hosts/test_ffi.py

# The suite samples on the oldest runtime that is accepted, the pinned one and the newest, and is
# refused by one that is too old.
runtimes: onnxruntime
	$(STAGE) --into $(TARGET)/onnxruntime-1.19.2 --version 1.19.2
	$(STAGE) --into $(TARGET)/onnxruntime-1.23.2 --version 1.23.2
	$(STAGE) --into $(TARGET)/onnxruntime-newest --version newest

lint:
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --lib --quiet

test: tools-test lint runtimes $(VENV)/ready
	NCSN_REQUIRE_TOOLS=1 NCSN_TEST_PYTHON=$(abspath $(VENV))/bin/python cargo test --features cli
	$(MAKE) test-exporter
	$(MAKE) test-hosts

header:
	NCSN_BLESS=1 cargo test --quiet --test abi
	$(PYTHON) bindings/lua/make_cdef.py include/ncsn.h > bindings/lua/ncsn_cdef.lua

# PyTorch, diffusers and OpenVINO: about 5 GB.
$(BENCH)/ready: benches/requirements.txt | tools-test
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -r benches/requirements.txt
	touch $@

# The staged runtime, whatever the caller's shell prefers.
PEERS ?= all --write
bench: build cli onnxruntime $(BENCH)/ready
	env -u NCSN_ORT_PATH -u ORT_DYLIB_PATH cargo bench --bench loop --bench noise
	env -u NCSN_ORT_PATH -u ORT_DYLIB_PATH -u NCSN_LIBRARY $(BENCH)/bin/python benches/peers $(PEERS)

clean:
	cargo clean
	rm -rf dist
