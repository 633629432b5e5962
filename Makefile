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
BENCHES   := $(patsubst tests/bench/%.c,%,$(sort $(wildcard tests/bench/bench_*.c)))
CHECKERS  := $(SUITES:%=$(BIN)/test/%) $(FUZZERS:%=$(BIN)/test/%)

# ---- how -----------------------------------------------------------------------------------------
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wvla -Wdouble-promotion -Wswitch-enum -Wwrite-strings -Wundef -Werror
# No contraction: a fused multiply-add would make results differ between machines.
COMMON   := -std=c11 -g -D_POSIX_C_SOURCE=200809L -ffp-contract=off -fstack-protector-strong \
            -fPIC -fno-semantic-interposition -Isim
OPENMP   := -fopenmp
ifneq ($(filter clang%,$(notdir $(CC))),)
# clang: without its OpenMP runtime, in one thread; and NAN of <math.h> is a float there.
WARNINGS += -Wno-source-uses-openmp -Wno-unknown-pragmas -Wno-double-promotion
OPENMP   :=
endif

# What the instrumentation hides from gcc: these warnings are heeded in the plain build.
BLURRED        := -Wno-format-truncation -Wno-maybe-uninitialized
OPTIMISE_asan  := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,float-cast-overflow \
                  -fno-sanitize-recover=all $(BLURRED)
OPTIMISE_ubsan := -O1 -fsanitize=undefined,float-cast-overflow -fno-sanitize-recover=all
OPTIMISE_cov   := -O0 --coverage $(BLURRED)
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

COMPILE  = $(CC) $(COMMON) $(OPTIMISE) $(WARNINGS) $(ROOM_FLAGS) $(GSL_C) $(CJSON_C) $(CFLAGS)
LINK     = $(CC) $(OPTIMISE) $(OPENMP) -Wl,--as-needed -Wl,-z,relro,-z,now $(LDFLAGS)
LIBS     = $(GSL_L) $(CJSON_L) -lm
WRAPS    := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc # tests/wrap.c makes them fail on demand

.PHONY: all setup setup-dev demo check build-checkers unit layers tidy lint asan ubsan valgrind cov golden fuzz bench instructions calibrate docs \
        format install uninstall clean help
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BIN)/gable $(BIN)/libgable.a $(BIN)/libgable.so ## build the program and the library (the default)

$(BIN)/gable: $(OBJECTS)
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) -o $@ $(OBJECTS) $(LIBS)

$(BIN)/libgable.a: $(LIBRARY)
	@mkdir -p $(@D) && rm -f $@
	$(call say,ar,$@) $(AR) rcs $@ $(LIBRARY)

$(BIN)/libgable.so: $(LIBRARY)
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) -shared -Wl,-soname,libgable.so.0 -o $@ $(LIBRARY) $(LIBS)

$(OBJ)/sim/engine/%.o $(OBJ)/sim/cli/%.o: ROOM_FLAGS = $(OPENMP)
# The forms: no errno from roots, no trap flags, loops over tiles in vectors; results are the same to the last bit.
$(OBJ)/sim/cost/%.o $(OBJ)/sim/net/%.o: ROOM_FLAGS = -O3 -fno-math-errno -fno-trapping-math
$(OBJ)/tests/%.o: ROOM_FLAGS = -Itests $(CHECK_C)

# Order-only: with -j, nothing compiles before a `setup` named on the same command line is through.
$(OBJ)/%.o: %.c Makefile | $(filter setup setup-dev,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	$(call say,cc,$<) $(COMPILE) -MMD -MP -c -o $@ $<

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)

# ---- tests ---------------------------------------------------------------------------------------
# An archive: a program takes what it uses, so one room's tests link while another room is being built.
$(OBJ)/all.a: $(TESTABLE)
	@rm -f $@ && $(AR) rcs $@ $(TESTABLE)

