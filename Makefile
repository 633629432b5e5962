# Gable. `make setup demo` shows it at work, `make setup check` proves it, `make help` lists the rest.
# Everything that is built lands under build/; a VARIANT (gcc, clang, asan, ubsan, cov) has its own objects.

VERSION := $(shell sed -n 's/.*GABLE_VERSION "\(.*\)"/\1/p' sim/gable.h)
PREFIX  ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := gcc
endif
VARIANT ?= $(notdir $(CC))
SHELL   := /bin/sh
MAKEFLAGS += --no-builtin-rules

# ---- what is built -------------------------------------------------------------------------------
OBJ := build/obj-$(VARIANT)
BIN := $(if $(filter gcc,$(VARIANT)),build,build/$(VARIANT))

SOURCES   := $(sort $(wildcard sim/*/*.c))
OBJECTS   := $(SOURCES:%.c=$(OBJ)/%.o)
LIB_ROOMS := base machine model cost net layout engine
LIBRARY   := $(filter $(LIB_ROOMS:%=$(OBJ)/sim/%/%),$(OBJECTS))
TESTABLE  := $(filter-out $(OBJ)/sim/cli/main.o,$(OBJECTS))

object     = $(patsubst %.c,$(OBJ)/%.o,$(sort $(wildcard $(1))))
SUITES    := unit $(if $(wildcard tests/laws/suites.def),laws) # Check programs: tests/NAME/suites.def
SUPPORT   := $(filter-out %/runner.o,$(call object,tests/*.c))
FUZZERS   := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SHARED = $(filter-out %/replay.o $(FUZZERS:%=$(OBJ)/tests/fuzz/%.o),$(call object,tests/fuzz/*.c))
BENCHES   := $(patsubst tests/bench/%.c,%,$(sort $(wildcard tests/bench/bench_*.c)))
CHECKERS  := $(SUITES:%=$(BIN)/test/%) $(FUZZERS:%=$(BIN)/test/%)
FAULTS    := $(BIN)/test/faults # has malloc of its own, which no sanitizer stands

# ---- how -----------------------------------------------------------------------------------------
# Errors where we work (CI sets WERROR); the next compiler's new warnings stop nobody who only builds.
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wvla -Wdouble-promotion -Wswitch-enum -Wwrite-strings -Wundef $(if $(WERROR),-Werror)
# No contraction: a fused multiply-add would make results differ between machines.
COMMON   := -std=c11 -g -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fstack-protector-strong \
            -fPIC -fno-semantic-interposition -Isim
OPENMP   := -fopenmp
ifneq ($(filter clang%,$(notdir $(CC))),)
# clang: without its OpenMP runtime, in one thread; and NAN of <math.h> is a float there.
WARNINGS += -Wno-source-uses-openmp -Wno-unknown-pragmas -Wno-double-promotion
OPENMP   := $(if $(filter tsan,$(VARIANT)),-fopenmp)
endif

# What the instrumentation hides from gcc: these warnings are heeded in the plain build.
BLURRED        := -Wno-format-truncation -Wno-maybe-uninitialized
OPTIMISE_asan  := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,float-cast-overflow \
                  -fno-sanitize-recover=all $(BLURRED)
OPTIMISE_ubsan := -O1 -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all
# clang; libFuzzer itself is linked to the targets alone, so that tests run in this variant too.
OPTIMISE_fuzz  := -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined,float-cast-overflow \
                  -fno-sanitize-recover=all
OPTIMISE_o3    := -O3 -D_FORTIFY_SOURCE=2
# clang, whose OpenMP runtime comes with Archer: it tells the sanitizer which threads wait for which. Under gcc's runtime
# each end of a loop would be a false alarm.
OPTIMISE_tsan  := -O1 -fno-omit-frame-pointer -fsanitize=thread
OPTIMISE_cov   := -O0 --coverage -fprofile-update=atomic $(BLURRED)
OPTIMISE       := $(or $(OPTIMISE_$(VARIANT)),-O2 -D_FORTIFY_SOURCE=2)

say = $(if $(V),,@printf '%-4s %s\n' $(1) $(2);) # `make V=1` shows whole commands

# pkg-config is asked on first use and not before: `make setup check` starts on a machine without it.
lazy     = $(eval $(1) := $(shell $(2)))$($(1))
GSL_C    = $(call lazy,GSL_C,pkg-config --cflags gsl)
GSL_L    = $(call lazy,GSL_L,pkg-config --libs gsl)
CJSON_C  = $(call lazy,CJSON_C,pkg-config --cflags libcjson)
CJSON_L  = $(call lazy,CJSON_L,pkg-config --libs libcjson)
CHECK_C  = $(call lazy,CHECK_C,pkg-config --cflags check)
CHECK_L  = $(call lazy,CHECK_L,pkg-config --libs check)

# The folder that it is built in stays out of what is built: two builds are the same bytes (make reproducible).
COMPILE  = $(CC) $(COMMON) '-ffile-prefix-map=$(CURDIR)=.' $(OPTIMISE) $(WARNINGS) $(ROOM_FLAGS) $(GSL_C) $(CJSON_C) $(CFLAGS)
LINK     = $(CC) $(OPTIMISE) $(OPENMP) -Wl,--as-needed -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS     = $(GSL_L) $(CJSON_L) -lm
WRAPS    := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc # tests/wrap.c makes them fail on demand

.PHONY: all setup setup-dev demo check build-checkers unit browser agree layers tidy lint asan ubsan valgrind cov golden answers fuzz bench instructions calibrate docs \
        format install uninstall man deb reproducible clean help FORCE
.DELETE_ON_ERROR:
.SECONDARY:

# `gable report` needs its page at run time; who has no compiler for WebAssembly, and cannot `make setup`, does without it.
HAVE_WASM := $(or $(filter setup setup-dev,$(MAKECMDGOALS)),$(and $(shell command -v clang),$(shell command -v wasm-ld),$(wildcard /usr/include/wasm32-wasi/stdlib.h),$(wildcard /usr/lib/llvm-*/lib/clang/*/lib/wasi/libclang_rt.builtins-wasm32.a)))

all: $(BIN)/gable $(BIN)/libgable.a $(BIN)/libgable.so $(if $(HAVE_WASM),build/page.html) ## build the program and the library (the default)

$(BIN)/gable: $(OBJECTS)
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) -o $@ $(OBJECTS) $(LIBS)

$(BIN)/libgable.a: $(LIBRARY)
	@mkdir -p $(@D) && rm -f $@
	$(call say,ar,$@) $(AR) rcs $@ $(LIBRARY)

# The shared library exports what gable.h declares, with a version, and nothing else.
SONAME := libgable.so.$(firstword $(subst ., ,$(VERSION)))
$(OBJ)/gable.map: sim/gable.h
	@mkdir -p $(@D)
	@{ echo 'GABLE_$(firstword $(subst ., ,$(VERSION))) {'; echo 'global:'; \
	   sed -n 's/^[a-z].*[ *]\(gable_[a-z_]*\)(.*/    \1;/p' $<; echo 'local: *;'; echo '};'; } >$@

$(BIN)/libgable.so: $(LIBRARY) $(OBJ)/gable.map
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) -shared -Wl,-soname,$(SONAME) -Wl,--version-script=$(OBJ)/gable.map -o $@ $(LIBRARY) $(LIBS)

