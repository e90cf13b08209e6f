# What people type. Meson builds; each target does the set-up that it needs and none that was done already.
PREFIX ?= /usr/local
ARGS ?= run
SECONDS ?= 60
RELEASE = build/release
TEST = build/test
SANITIZERS = -Db_sanitize=address,undefined

# -O3 and link time optimization make the program larger and no faster: its time is the kernel's.

# Meson says what is wrong on its standard output, in between what it found.
configure = meson setup $(1) >build/setup.log 2>&1 || { tail -n 5 build/setup.log >&2; exit 1; }

.PHONY: all run test bench asan fuzz tidy install uninstall clean help

all: $(RELEASE)/build.ninja ## build
	@.setup/packages build
	@ninja -C $(RELEASE) --quiet

run: all ## start snug: make run ARGS="run /srv/debian"
	@$(RELEASE)/src/snug $(ARGS)

test: $(TEST)/build.ninja ## build and run all tests
	@.setup/packages build test
	@ninja -C $(TEST) --quiet
	@tests/run $(TEST)

bench: all ## measure against the barest program and the peers
	@.setup/packages bench
	@tests/bench/run $(RELEASE)

asan: ## unit tests under AddressSanitizer and UBSan
	@.setup/packages build test
	@test -f build/asan/build.ninja || $(call configure,build/asan --buildtype=debug $(SANITIZERS))
	@meson test -C build/asan --print-errorlogs

fuzz: ## feed the archive reader odd bytes: make fuzz SECONDS=600
	@.setup/packages build test fuzz
	@test -f build/fuzz/build.ninja || CXX=clang++ $(call configure,build/fuzz --buildtype=debugoptimized -Dfuzz=true \
	  -Db_lundef=false -Dcpp_args=-fsanitize=fuzzer-no-link $(SANITIZERS))
	@ninja -C build/fuzz --quiet tests/fuzz/fuzz-unpack
	@mkdir -p build/fuzz/archives
	@for format in gnu oldgnu pax ustar v7; do tar --format=$$format -cf build/fuzz/archives/$$format tests/lint; done
	@HOME=$${TMPDIR:-/tmp} build/fuzz/tests/fuzz/fuzz-unpack -max_total_time=$(SECONDS) -max_len=20000 \
	  -artifact_prefix=build/fuzz/ build/fuzz/archives

tidy: $(TEST)/build.ninja ## clang-tidy
	@.setup/packages tidy
	@clang-tidy --quiet -p $(TEST) $$(git ls-files 'src/*.cc')

install: all ## install to DESTDIR and PREFIX
	@meson configure $(RELEASE) -Dprefix=$(PREFIX)
	@ninja -C $(RELEASE) --quiet
	@meson install -C $(RELEASE) --no-rebuild --quiet $(if $(DESTDIR),--destdir $(abspath $(DESTDIR)))

uninstall: ## remove what install installed
	@ninja -C $(RELEASE) uninstall

clean: ## remove all that was built
	@rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /make \1\t/p' Makefile

$(RELEASE)/build.ninja:
	@.setup/packages build
	@$(call configure,$(RELEASE) --buildtype=release --optimization=2 -Dtests=false)

$(TEST)/build.ninja:
	@.setup/packages build test
	@$(call configure,$(TEST) --buildtype=debugoptimized -Dwerror=true)
