# Shared by bin/run and bin/test, which source it: finds a Python, keeps .venv equal to the pinned files.
# Needs Python 3.11 to 3.13 and pip; asks nothing; a second call with nothing changed costs milliseconds.

unset PYTHONHOME PYTHONPATH
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0

# True when the command $1 is a Python we support. It is run, not looked up: shims may name what is not there.
suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

find_python() {
    for candidate in python3.12 python3.13 python3.11 python3 python; do
        if suits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "NanoBanana needs Python 3.11, 3.12 or 3.13, and none of them is on the PATH." >&2
    exit 1
}

# Where the system's Python comes without ensurepip, its own pip installs into a bare environment.
make_venv() {
    python=$(find_python)
    echo "Making .venv with $("$python" --version 2>&1) ..." >&2
    rm -rf .venv
    if ! "$python" -m venv .venv >/dev/null 2>&1; then
        rm -rf .venv
        "$python" -m venv --without-pip .venv
    fi
}

pip_install() {
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        .venv/bin/python -m pip install -qq --require-hashes "$@"
    else
        "$(find_python)" -m pip --python .venv/bin/python install -qq --require-hashes "$@"
    fi
}

# ensure FILE: brings .venv to what FILE pins. A copy of FILE, written last, says that it was finished.
ensure() {
    stamp=.venv/installed-$1
    cmp -s "$1" "$stamp" && return
    echo "Installing $1 (once, about half a minute) ..." >&2
    rm -f "$stamp"
    pip_install -r "$1"
    cp "$1" "$stamp"
}

suits .venv/bin/python || make_venv