$(OBJ)/sim/engine/%.o $(OBJ)/sim/cli/%.o: ROOM_FLAGS = $(OPENMP)
# The forms: no errno from roots, no trap flags, loops over tiles in vectors; results are the same to the last bit.
$(OBJ)/sim/cost/%.o $(OBJ)/sim/net/%.o: ROOM_FLAGS = -O3 -fno-math-errno -fno-trapping-math
$(OBJ)/tests/%.o: ROOM_FLAGS = -Itests $(CHECK_C)

# Order-only: with -j, nothing compiles before a `setup` named on the same command line is through.
$(OBJ)/%.o: %.c Makefile | $(filter setup setup-dev,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	$(call say,cc,$<) $(COMPILE) -MMD -MP -c -o $@ $<

-include $(shell find $(OBJ) build/obj-wasm -name '*.d' 2>/dev/null)
.SECONDEXPANSION:

# ---- the page of `gable report` ------------------------------------------------------------------
# The same rooms for the browser: all but what needs GSL or starts programs; plots/page has the files, and cJSON.
WASM_OBJ     := build/obj-wasm
WASM_ROOMS   := base machine model cost net layout
WASM_SOURCES  = $(filter-out sim/base/file.c sim/report/gnuplot.c,$(wildcard $(WASM_ROOMS:%=sim/%/*.c) sim/report/*.c plots/page/*.c)) \
                $(shell grep -L 'gsl/' sim/engine/*.c)
WASM_OBJECTS  = $(WASM_SOURCES:%.c=$(WASM_OBJ)/%.o)
WASM_FLAGS   := --target=wasm32-wasi -std=c11 -O2 -ffp-contract=off -D_POSIX_C_SOURCE=200809L -Isim -I$(WASM_OBJ)/include \
                -ffunction-sections -fdata-sections -fvisibility=hidden -Wall -Wextra $(if $(WERROR),-Werror) -Wno-unknown-pragmas
PAGE_PARTS   := $(addprefix plots/page/,page.html page.css engine.js marks.js charts.js page.js)

$(WASM_OBJ)/include/cjson: | $(filter setup setup-dev,$(MAKECMDGOALS)) # the header alone: what else is there is not for this machine
	@mkdir -p $(@D) && ln -sfn "$$(pkg-config --variable=includedir libcjson)/cjson" $@

$(WASM_OBJ)/%.o: %.c Makefile | $(WASM_OBJ)/include/cjson $(filter setup setup-dev,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	$(call say,wasm,$<) clang $(WASM_FLAGS) $(if $(filter sim/cost/% sim/net/%,$<),-fno-math-errno -fno-trapping-math) -MMD -MP -c -o $@ $<

build/page.wasm: $$(WASM_OBJECTS)
	$(call say,ld,$@) clang --target=wasm32-wasi -mexec-model=reactor -nostartfiles -Wl,--no-entry,--gc-sections,--strip-all \
	  -Wl,-z,stack-size=1048576 -o $@ $^ -lm

build/page.html: build/page.wasm plots/page/build.sh $(PAGE_PARTS)
	$(call say,page,$@) plots/page/build.sh $@ build/page.wasm $(PAGE_PARTS)

# ---- tests ---------------------------------------------------------------------------------------
# An archive: a program takes what it uses, so one room's tests link while another room is being built.
$(OBJ)/all.a: $(TESTABLE)
	@rm -f $@ && $(AR) rcs $@ $(TESTABLE)

$(SUITES:%=$(BIN)/test/%): $(BIN)/test/%: $$(call object,tests/$$*/*.c) $(OBJ)/runner-%.o $(SUPPORT) $(OBJ)/all.a
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) $(WRAPS) -o $@ $^ $(CHECK_L) $(LIBS)

$(OBJ)/runner-%.o: tests/runner.c tests/%/suites.def Makefile | $(filter setup setup-dev,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	$(call say,cc,$@) $(COMPILE) -Itests $(CHECK_C) -DGABLE_SUITES='"$*/suites.def"' -MMD -MP -c -o $@ $<

# The fuzz targets, built without a fuzzer: they replay the corpus.
$(FUZZERS:%=$(BIN)/test/%): $(BIN)/test/%: $(OBJ)/tests/fuzz/%.o $(OBJ)/tests/fuzz/replay.o $(FUZZ_SHARED) $(OBJ)/all.a
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) -o $@ $^ $(LIBS)

# The program itself, called as a function, with everything that it calls wrapped (tests/faults/inject.c).
WRAPPED := open read write close fsync rename fchmod mkstemp fstat opendir readdir pipe fcntl posix_spawn poll waitpid \
           gable_arena_alloc gable_arena_take gable_arena_copy
comma   := ,
$(OBJ)/gable_main.o: $(OBJ)/sim/cli/main.o
	@objcopy --redefine-sym main=gable_main $< $@
$(FAULTS): $(call object,tests/faults/*.c) $(OBJ)/gable_main.o $(OBJ)/all.a
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) $(WRAPPED:%=-Wl$(comma)--wrap=%) -o $@ $^ $(LIBS)

check: all $(CHECKERS) $(FAULTS) ## run every test; the last line is `N passed, N failed`
	@BIN=$(BIN) tests/run

build-checkers: $(CHECKERS) $(FAULTS)

unit: $(SUITES:%=$(BIN)/test/%) ## run the unit tests and laws alone
	@BIN=$(BIN) tests/run $(SUITES)

golden: all ## rewrite the expected output of the transcripts in tests/golden
	tests/golden/run.sh --update

answers: $(BIN)/test/unit ## rewrite the keys of answers in sim/cli/json_answers.def
	@sed '/^ANSWER/,$$d' sim/cli/json_answers.def >$(BIN)/answers.head
	@GABLE_ANSWERS=$(BIN)/answers.rows CK_RUN_SUITE=json_reference $< >/dev/null || true
	cat $(BIN)/answers.head $(BIN)/answers.rows >sim/cli/json_answers.def

calibrate: all ## refit hw/calibration from ../shared/measurements
	@GABLE=$(BIN)/gable hw/calibrate.sh

docs: all ## rewrite the generated parts of README.md and its picture
	@GABLE=$(BIN)/gable plots/readme.sh

layers: ## a room includes only itself and rooms below
	@tests/tidy/layers.sh

tidy: ## sizes, banned calls, product names, READMEs
	@tests/tidy/tidy.sh

lint: all ## clang-tidy, cppcheck, gcc -fanalyzer, no mutable data
	@CFLAGS='$(COMMON) $(GSL_C) $(CJSON_C)' tests/tidy/lint.sh

browser: all ## the page of `gable report` in headless Chromium; says so and does nothing where there is none
	@if tests/browser/run.sh --ready; then BIN=$(BIN) tests/run tests/browser/run.sh; fi

agree: ## the recorded scenarios, to the last digit: gcc -O2, gcc -O3, clang, and the engine of the page
	@$(MAKE) --no-print-directory CC=gcc VARIANT=o3 build/o3/gable
	@$(MAKE) --no-print-directory CC=clang build/clang/gable
	@$(MAKE) --no-print-directory all build/page.html
	@mkdir -p build/browser && cp tests/browser/*.mjs build/browser && \
	  PROGRAMS='build/o3/gable build/clang/gable' node build/browser/agree.mjs

asan: ## unit tests and corpus under AddressSanitizer and UBSan (gcc)
	@$(MAKE) VARIANT=asan CC=gcc sanitized
ubsan: ## the same under clang's UBSan
	@$(MAKE) VARIANT=ubsan CC=clang sanitized
tsan: ## the parallel parts, sweeps, under clang's ThreadSanitizer
	@$(MAKE) VARIANT=tsan CC=clang build/tsan/test/unit build/tsan/gable
	@BIN=build/tsan tests/run tests/faults/threads.sh
.PHONY: tsan sanitized
sanitized: $(CHECKERS)
	@BIN=$(BIN) UNDER=sanitizer tests/run $(SUITES) corpus

valgrind: $(BIN)/test/unit ## unit tests under valgrind, in one process
	@BIN=$(BIN) UNDER=valgrind tests/run unit

# gcovr reads what gcc counted once; then each gate takes its files of it.
COVERED := build/cov/coverage.json
cov: ## coverage of unit tests, laws, corpus, transcripts, faults: 90 % of the branches of base, 85 % of all
	@find build/obj-cov -name '*.gcda' -exec rm -f {} + 2>/dev/null || true
	@CCACHE_DISABLE=1 $(MAKE) VARIANT=cov CC=gcc all build-checkers
	@BIN=build/cov UNDER=sanitizer GABLE_FAULTS=3 tests/run $(SUITES) corpus golden \
	    $(addprefix tests/,laws/completion.sh laws/help.sh laws/schemas.sh faults/inject.sh)
	@gcovr --root . --filter sim/ --object-directory build/obj-cov -j $$(nproc) --json $(COVERED) build/obj-cov/sim
	gcovr --root . -a $(COVERED) --filter sim/base/ --branches --print-summary --fail-under-branch 90
	gcovr --root . -a $(COVERED) --filter sim/ --branches --print-summary --fail-under-branch 85

FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?= $(FUZZERS)
fuzz: ## fuzz every loader for FUZZ_SECONDS each (clang); FUZZ_TARGETS="fuzz_csv …" takes some
	@$(MAKE) VARIANT=fuzz CC=clang fuzzers
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run.sh build/fuzz/fuzzer $(FUZZ_TARGETS)
.PHONY: fuzzers
fuzzers: $(FUZZERS:%=$(BIN)/fuzzer/%)
$(FUZZERS:%=$(BIN)/fuzzer/%): $(BIN)/fuzzer/%: $(OBJ)/tests/fuzz/%.o $(FUZZ_SHARED) $(OBJ)/all.a
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(BENCHES:%=$(BIN)/bench/%): $(BIN)/bench/%: $(OBJ)/tests/bench/%.o $(OBJ)/all.a
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) -o $@ $^ $(LIBS)
bench: all $(BENCHES:%=$(BIN)/bench/%) ## speed, as ratios to loops run beside it and to the commit before
	@for b in $(BENCHES:%=$(BIN)/bench/%); do $$b || exit; done
	@BIN=$(BIN) tests/bench/previous.sh

instructions: $(BIN)/bench/bench_price $(BIN)/bench/bench_sweep ## instructions of what bench times, against those recorded
	@BIN=$(BIN) CC=$(CC) tests/bench/instructions.sh

# ---- people --------------------------------------------------------------------------------------
DEMO := --model llama-3.1-70b --system hgx-h100-8 --tp 8
demo: all ## decode and prefill of a 70B model on eight GPUs, and their roofline
	@mkdir -p out
	build/gable cost $(DEMO) --phase decode --batch 64 --context 4096
	build/gable cost $(DEMO) --phase prefill --batch 1 --new-tokens 4096 --context 0
	build/gable roofline $(DEMO) --batch 64 --context 4096 --terminal
	build/gable roofline $(DEMO) --batch 64 --context 4096 -o out/roofline.svg
	@echo 'wrote out/roofline.svg'

WASM_PACKAGES := clang lld wasi-libc libclang-rt-dev-wasm32
RUN_PACKAGES := gcc libc6-dev pkg-config libgsl-dev libcjson-dev gnuplot-nox check $(WASM_PACKAGES)
DEV_PACKAGES := strace libomp-dev clang-format clang-tidy libclang-rt-dev 'chromium?' fonts-dejavu-core \
                $(if $(shell command -v npm),,nodejs npm) cppcheck valgrind pmccabe gcovr jq \
                mandoc zsh fish debhelper dpkg-dev fakeroot lintian python3 python3-jsonschema

setup: ## install what building and testing needs (apt; nothing happens where all is there)
	@tests/tidy/setup.sh $(RUN_PACKAGES)
setup-dev: ## install what the developers' gates need as well
	@tests/tidy/setup.sh $(RUN_PACKAGES) $(DEV_PACKAGES)

format: ## clang-format over sim and tests
	clang-format -i $(wildcard sim/*.h sim/*/*.[ch] tests/*/*.[ch])

# ---- what users get ------------------------------------------------------------------------------
LIBDIR  ?= $(PREFIX)/lib
MANDIR  ?= $(PREFIX)/share/man
DATADIR := $(PREFIX)/share/gable
BASH_COMPLETIONS ?= $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS  ?= $(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS ?= $(PREFIX)/share/fish/vendor_completions.d

# Man pages and completion are what the program says of itself.
COMMANDS   := $(shell sed -n 's/^COMMAND(\(.*\))/\1/p' sim/cli/commands.def)
READS      := $(shell sed -n 's/^ *{\.name = "\(.*\)",.*$$/\1/p' sim/cli/json_reference.c)
PAGES      := $(BIN)/man/gable.1 $(COMMANDS:%=$(BIN)/man/gable-%.1)
SCHEMAS    := $(READS:%=$(BIN)/schemas/%.schema.json)
COMPLETION := $(addprefix $(BIN)/completion/,gable.bash gable.zsh gable.fish)

$(BIN)/man/gable.1: $(BIN)/gable
	@mkdir -p $(@D) && $< help --format man >$@
$(BIN)/man/gable-%.1: $(BIN)/gable
	@mkdir -p $(@D) && $< help --format man $* >$@
$(BIN)/man/gable-json.5: $(BIN)/gable
	@mkdir -p $(@D) && $< help json --format man >$@
$(BIN)/completion/gable.%: $(BIN)/gable
	@mkdir -p $(@D) && $< completion $* >$@
$(BIN)/schemas/%.schema.json: $(BIN)/gable
	@mkdir -p $(@D) && $< help json $* --format json >$@
man: $(PAGES) $(BIN)/man/gable-json.5 $(COMPLETION) $(SCHEMAS) ## build man pages, completion of three shells, JSON Schemas

$(BIN)/gable.pc: Makefile sim/gable.h FORCE
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(patsubst $(PREFIX)/%,$${prefix}/%,$(LIBDIR))' 'includedir=$${prefix}/include' \
	  'datadir=$${prefix}/share/gable' '' 'Name: gable' \
	  'Description: roofline and interconnect simulator for LLM inference' 'Version: $(VERSION)' \
	  'Requires.private: gsl libcjson' 'Cflags: -I$${includedir}' 'Libs: -L$${libdir} -lgable' \
	  'Libs.private: -lm$(if $(OPENMP), -lgomp)' >$@
FORCE:

install: all man $(BIN)/gable.pc ## install under PREFIX (default /usr/local), staged in DESTDIR
	install -d $(addprefix $(DESTDIR),$(PREFIX)/bin $(PREFIX)/include $(LIBDIR)/pkgconfig $(MANDIR)/man1 $(MANDIR)/man5 $(DATADIR)/schemas \
	  $(BASH_COMPLETIONS) $(ZSH_COMPLETIONS) $(FISH_COMPLETIONS))
	install -m 755 $(BIN)/gable $(DESTDIR)$(PREFIX)/bin/gable
	install -m 644 sim/gable.h $(DESTDIR)$(PREFIX)/include/gable.h
	install -m 644 $(BIN)/libgable.a $(DESTDIR)$(LIBDIR)/libgable.a
	install -m 644 $(BIN)/libgable.so $(DESTDIR)$(LIBDIR)/libgable.so.$(VERSION)
	ln -sf libgable.so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libgable.so
	install -m 644 $(BIN)/gable.pc $(DESTDIR)$(LIBDIR)/pkgconfig/gable.pc
	install -m 644 $(PAGES) $(DESTDIR)$(MANDIR)/man1/
	install -m 644 $(BIN)/man/gable-json.5 $(DESTDIR)$(MANDIR)/man5/
	install -m 644 $(BIN)/completion/gable.bash $(DESTDIR)$(BASH_COMPLETIONS)/gable
	install -m 644 $(BIN)/completion/gable.zsh $(DESTDIR)$(ZSH_COMPLETIONS)/_gable
	install -m 644 $(BIN)/completion/gable.fish $(DESTDIR)$(FISH_COMPLETIONS)/gable.fish
	rm -rf $(addprefix $(DESTDIR)$(DATADIR)/,hw workloads configs plots)
	cp -R hw workloads configs plots $(DESTDIR)$(DATADIR)/
	find $(DESTDIR)$(DATADIR) -name '*.sh' -exec rm -f {} +
	install -m 644 $(SCHEMAS) $(DESTDIR)$(DATADIR)/schemas/
	rm -rf $(DESTDIR)$(DATADIR)/*/*.sh $(DESTDIR)$(DATADIR)/plots/page
	[ ! -f build/page.html ] || install -m 644 build/page.html $(DESTDIR)$(DATADIR)/plots/page.html
	chmod -R u=rwX,go=rX $(DESTDIR)$(DATADIR)
	[ -n '$(DESTDIR)' ] || ldconfig 2>/dev/null || true

uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/gable include/gable.h)
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,libgable.a libgable.so $(SONAME) libgable.so.$(VERSION) pkgconfig/gable.pc)
	rm -f $(addprefix $(DESTDIR)$(MANDIR)/man1/,$(notdir $(PAGES))) $(DESTDIR)$(MANDIR)/man5/gable-json.5
	rm -f $(DESTDIR)$(BASH_COMPLETIONS)/gable $(DESTDIR)$(ZSH_COMPLETIONS)/_gable $(DESTDIR)$(FISH_COMPLETIONS)/gable.fish
	rm -rf $(DESTDIR)$(DATADIR)

deb: ## build Debian packages into build/deb and check them with lintian
	@.packaging/deb.sh

reproducible: ## build twice in different folders and compare the bytes
	@tests/tidy/reproducible.sh

clean: ## remove build/ and out/
	rm -rf build out

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
