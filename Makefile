# What people type. Meson builds; each target does the set-up that it needs and none that was done already.
PREFIX ?= /usr/local
ARGS ?= run
SECONDS ?= 60
ROUNDS ?= 2000
FUZZ = accounts challenge dns document options profile reference settings unpack
RELEASE = build/release
TEST = build/test
STAGE = build/stage
SANITIZERS = -Db_sanitize=address,undefined

# Root builds as the owner of the sources, whose next make has to write here.
as_owner := $(shell [ $$(id -u) -ne 0 ] || stat -c 'setpriv --reuid=%u --regid=%g --clear-groups' . | grep -v 'reuid=0 ')

# Says nothing unless it fails. Meson and ninja tell what is wrong on standard output, in between what they found.
quietly = $(as_owner) sh -c '{ $(1); } >build/make.log 2>&1 || { tail -n $(2) build/make.log >&2; exit 1; }'
configure = $(call quietly,meson setup $(1),5)
build = $(call quietly,ninja -C $(1),+1)
staged = find $(STAGE) -type f -printf '%m %P\n'

.PHONY: all run test vm-test stress bench start-order asan fuzz tidy stage install uninstall clean help

all: $(RELEASE)/build.ninja ## build
	@.setup/packages build
	@$(call build,$(RELEASE))

run: all ## start snug: make run ARGS="run /srv/debian"
	@$(RELEASE)/src/snug $(ARGS)

test: $(TEST)/build.ninja ## build and run all tests
	@.setup/packages build test
	@$(call build,$(TEST))
	@tests/run $(TEST)

vm-test: all $(TEST)/build.ninja ## run all tests on another kernel: VM_HARNESS="PROGRAM OPTIONS", VM_HARNESS_SINGLE without sub-ids
	@.setup/packages build test
	@$(call build,$(TEST))
	@tests/vm/run $(RELEASE) $(TEST)

stress: all ## containers by the thousand, killed at random: make stress ROUNDS=2000
	@tests/stress/run $(RELEASE)/src $(ROUNDS)

bench: all ## measure against the barest program and the peers
	@.setup/packages bench
	@tests/bench/run $(RELEASE)
	@tests/bench/exec $(RELEASE)
	@tests/bench/live $(RELEASE)
	@tests/bench/walls $(RELEASE)
	@tests/bench/compile $(RELEASE)
	@tests/bench/network $(RELEASE)
	@tests/bench/images $(RELEASE)

start-order: all ## lay what a start runs side by side in the program
	@tests/bench/start-order $(RELEASE) >build/start.ld && mv build/start.ld src/start.ld

asan: ## unit tests under AddressSanitizer and UBSan
	@.setup/packages build test
	@test -f build/asan/build.ninja || $(call configure,build/asan --buildtype=debug $(SANITIZERS))
	@meson test -C build/asan --print-errorlogs

fuzz: ## feed what reads strangers' bytes with odd ones: make fuzz SECONDS=600, for each
	@.setup/packages build test fuzz
	@test -f build/fuzz/build.ninja || CXX=clang++ $(call configure,build/fuzz --buildtype=debugoptimized -Dfuzz=true \
	  -Db_lundef=false -Dcpp_args=-fsanitize=fuzzer-no-link,-fconstexpr-steps=100000000 $(SANITIZERS))
	@ninja -C build/fuzz --quiet $(FUZZ:%=tests/fuzz/fuzz-%)
	@mkdir -p $(FUZZ:%=build/fuzz/corpus/%)
	@for format in gnu oldgnu pax ustar v7; do tar --format=$$format -cf build/fuzz/corpus/unpack/$$format tests/lint; done
	@for name in $(FUZZ); do HOME=$${TMPDIR:-/tmp} build/fuzz/tests/fuzz/fuzz-$$name -max_total_time=$(SECONDS) -max_len=20000 \
	  -artifact_prefix=build/fuzz/$$name- build/fuzz/corpus/$$name || exit 1; done

tidy: $(TEST)/build.ninja ## clang-tidy
	@.setup/packages tidy
	@clang-tidy --quiet -p $(TEST) $$(find src -name '*.cc')

stage: all
	@$(call quietly,rm -rf $(STAGE) && meson configure $(RELEASE) -Dprefix=$(PREFIX) && ninja -C $(RELEASE) && \
	  meson install -C $(RELEASE) --no-rebuild --destdir $(abspath $(STAGE)),+1)

install: stage ## install to DESTDIR and PREFIX
	@umask 022; $(staged) | while read -r mode file; do install -D -m $$mode "$(STAGE)/$$file" "$(DESTDIR)/$$file" || exit 1; done

uninstall: $(if $(wildcard $(STAGE)$(PREFIX)/bin/snug),,stage) ## remove what install puts there
	@$(staged) | while read -r mode file; do rm -f "$(DESTDIR)/$$file" || exit 1; \
	  case $$file in */snug/*) rmdir "$(DESTDIR)/$${file%/*}" 2>/dev/null || :;; esac; done

clean: ## remove all that was built
	@rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /make \1\t/p' Makefile

$(RELEASE)/build.ninja:
	@.setup/packages build
	@echo "building, which takes a minute or two the first time" >&2
	@# -O3 and link time optimization make the program larger and no faster: its time is the kernel's.
	@$(call configure,$(RELEASE) --buildtype=release --optimization=2 -Dtests=false)

$(TEST)/build.ninja:
	@.setup/packages build test
	@echo "building, which takes a minute or two the first time" >&2
	@$(call configure,$(TEST) --buildtype=debugoptimized -Dwerror=true)
