# Sourced by script/run and script/test, with `root` set to the project's folder: makes $root/.venv ready.
#
#   prepare_environment LOCK    installs the packages of LOCK (with their hashes) and the project itself
#
# Afterwards $root/.venv/bin/python is there. Nothing is asked of the network where it was done before: a stamp in
# .venv tells for which lock, project and folder. Set PYTHON to choose the interpreter that .venv is made with.

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# The first Python from 3.11 on; empty where there is none.
find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

# The Debian packages that are missing. $1: a Python, or empty.
missing_system_packages() {
    if [ -z "$1" ]; then
        echo python3 python3-venv libespeak-ng1 libportaudio2 libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-nanum
        return
    fi
    "$1" - <<'END'
import ctypes
import importlib.util
import pathlib
import sys

if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
    # Debian's own python3 has it in python3-venv; a second version beside it in a package of its own.
    own = sys.executable == "/usr/bin/python3"
    print("python3-venv" if own else "python{}.{}-venv".format(*sys.version_info))
libraries = {
    "libespeak-ng.so.1": "libespeak-ng1",
    "libportaudio.so.2": "libportaudio2",
    # Reports as PDF.
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}
for library, package in libraries.items():
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
fonts = pathlib.Path("/usr/share/fonts")
if not any(fonts.glob("**/Nanum*")) and not any(fonts.glob("**/NotoSansCJK*")):
    print("fonts-nanum")
END
}

# Install Debian packages where this user may, else say how.
install_system_packages() {
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        as_root='sudo -n'
    else
        as_root=unable
    fi
    if [ "$as_root" != unable ] && command -v apt-get >/dev/null; then
        say "installing system packages: $*"
        # A fresh machine has no package lists; an old one may have stale ones.
        if $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null >/dev/null 2>&1 || {
            $as_root apt-get update -q </dev/null >/dev/null 2>&1
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null >/dev/null
        }; then
            return
        fi
    fi
    say "these system packages are missing; install them with: sudo apt-get update && sudo apt-get install -y $*"
}

check_system_packages() {
    python=$(find_python)
    packages=$(missing_system_packages "$python" | tr '\n' ' ')
    [ -n "$packages" ] || return 0
    # shellcheck disable=SC2086  # a list of names
    install_system_packages $packages
    python=$(find_python)
    [ -n "$python" ] || fail "Python 3.11 or newer is needed and was not found; where it has another name, set PYTHON to it."
    case $(missing_system_packages "$python") in
        *venv*) fail "without the venv module nothing can be installed; install it with the command above, then come back." ;;
    esac
}

# What an installation depends on, in one line. $1: the lock file.
installation_stamp() {
    { cat "$1" requirements-build.lock pyproject.toml; printf '%s\n' "$root"; } | sha256sum
}

prepare_environment() {
    lock=$1
    cd "$root"
    stamp=$(installation_stamp "$lock")
    if [ "$(cat ".venv/$lock.stamp" 2>/dev/null)" = "$stamp" ] && .venv/bin/python -c '' 2>/dev/null; then
        return
    fi
    check_system_packages
    say "installing into $root/.venv (the first time this fetches about 450 MB and takes a minute or two)"
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || [ "$(cat .venv/folder 2>/dev/null)" != "$root" ]; then
        "$python" -m venv --clear .venv || fail "the environment could not be made; is there space, and may $root be written?"
        printf '%s\n' "$root" > .venv/folder
    fi
    # Whatever stood here before is not to be trusted until all is installed.
    rm -f .venv/*.stamp
    {
        pip_install --require-hashes --only-binary :all: -r requirements-build.lock &&
            pip_install --require-hashes --no-build-isolation -r "$lock"
    } || fail "the packages of $lock could not be installed; the lines above tell why (no network?)."
    pip_install --no-deps --no-build-isolation -e . || fail "the project itself could not be installed; the lines above tell why."
    printf '%s\n' "$stamp" > ".venv/$lock.stamp"
}

pip_install() {
    # Progress bars for a person, nothing but errors for a log.
    if [ -t 2 ]; then pip_verbosity=-q; else pip_verbosity=-qq; fi
    PIP_USER=0 .venv/bin/python -m pip --disable-pip-version-check $pip_verbosity install "$@" </dev/null
}
