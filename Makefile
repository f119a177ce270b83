# The project's commands. Each installs what it lacks and is quick when run again.
PYTHON ?= python3
TORCH := 2.13.0
TORCHVISION := 0.28.0
# What make test-torch runs on, and the folder of their environments, which are made where they are missing.
TORCH_VERSIONS ?= 2.0.1 $(TORCH) newest
ALL_TORCH ?= build/torch

# What make test-fresh installs itself on, and what it does there: targets of this file, and README's Install block.
FRESH_SUITES ?= bookworm trixie
FRESH_TARGETS ?= demo install

# The newest clang that Debian has and that takes its RapidJSON.
CLANG ?= $(shell . /etc/os-release; test "$$VERSION_ID" = 12 && echo 16 || echo 19)

FUZZ_READERS ?= convention onnx pt2 report safetensors trace
FUZZ_SECONDS ?= 900

# The pages of docs/ that the command prints.
REFERENCE := cli conventions devices operators

BIN := .venv/bin
STAMP := build/stamp
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
SOURCES := $(shell find src python cmake -type f -not -name '*.pyc') CMakeLists.txt pyproject.toml
CPP := $(shell find src tests -name '*.cpp' -o -name '*.h')
# Python.h and venv come with some Pythons and with others not.
PYTHON_DEBIAN = $(shell $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv) \
  $(shell test -f "$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" || echo python3-dev)

# One compilation serves the extension and the command, if both call the compiler by one name; and every clone, if they
# share a CCACHE_DIR: paths inside of a clone do not matter.
export CXX
export CMAKE_CXX_COMPILER_LAUNCHER = $(shell command -v ccache)
export CCACHE_DIR ?= $(CURDIR)/build/ccache
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= true
export CCACHE_SLOPPINESS ?= pch_defines,time_macros

.PHONY: help demo test lint test-library test-cpp test-sanitize test-python test-pythons test-clusters test-integrations sweep test-torch test-fresh fuzz bench bench-training bench-cache bench-llm bench-roofline bench-sweeps bench-files results models audit docs site pictures format wheel wheels test-wheels test-ports clean
.DELETE_ON_ERROR:

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(STAMP)/installed ## the table of resnet18
	@$(BIN)/thoplw torchvision:resnet18

test: export THOPLW_WERROR = ON
test: lint test-library test-sanitize test-pythons test-python ## everything that a change must pass

