# SPDX-License-Identifier: ISC
# twpool: one Makefile, no configure step. `make help` is the index.

PREFIX  ?= /usr/local
DESTDIR ?=
SITE    ?= /etc/twpool/site.json

PROGRAMS := twpool-site twpool-render twpool-lint twpool-dsn twpool-generation twpool-auth \
            twpool-check twpool-stress twpool-size
SCRIPTS  := deploy/twpool-deploy rollback/twpool-rollback

# SAN=1 builds with AddressSanitizer and UBSan, in a directory of its own.
ifdef SAN
BUILD  := .build-san
SANITY := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
BUILD  := .build
HARDEN := -D_FORTIFY_SOURCE=2
endif

PKGS     := libpq jansson libmd
WARN     := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wvla -Wmissing-prototypes
HARDEN   += -fstack-protector-strong -fPIE
CPPFLAGS += -D_GNU_SOURCE -Itools/lib
OWN      := -std=c11 -O2 -g $(WARN) $(HARDEN) $(SANITY) -MMD -MP
# Asked for only when something is compiled: `make bootstrap` runs before pkg-config exists.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS)) -pthread -lm
LINK     := $(SANITY) -pie -Wl,-z,relro,-z,now -Wl,--as-needed

LIB_SRC  := $(sort $(wildcard tools/lib/*/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/obj/%.o)
BINS     := $(PROGRAMS:%=$(BUILD)/bin/%)
MAN      := $(sort $(wildcard docs/man/*.[178]))
TOOL_ENV := TWPOOL_BIN=$(CURDIR)/$(BUILD)/bin

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all bootstrap check demo soak bench hosts mutants lint format install uninstall deploy rollback plan preflight unsited clean help
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

# The second parts of programs that are too long for one file.
$(BUILD)/bin/twpool-auth: $(BUILD)/obj/tools/auth_lookup.o $(BUILD)/obj/tools/auth_rotate.o
$(BUILD)/bin/twpool-check: $(BUILD)/obj/tools/check_remember.o
$(BUILD)/bin/twpool-dsn: $(BUILD)/obj/tools/dsn_verify.o
$(BUILD)/bin/twpool-generation: $(BUILD)/obj/tools/generation_summary.o

-include $(wildcard $(BUILD)/obj/tools/*.d $(BUILD)/obj/tools/lib/*/*.d)

bootstrap: ## install what building and testing needs (apt; says first what)
	deploy/bootstrap

check: ## run all tests (FILES="tests/site.bats ..." for some; SAN=1)
	@deploy/bootstrap --quiet check
	@$(MAKE) -s -j2 --no-print-directory all
	@$(TOOL_ENV) tests/run $(FILES)

demo: ## watch bots fail, a deploy, the same bots succeed, and a rollback (BOTS=, DEMO_BREAK=)
	@deploy/bootstrap --quiet demo
	@$(MAKE) -s -j2 --no-print-directory all
	@$(TOOL_ENV) tests/demo

soak: all ## how often the freeze is seen and imagined, six minutes (RUNS=, WATCH=, JOBS=)
	@$(TOOL_ENV) tests/soak/freeze

bench: all ## the figures of the docs, each printed by a script in tests/bench
	@for b in tests/bench/*; do echo "== $$b"; $(TOOL_ENV) $$b || exit; done

hosts: all ## boot real Debian containers and try them (root; BOOTED_SUITE="bookworm trixie sid", FILES=)
	@[ "$$(id -u)" -ne 0 ] || deploy/bootstrap --quiet hosts
	@$(TOOL_ENV) tests/run-hosts $(FILES)

mutants: all ## replace each program by true, and print which test noticed
	@$(TOOL_ENV) tests/mutants $(PROGRAMS) $(notdir $(SCRIPTS))

lint: ## shellcheck, warnings as errors with gcc and clang, cppcheck, mandoc
	@deploy/bootstrap --quiet lint
	@tests/lint

format: ## clang-format the C sources in place
	clang-format -i tools/*.[ch] tools/lib/*/*.[ch] tests/gameserver/*.[ch]

LIBDIR := $(DESTDIR)$(PREFIX)/lib/twpool
install: all ## install under PREFIX (default /usr/local); DESTDIR for packagers
	install -d $(DESTDIR)$(PREFIX)/bin $(LIBDIR)/bin $(LIBDIR)/templates \
	  $(LIBDIR)/deploy/phases $(LIBDIR)/deploy/lib $(LIBDIR)/deploy/preflight $(LIBDIR)/rollback
	install -m 0755 $(BINS) $(LIBDIR)/bin
	install -m 0755 deploy/twpool-deploy $(LIBDIR)/deploy
	install -m 0755 deploy/phases/* $(LIBDIR)/deploy/phases
	install -m 0644 deploy/lib/* $(LIBDIR)/deploy/lib
	install -m 0644 deploy/preflight/* $(LIBDIR)/deploy/preflight
	install -m 0644 deploy/advisories $(LIBDIR)/deploy
	install -m 0755 rollback/twpool-rollback $(LIBDIR)/rollback
	install -m 0644 rollback/host.bash $(LIBDIR)/rollback
	install -m 0644 templates/* $(LIBDIR)/templates
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
	rm -rf .build .build-san
	$(MAKE) -C tests/gameserver clean

help: ## print this index
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