.SECONDEXPANSION:
$(SUITES:%=$(BIN)/test/%): $(BIN)/test/%: $$(call object,tests/$$*/*.c) $(OBJ)/runner-%.o $(SUPPORT) $(OBJ)/all.a
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) $(WRAPS) -o $@ $^ $(CHECK_L) $(LIBS)

$(OBJ)/runner-%.o: tests/runner.c tests/%/suites.def Makefile | $(filter setup setup-dev,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	$(call say,cc,$@) $(COMPILE) -Itests $(CHECK_C) -DGABLE_SUITES='"$*/suites.def"' -MMD -MP -c -o $@ $<

# The fuzz targets, built without a fuzzer: they replay the corpus.
$(FUZZERS:%=$(BIN)/test/%): $(BIN)/test/%: $(OBJ)/tests/fuzz/%.o $(OBJ)/tests/fuzz/replay.o $(OBJ)/all.a
	@mkdir -p $(@D)
	$(call say,ld,$@) $(LINK) -o $@ $^ $(LIBS)

check: all $(CHECKERS) ## run every test; the last line is `N passed, N failed`
	@BIN=$(BIN) tests/run

build-checkers: $(CHECKERS)

unit: $(SUITES:%=$(BIN)/test/%) ## run the unit tests and laws alone
	@BIN=$(BIN) tests/run $(SUITES)

golden: all ## rewrite the expected output of the transcripts in tests/golden
	tests/golden/run.sh --update

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

asan: ## unit tests and corpus under AddressSanitizer and UBSan (gcc)
	@$(MAKE) VARIANT=asan CC=gcc sanitized
ubsan: ## the same under clang's UBSan
	@$(MAKE) VARIANT=ubsan CC=clang sanitized
.PHONY: sanitized
sanitized: $(CHECKERS)
	@BIN=$(BIN) tests/run $(SUITES) corpus

valgrind: $(BIN)/test/unit ## unit tests under valgrind, in one process
	@BIN=$(BIN) UNDER=valgrind tests/run unit

cov: ## line and branch coverage of the unit tests
	@$(MAKE) VARIANT=cov CC=gcc unit
	gcovr --root . --filter sim/ --object-directory build/obj-cov --branches --print-summary --txt build/coverage.txt
	@cat build/coverage.txt

FUZZ_SECONDS ?= 20
fuzz: ## fuzz every loader for FUZZ_SECONDS each (clang)
	@mkdir -p build/fuzz
	@for f in $(FUZZERS); do \
	  clang $(filter-out -fno-semantic-interposition,$(COMMON)) -O1 -fsanitize=fuzzer,address,undefined \
	    -fno-sanitize-recover=all $(GSL_C) $(CJSON_C) -o build/fuzz/$$f tests/fuzz/$$f.c \
	    $(wildcard sim/base/*.c sim/machine/*.c sim/model/*.c sim/cost/*.c sim/net/*.c) $(CJSON_L) -lm || exit; \
	  mkdir -p build/fuzz/corpus-$$f; \
	  build/fuzz/$$f -max_total_time=$(FUZZ_SECONDS) -timeout=5 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=build/fuzz/ build/fuzz/corpus-$$f tests/fuzz/corpus/$${f#fuzz_} || exit; done

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

RUN_PACKAGES := gcc libc6-dev pkg-config libgsl-dev libcjson-dev gnuplot-nox check
DEV_PACKAGES := clang clang-format clang-tidy libclang-rt-dev cppcheck valgrind pmccabe gcovr jq

setup: ## install what building and testing needs (apt; nothing happens where all is there)
	@tests/tidy/setup.sh $(RUN_PACKAGES)
setup-dev: ## install what the developers' gates need as well
	@tests/tidy/setup.sh $(RUN_PACKAGES) $(DEV_PACKAGES)

format: ## clang-format over sim and tests
	clang-format -i $(wildcard sim/*.h sim/*/*.[ch] tests/*/*.[ch])

D = $(DESTDIR)$(PREFIX)
install: all ## install under PREFIX (default /usr/local), staged in DESTDIR
	install -d $(D)/bin $(D)/lib/pkgconfig $(D)/include $(D)/share/gable
	install -m 755 build/gable $(D)/bin/gable
	install -m 644 sim/gable.h $(D)/include/gable.h
	install -m 644 build/libgable.a $(D)/lib/libgable.a
	install -m 755 build/libgable.so $(D)/lib/libgable.so.0
	ln -sf libgable.so.0 $(D)/lib/libgable.so
	cp -R hw workloads configs plots $(D)/share/gable/
	printf '%s\n' 'prefix=$(PREFIX)' 'Name: gable' 'Description: LLM inference roofline simulator' \
	  'Version: $(VERSION)' 'Requires.private: gsl libcjson' 'Cflags: -I$${prefix}/include' \
	  'Libs: -L$${prefix}/lib -lgable' 'Libs.private: -lm' > $(D)/lib/pkgconfig/gable.pc

uninstall: ## remove what install put there
	rm -f $(D)/bin/gable $(D)/include/gable.h $(D)/lib/libgable.a $(D)/lib/libgable.so $(D)/lib/libgable.so.0 \
	  $(D)/lib/pkgconfig/gable.pc
	rm -rf $(D)/share/gable

clean: ## remove build/ and out/
	rm -rf build out

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20
