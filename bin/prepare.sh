# Read by the commands beside it: finds Python, keeps .venv as the requirements say.
# POSIX sh. Everything else is Python.

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
venv=$root/.venv

find_python() {
    for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# requirements FILE...: brings .venv in step with these lists and nothing else. Several of these
# may run at once: one works, the others wait for it.
requirements() {
    python=$(find_python) || {
        echo "tern: Python 3.11 or newer is needed; python3 is $(python3 --version 2>&1 || echo missing)" >&2
        exit 2
    }
    "$python" "$root/bin/environment.py" "$venv" "$@" || exit $?
    # Where byte code is not wanted beside the sources it is kept in .venv: without any, each
    # process of a start compiles all it imports, which takes it three times as long.
    if [ -n "${PYTHONDONTWRITEBYTECODE:-}" ]; then
        unset PYTHONDONTWRITEBYTECODE
        export PYTHONPYCACHEPREFIX="$venv/pycache"
    fi
}
