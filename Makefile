# SPDX-License-Identifier: ISC
# twpool: one Makefile, no configure step. `make help` is the index.

PREFIX  ?= /usr/local
DESTDIR ?=
SITE    ?= /etc/twpool/site.json

PROGRAMS := twpool-site twpool-render twpool-lint twpool-dsn twpool-generation twpool-auth \
            twpool-check twpool-stress twpool-size
SCRIPTS  := deploy/twpool-deploy rollback/twpool-rollback

# SAN=1 builds with AddressSanitizer and UBSan, FUZZ=1 with libFuzzer too, in directories of their own.
SANITY_BOTH := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
ifdef SAN
BUILD  := .build-san
SANITY := $(SANITY_BOTH)
else ifdef FUZZ
BUILD  := .build-fuzz
CC     := clang
SANITY := $(SANITY_BOTH) -fsanitize=fuzzer-no-link
else
BUILD  := .build
HARDEN := -D_FORTIFY_SOURCE=2
endif

PKGS     := libpq jansson libmd libssl libcrypto
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wvla -Wmissing-prototypes
HARDEN   += -fstack-protector-strong -fPIE
CPPFLAGS += -D_GNU_SOURCE -Itools/lib
OWN      := -std=c11 -O2 -g $(WARN) $(HARDEN) $(SANITY) -MMD -MP
# Asked for only when something is compiled: `make bootstrap` runs before pkg-config exists.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS)) -pthread -lm
# One library, linked in where there is an archive of it.
linked_in = $(if $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l:lib$(1).a,-l$(1))
LINK     := $(SANITY) -pie -Wl,-z,relro,-z,now -Wl,--as-needed

