#!/usr/bin/env bash
# skzap's one command: sets up .venv, then builds, demonstrates, serves or tests. See --help.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
venv="$here/.venv"

usage() {
  cat <<'EOF'
skzap: a scikit-learn model as an HTTPS API on AWS Lambda

  ./build.sh [CONFIG] [--force]     train, prove, bundle: dist/lambda.zip, dist/model/, dist/report.json
                                    CONFIG is a model.toml (default: the one beside build.sh); what has
                                    not changed is not done again, --force does it all
  ./build.sh demo [CONFIG]          the same, then `zappa deploy local` onto a local AWS, one HTTPS POST,
                                    its answer compared with scikit-learn's, undeploy
  ./build.sh serve [CONFIG] [--port N]
                                    build, then serve the API on http://127.0.0.1:8000 for trying out
  ./build.sh test [ARGS]            the whole test suite: lint, format, types, pytest; with ARGS, pytest ARGS
  ./build.sh lint                   lint, format and types alone
  ./build.sh bench [NAME]           the benchmarks, side by side with what a user would deploy instead
  ./build.sh coverage               sweep every scikit-learn estimator and write docs/coverage.md
  ./build.sh lock                   write the pinned requirements anew from the .in files
  ./build.sh setup                  only install into .venv
  ./build.sh --help                 this text

Environment: PYTHON names the Python to use (3.12 to 3.14; found by itself otherwise).
Works from any folder. Everything is installed into .venv beside build.sh, nothing elsewhere.
EOF
}

say() { printf '%s\n' "$*"; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# ---- which Python -----------------------------------------------------------------------------

# Prints "3.13" if $1 starts and is a Python, else nothing: a pyenv shim may exist and not start.
version_of() {
  "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

suits() {
  case "$(version_of "$1")" in 3.12 | 3.13 | 3.14) return 0 ;; *) return 1 ;; esac
}

candidates() {
  local version root found
  for version in 3.13 3.12 3.14; do
    command -v "python$version" || true
  done
  if command -v uv >/dev/null; then
    for version in 3.13 3.12 3.14; do
      uv python find --no-python-downloads "$version" 2>/dev/null || true
    done
  fi
  root=${PYENV_ROOT:-$( (pyenv root) 2>/dev/null || printf '%s' "${HOME:-}/.pyenv")}
  for version in 3.13 3.12 3.14; do
    for found in "$root/versions/$version".*/bin/python; do
      [ -x "$found" ] && printf '%s\n' "$found"
    done
  done
  command -v python3 || true
}

find_python() {
  local tried="" found
  if [ -n "${PYTHON:-}" ]; then
    suits "$PYTHON" && { printf '%s\n' "$PYTHON"; return; }
    found=$(version_of "$PYTHON")
    fail "PYTHON=$PYTHON is ${found:-no Python that starts}; expected Python 3.12, 3.13 or 3.14"
  fi
  while IFS= read -r found; do
    suits "$found" && { printf '%s\n' "$found"; return; }
    tried="$tried
  $found: $(version_of "$found" | grep . || printf 'does not start')"
  done < <(candidates)
  fail "no Python 3.12, 3.13 or 3.14 was found.${tried:+
Found:$tried}
Get one with your system's packages (Debian, Ubuntu: apt install python3 python3-venv; Fedora: dnf install
python3.13; macOS: brew install python@3.13), with pyenv (pyenv install 3.13) or with uv (uv python install
3.13), or name one: PYTHON=/path/to/python3.13 ./build.sh"
}

# ---- .venv ------------------------------------------------------------------------------------

# What .venv was made from. It holds absolute paths, so the folder is part of it.
stamp() {
  printf '%s\n' "$here"
  cat "$here/requirements.txt" "$here/handler/requirements.txt"
}

is_current() {
  [ -x "$venv/bin/python" ] && suits "$venv/bin/python" || return 1
  [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of "$venv/bin/python")" ] || return 1
  stamp | cmp -s - "$venv/skzap-installed.txt"
}

setup() {
  is_current && return
  local python started=$SECONDS
  python=$(find_python) || exit 1
  say "==> Install into .venv with $python ($(version_of "$python"))"
  rm -f "$venv/skzap-installed.txt"
  "$python" -m venv --clear "$venv" ||
    fail "$python cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv"
  "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-deps --require-hashes \
    -r "$here/requirements.txt" ||
    fail "the packages of requirements.txt could not be installed; pip's message is above"
  stamp >"$venv/skzap-installed.txt"
  say "    done in $((SECONDS - started)) s"
}

# Runs a module of the project from any folder, with .venv active as zappa wants it.
run() {
  VIRTUAL_ENV="$venv" PATH="$venv/bin:$PATH" PYTHONPATH="$here" "$venv/bin/python" -m "$@"
}

# ---- the commands -----------------------------------------------------------------------------

lint() {
  say "==> Lint, format, types"
  (cd "$here" && run ruff check --quiet . && run ruff format --quiet --check . && run mypy --no-error-summary)
}

run_tests() {
  local started=$SECONDS
  if [ $# -eq 0 ]; then
    lint
    set -- -n auto --dist loadfile  # on all cores; the tests of one file stay together, in order
  fi
  say "==> Tests"
  (cd "$here" && run pytest "$@")
  say "==> All of it took $((SECONDS - started)) s"
}

lock() {
  local names
  cd "$here"
  run uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
    --no-header --no-annotate --upgrade handler/requirements.in -o handler/requirements.txt
  names=$(sed -n 's/^\([A-Za-z0-9._-]*\)==.*/--no-emit-package=\1/p' handler/requirements.txt)
  # shellcheck disable=SC2086  # one word a package
  run uv pip compile --quiet --universal --python-version 3.12 --generate-hashes --no-emit-index-url \
    --no-header --no-annotate --upgrade $names requirements.in -o requirements.locked
  {
    say "# Written by ./build.sh lock from requirements.in: what the build, the tests and the deploy need."
    say "-r handler/requirements.txt"
    grep -v '^# The following packages were excluded' requirements.locked
  } >requirements.txt.new
  mv requirements.txt.new requirements.txt
  rm requirements.locked
}

main() {
  local command=${1:-build}
  case "$command" in
    -h | --help | help) usage ;;
    demo) shift; setup; run deploy.demo "$@" ;;
    serve) shift; setup; run model_build serve "$@" ;;
    test) shift; setup; run_tests "$@" ;;
    lint) setup; lint ;;
    bench) shift; setup; run benchmarks "$@" ;;
    coverage) setup; run benchmarks.coverage ;;
    lock) setup; lock ;;
    setup) setup ;;
    build) [ $# -gt 0 ] && shift; setup; run model_build build "$@" ;;
    --force | *.toml) setup; run model_build build "$@" ;;
    *) usage >&2; fail "'$command' is no command and no .toml file" ;;
  esac
}

# Sourced, as the tests do it, it only defines its functions.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
  main "$@"
fi
