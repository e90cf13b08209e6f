# What people type. Meson builds; each target does the set-up that it needs and none that was done already.
PREFIX ?= /usr/local
ARGS ?= run
RELEASE = build/release
TEST = build/test

.PHONY: all run test bench asan tidy install uninstall clean help

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
	@test -f build/asan/build.ninja || meson setup build/asan --buildtype=debug -Db_sanitize=address,undefined >/dev/null
	@meson test -C build/asan --print-errorlogs

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
	@meson setup $(RELEASE) --buildtype=release >/dev/null

$(TEST)/build.ninja:
	@.setup/packages build test
	@meson setup $(TEST) --buildtype=debugoptimized -Dwerror=true >/dev/null