LIB_SRC  := $(sort $(wildcard tools/lib/*/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
BINS     := $(PROGRAMS:%=$(BUILD)/bin/%)
MAN      := $(sort $(wildcard docs/man/*.[178]))
TOOL_ENV := TWPOOL_BIN=$(CURDIR)/$(BUILD)/bin

# Each tests/fuzz/*.c is a target. Built without libFuzzer, it only replays the files it is given.
FUZZERS     := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_LIB    := $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard tests/fuzz/lib/*.c)))
FUZZ_DRIVER := $(if $(FUZZ),-fsanitize=fuzzer,$(BUILD)/obj/tests/fuzz/replay/replay.o)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all fuzzers bootstrap check demo faults soak bench scaling page fuzz hosts mutants lint format install uninstall deploy rollback plan preflight unsited clean help
.DEFAULT_GOAL := all

all: $(BINS) ## build every program (SAN=1: with sanitizers)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(OWN) $(PKG_CFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/libtw.a: $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bin/%: $(BUILD)/obj/tools/%.o $(BUILD)/obj/tools/program.o $(BUILD)/libtw.a
	@mkdir -p $(@D)
	$(CC) $(LINK) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS)

# The further parts of a program that is too long for one file: tools/check_*.c are twpool-check's.
$(foreach p,$(PROGRAMS),$(eval $(BUILD)/bin/$p: \
  $(patsubst %.c,$(BUILD)/obj/%.o,$(sort $(wildcard tools/$(p:twpool-%=%)_*.c)))))

# twpool-check runs every minute, and is over in less time than it takes to find and relocate libraries:
# a tenth of its CPU time (tests/bench/check).
ifeq ($(SANITY),)
$(BUILD)/bin/twpool-check: PKG_LIBS = $(call linked_in,jansson) $(call linked_in,md) -pthread -lm
endif

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(FUZZ_LIB) $(filter %.o,$(FUZZ_DRIVER)) $(BUILD)/libtw.a
	@mkdir -p $(@D)
	$(CC) $(LINK) $(LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(filter -%,$(FUZZ_DRIVER)) $(PKG_LIBS)

fuzzers: $(FUZZERS)

# What the targets do to check is not what libFuzzer shall explore: it follows the program alone.
ifdef FUZZ
$(BUILD)/obj/tests/fuzz/%.o: OWN += -fno-sanitize-coverage=inline-8bit-counters,indirect-calls,trace-cmp,pc-table,stack-depth
endif

-include $(wildcard $(BUILD)/obj/tools/*.d $(BUILD)/obj/tools/lib/*/*.d $(BUILD)/obj/tests/fuzz/*.d $(BUILD)/obj/tests/fuzz/*/*.d)

bootstrap: ## install what building and testing needs (apt; says first what)
	deploy/bootstrap

check: ## run all tests (FILES="tests/site.bats ..." for some; SAN=1)
	@deploy/bootstrap --quiet check
	@$(MAKE) -s -j2 --no-print-directory all fuzzers
	@$(TOOL_ENV) tests/run $(FILES)

demo: ## watch bots fail, a deploy, the same bots succeed, and a rollback (BOTS=, DEMO_BREAK=)
	@deploy/bootstrap --quiet demo
	@$(MAKE) -s -j2 --no-print-directory all
	@$(TOOL_ENV) tests/demo

soak: all ## what takes long: 10,000 bots, 100,000 files, lint and check against other PgBouncers, all short passwords, hostile names, the freeze, races, kills and power cuts (BOTS=, RUNS=, WATCH=, JOBS=, EVERY=, ROUNDS=, RESETS=)
	@for s in tests/soak/*; do echo "== $$s"; $(TOOL_ENV) $$s || exit; done

faults: all ## kill, fill, break and cut the power of a small host at every point (QUICK=1)
	@$(TOOL_ENV) tests/faults/run $(if $(QUICK),--quick)

bench: all ## the figures of the docs, each printed by a script in tests/bench
	@for b in tests/bench/*; do echo "== $$b"; $(TOOL_ENV) $$b || exit; done

scaling: ## docs/SCALING.md for real: a larger pool, a replica, shards (BOTS=)
	@deploy/bootstrap --quiet scaling
	@$(MAKE) -s -j2 --no-print-directory all
	@$(TOOL_ENV) tests/scaling

# Not $(SECONDS) in a recipe of bash: there it is the time that has passed.
fuzz: ## every libFuzzer target with sanitizers (SECONDS=60 each, TARGETS=, JOBS=)
	@deploy/bootstrap --quiet fuzz
	@$(MAKE) -s -j2 --no-print-directory FUZZ=1 fuzzers
	@tests/fuzz/run $(or $(SECONDS),60) $(TARGETS)

page: ## look at the report in headless Chromium; pictures in .build/report
	@deploy/bootstrap --quiet page
	@$(MAKE) -s -j2 --no-print-directory all
	@$(TOOL_ENV) tests/run tests/browser/page.bats

hosts: all ## boot real Debian containers and try them (root; BOOTED_SUITE="bookworm trixie sid", FILES=)
	@[ "$$(id -u)" -ne 0 ] || deploy/bootstrap --quiet hosts
	@$(TOOL_ENV) tests/run-hosts $(FILES)

mutants: all ## replace each program by true, and print which test noticed
	@$(TOOL_ENV) tests/mutants $(PROGRAMS) $(notdir $(SCRIPTS))

lint: ## shellcheck, warnings as errors with gcc and clang, cppcheck, mandoc
	@deploy/bootstrap --quiet lint
	@tests/lint

format: ## clang-format the C sources in place
	clang-format -i tools/*.[ch] tools/lib/*/*.[ch] tests/gameserver/*.[ch] tests/fuzz/*.c tests/fuzz/*/*.[ch] tests/faults/*.[ch]

LIBDIR := $(DESTDIR)$(PREFIX)/lib/twpool
install: all ## install under PREFIX (default /usr/local); DESTDIR for packagers
	install -d $(DESTDIR)$(PREFIX)/bin $(LIBDIR)/bin $(LIBDIR)/templates/monitoring \
	  $(LIBDIR)/deploy/phases $(LIBDIR)/deploy/lib $(LIBDIR)/deploy/preflight $(LIBDIR)/rollback
	install -m 0755 $(BINS) $(LIBDIR)/bin
	install -m 0755 deploy/twpool-deploy $(LIBDIR)/deploy
	install -m 0755 deploy/phases/* $(LIBDIR)/deploy/phases
	install -m 0644 deploy/lib/* $(LIBDIR)/deploy/lib
	install -m 0644 deploy/preflight/* $(LIBDIR)/deploy/preflight
	install -m 0644 deploy/advisories $(LIBDIR)/deploy
	install -m 0755 rollback/twpool-rollback $(LIBDIR)/rollback
	install -m 0644 rollback/*.bash $(LIBDIR)/rollback
	install -m 0644 $(wildcard templates/*.*) $(LIBDIR)/templates
	install -m 0644 templates/monitoring/* $(LIBDIR)/templates/monitoring
	for p in $(PROGRAMS); do ln -sfn ../lib/twpool/bin/$$p $(DESTDIR)$(PREFIX)/bin/$$p; done
	for p in $(SCRIPTS); do ln -sfn ../lib/twpool/$$p $(DESTDIR)$(PREFIX)/bin/$${p##*/}; done
	for m in $(MAN); do install -D -m 0644 $$m $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done