lint: $(STAMP)/test-environment ## formats, types and rules of style
	$(BIN)/clang-format --dry-run -Werror $(CPP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/check-jsonschema -qq --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema -qq --builtin-schema vendor.github-actions action.yml

LIBRARY_TESTS = ^(command|install|consumer|guide|count_file)$$

test-library: $(STAMP)/debian-test ## the command and the library as they are installed, and C++ projects that use them
	cmake --preset release --log-level=WARNING
	cmake --build --preset release --target thoplw thoplw_command
	ctest --preset release -R '$(LIBRARY_TESTS)'

test-cpp: $(STAMP)/debian-test ## the C++ tests, optimised
	cmake --preset release --log-level=WARNING
	cmake --build --preset release
	ctest --preset release -j 2

test-sanitize: $(STAMP)/debian-clang ## the C++ tests under ASan and UBSan, by clang with libc++
	cmake --preset clang --log-level=WARNING -DCMAKE_CXX_COMPILER=clang++-$(CLANG)
	cmake --build --preset clang
	ctest --preset clang -j 2 -E '$(LIBRARY_TESTS)'

# In half a minute each; the Python of .venv is test-python's.
test-pythons: $(STAMP)/environment $(STAMP)/debian-test ## the extension with every other Python that is here, without torch
	.ci/pythons "$$($(BIN)/python -m nanobind --cmake_dir)" build/python \
	  "$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')"

test-python: $(STAMP)/installed $(STAMP)/test-environment $(STAMP)/debian-page ## the Python tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

test-clusters: $(STAMP)/installed $(STAMP)/test-environment ## sweeps on a local Ray and a local Dask cluster, which it installs
	$(PIP) -c build/constraints.txt 'ray[tune]' 'dask[distributed]' psutil
	$(BIN)/python -m pytest tests/python/sweep/test_clusters.py tests/python/sweep/test_searches.py

test-integrations: $(STAMP)/installed $(STAMP)/test-environment $(STAMP)/integrations-environment ## Lightning, transformers, loggers, notebooks, hooks, all of which it installs
	$(BIN)/python -m pytest tests/python/integrations

sweep: $(STAMP)/installed $(STAMP)/test-environment $(STAMP)/debian-page ## the Python tests on all models that they know; about two hours
	OMP_NUM_THREADS=1 THOPLW_SWEEP=1 $(BIN)/python -m pytest -n 2 --dist loadfile

test-torch: $(STAMP)/wheel ## the capture tests of one wheel on the oldest, the usual and the newest torch
	for version in $(TORCH_VERSIONS); do .ci/torch-environment "$(PYTHON)" "$(ALL_TORCH)" "$$version" || exit 1; done

test-fresh: ## make demo and the README's Install block on bare Debians, as root; half an hour and a few GB for each
	for suite in $(FRESH_SUITES); do for target in $(FRESH_TARGETS); do \
	  .ci/fresh $$suite build/fresh $$target || exit 1; done; done

fuzz: $(STAMP)/debian-fuzz ## the readers of files, FUZZ_SECONDS each; what is found stays in tests/fuzz/corpus
	cmake --preset fuzz --log-level=WARNING
	cmake --build --preset fuzz
	for reader in $(FUZZ_READERS); do \
	  mkdir -p build/fuzz/corpus/$$reader && build/fuzz/fuzz_$$reader -max_total_time=$(FUZZ_SECONDS) -timeout=10 \
	    -rss_limit_mb=1024 -max_len=200000 -print_final_stats=1 -artifact_prefix=tests/fuzz/corpus/$$reader/ \
	    build/fuzz/corpus/$$reader tests/fuzz/corpus/$$reader tests/data/samples || exit 1; done

bench: $(STAMP)/installed $(STAMP)/bench-environment ## speed, against torch and the other tools
	$(BIN)/python -m bench

bench-training: $(STAMP)/installed $(STAMP)/bench-environment ## a training step, against torch's own counter and tracker
	$(BIN)/python -m bench.training --save

bench-cache: $(STAMP)/installed $(STAMP)/bench-environment ## the command on models by name, the first time and the second
	$(BIN)/python -m bench.cache

bench-llm: $(STAMP)/installed $(STAMP)/bench-environment ## large language models from their configs: seconds and memory
	$(BIN)/python -m bench.llm --save

bench-roofline: $(STAMP)/installed $(STAMP)/bench-environment ## how long models take, next to the least that they can
	$(BIN)/python -m bench.roofline --save

bench-sweeps: $(STAMP)/installed $(STAMP)/bench-environment ## sweeps, beside the same loop with other tools
	$(BIN)/python -m bench.sweeps --save

bench-files: $(STAMP)/installed $(STAMP)/bench-environment $(STAMP)/debian-bench ## the native command on model files, against Python
	cmake --preset release --log-level=WARNING
	cmake --build --preset release --target thoplw_command
	$(BIN)/python -m bench.files --thoplw build/release/thoplw

results: $(STAMP)/installed $(STAMP)/bench-environment ## docs/results: the tables and the plot of 33 models
	$(BIN)/python docs/results.py

models: $(STAMP)/installed $(STAMP)/test-environment ## docs/models.md: what every convention gives for 83 models
	$(BIN)/python docs/models.py

audit: $(STAMP)/installed $(STAMP)/test-environment $(STAMP)/audit-environment ## docs/coverage.md: which operators have no cost rule; minutes
	$(BIN)/python tests/python/support/audit.py

docs: $(STAMP)/debian-test ## the generated pages of docs/, by the native command
	cmake --preset release --log-level=WARNING
	cmake --build --preset release --target thoplw_command
	for page in $(REFERENCE); do build/release/thoplw reference $$page -o docs/$$page.md || exit 1; done

site: export NO_MKDOCS_2_WARNING = 1
site: $(STAMP)/installed $(STAMP)/site-environment ## the documentation as a site, in build/site/html; fails where a link leads nowhere
	$(BIN)/python docs/website.py
	$(BIN)/python -m mkdocs build --quiet

pictures: $(STAMP)/installed $(STAMP)/test-environment ## docs/pictures: what docs/reports.md shows
	$(BIN)/python docs/pictures.py

format: $(STAMP)/test-environment ## lay out all sources
	$(BIN)/clang-format -i $(CPP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(STAMP)/wheel ## a wheel for this Python and this system, in dist/

# What make wheels is for. Without GitHub the pinned libraries come from Debian and PyPI.
ARCHITECTURES ?= x86_64 aarch64
BUNDLED = $$(curl --silent --fail --head --max-time 10 https://github.com > /dev/null || .ci/sources build/sources)

wheels: $(STAMP)/release-tools ## what a release has, in dist/release: wheels of every Python here, static commands, sources
	rm -rf dist/release
	export CMAKE_ARGS="$(BUNDLED)" && .ci/wheels $(TOOLS) build/wheels dist/release $(ARCHITECTURES) && \
	  .ci/commands $(TOOLS) build/wheels dist/release $(ARCHITECTURES)
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(TOOLS) -c \
	  'from scikit_build_core.build import build_sdist; build_sdist("dist/release")' > build/sdist.log
	cd dist/release && sha256sum thoplw-* > SHA256SUMS

test-wheels: $(STAMP)/release-tools $(STAMP)/environment ## each wheel in an environment of its own; of ARM, under qemu
	.ci/packages qemu-user-static
	.ci/test-wheels $(TOOLS) build/test-wheels dist/release $(BIN)/python

test-ports: $(STAMP)/release-tools $(STAMP)/test-environment ## the C++ tests for Windows, under wine, and for macOS, only compiled; half an hour
	for platform in win32 darwin; do $(BIN)/mypy --strict --platform $$platform python || exit 1; done
	.ci/packages wine wine64
	export CMAKE_ARGS="$(BUNDLED)" && .ci/ports $(TOOLS) build/ports

clean: ## remove all that was built
	rm -rf build dist .venv .mypy_cache .ruff_cache .pytest_cache

$(STAMP)/debian:
	@echo "installing the Debian packages that are missing: a minute or two"
	.ci/packages g++ cmake ninja-build ccache libfmt-dev nlohmann-json3-dev libcli11-dev rapidjson-dev \
	  libprotozero-dev libtomlplusplus-dev libminizip-dev zlib1g-dev libboost-dev $(PYTHON_DEBIAN)
	@mkdir -p $(@D) && touch $@

$(STAMP)/debian-test: $(STAMP)/debian
	.ci/packages doctest-dev
	@touch $@

$(STAMP)/debian-clang: $(STAMP)/debian-test
	.ci/packages clang-$(CLANG) libc++-$(CLANG)-dev libc++abi-$(CLANG)-dev libclang-rt-$(CLANG)-dev
	@touch $@

$(STAMP)/debian-page: $(STAMP)/debian
	.ci/packages chromium zsh fish
	@touch $@

$(STAMP)/debian-fuzz: $(STAMP)/debian
	.ci/packages clang libclang-rt-14-dev
	@touch $@

$(STAMP)/debian-bench: $(STAMP)/debian-test
	.ci/packages time
	@touch $@

# torchvision without what it depends on: it must not bring a torch of its own choice.
$(STAMP)/environment: $(STAMP)/debian
	@echo "creating .venv with torch and torchvision: minutes, as torch may be gigabytes"
	$(PYTHON) -m venv .venv
	printf 'torch==$(TORCH)\ntorchvision==$(TORCHVISION)\n' > build/constraints.txt
	$(PIP) torch==$(TORCH) numpy pillow scikit-build-core nanobind
	$(PIP) --no-deps torchvision==$(TORCHVISION)
	@touch $@

$(STAMP)/installed: $(STAMP)/environment $(SOURCES)
	@echo "building thoplw: one to five minutes"
	$(PIP) --no-build-isolation --no-deps --force-reinstall --config-settings=build-dir=build/python .
	@touch $@

$(STAMP)/wheel: $(STAMP)/environment $(SOURCES)
	rm -f dist/*.whl
	$(BIN)/python -m pip wheel -qq --no-build-isolation --no-deps --config-settings=build-dir=build/python -w dist .
	@touch $@

TOOLS := $(CURDIR)/build/tools/bin/python
# One version of each: two runs give the same bytes. The last three are needed by Python 3.10 alone.
$(STAMP)/release-tools: $(STAMP)/debian
	$(PYTHON) -m venv build/tools
	$(TOOLS) -m pip install -qq --disable-pip-version-check ziglang==0.17.1 nanobind==3.1.0 scikit-build-core==1.1.2 \
	  packaging==26.4 pathspec==1.1.1 wheel==0.48.0 auditwheel==6.8.2 pyelftools==0.33 tomli typing-extensions exceptiongroup
	@touch $@

# The extra named $* of pyproject.toml: test or bench.
extra = $(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["$*"])'
$(STAMP)/%-environment: $(STAMP)/environment $(STAMP)/debian-test pyproject.toml
	$(PIP) -c build/constraints.txt $$($(extra))
	@touch $@