uninstall: ## remove what install put there
	rm -rf $(LIBDIR)
	for p in $(PROGRAMS) $(notdir $(SCRIPTS)); do rm -f $(DESTDIR)$(PREFIX)/bin/$$p; done
	for m in $(MAN); do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${m##*.}/$${m##*/}; done
	for d in lib bin share/man/man1 share/man/man7 share/man/man8 share/man share .; do \
	  rmdir --ignore-fail-on-non-empty $(DESTDIR)$(PREFIX)/$$d 2>/dev/null || :; done

# What is deployed on a host is what is installed there: cron's user runs a program of it, and whoever
# is on call has twpool-rollback in PATH. Below TWPOOL_ROOT, and without root, it is this checkout.
ifeq ($(TWPOOL_ROOT)$(shell id -u),0)
DEPLOY = env -u TWPOOL_BIN $(DESTDIR)$(PREFIX)/bin/twpool-deploy
deploy: $(if $(wildcard $(SITE)),install)
else
DEPLOY = $(HERE)
endif
HERE  := $(TOOL_ENV) deploy/twpool-deploy
# Without a site file there is nothing to say but what to do.
SITED := $(if $(wildcard $(SITE)),all,unsited)

deploy: $(SITED) ## deploy the pooler on this host as SITE says; root: installed first (ARGS=)
	@$(DEPLOY) --site $(SITE) $(ARGS)

plan: $(SITED) ## print what deploy would change, and change nothing
	@$(HERE) --site $(SITE) --plan $(ARGS)

preflight: $(SITED) ## print what stands in the way of a deploy; reads only (ARGS=--json)
	@$(HERE) --site $(SITE) --only preflight $(ARGS)

unsited:
	@echo 'No site file $(SITE) says what to deploy, and nothing was changed.' >&2
	@echo 'See what it would be like, on throwaway parts:  make demo' >&2
	@echo 'Then: cp templates/site.example.json site.json; edit it; make plan SITE=site.json' >&2
	@exit 66

# In an incident nothing is compiled, unless nothing ever was; and the site file may be gone: a deploy
# has kept its own.
ROLLBACK := $(if $(wildcard $(SITE) $(TWPOOL_ROOT)/var/lib/twpool),$(TOOL_ENV) rollback/twpool-rollback $(ARGS))
rollback: $(if $(ROLLBACK),$(if $(wildcard $(BUILD)/bin/twpool-generation),,all)) ## go back to the state before the first deploy (ARGS=--list ...)
	@$(or $(ROLLBACK),echo 'nothing to do: nothing was ever deployed here. See what it is like: make demo')

clean: ## remove what was built
	rm -rf .build .build-san .build-fuzz
	$(MAKE) -C tests/gameserver clean

help: ## print this index
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
