#!/usr/bin/env bash
# Prepare the machine: system packages, the account of the database servers, the Python environments.
#
#   stack/setup.sh        what running needs
#   stack/setup.sh dev    also what tests and checks need
#   stack/setup.sh bench  also what is compared with in make bench
#   stack/setup.sh trocr  also what the engine trocr needs
#   stack/setup.sh clouds also what the object stores of Google and Azure need
#
# Does only what is missing, in a fraction of a second when nothing is. Nothing here starts a service.
set -euo pipefail

cd "$(dirname "$0")/.."
readonly account=textmill
readonly python_version=3.11
readonly bootstrap=.venv/bootstrap
export PIP_DISABLE_PIP_VERSION_CHECK=1
# The certificates of the system, among which those of a company's proxy are.
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS:-true}

# mariadb-server-core instead of mariadb-server: the programs alone, no service of the system.
readonly packages=(
    tesseract-ocr poppler-utils libmagic1 mariadb-server-core mariadb-client-core postgresql
    default-libmysqlclient-dev pkg-config gcc libgl1 libglib2.0-0 ca-certificates util-linux
)

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Runs a command as root: directly, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

may_become_root() { [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null; }

# Runs a command quietly; when it fails, shows the end of what it said under a sentence.
quietly() {
    local sentence=$1 output
    shift
    output=$(mktemp)
    if ! "$@" >"$output" 2>&1; then
        say "$sentence"
        if grep -qiE 'no space left|disk quota' "$output"; then
            say "The disk is full: make room (df -h . shows it) and run it again."
        elif grep -qiE 'resolv|network|connect|timed out|unreachable|dns error|certificate|from versions: none' "$output"; then
            say "The network seems to be the reason: check the connection and the proxy settings, and run it again."
        fi
        tail -n 8 "$output" | sed 's/^/    /' >&2
        rm -f "$output"
        exit 1
    fi
    rm -f "$output"
}

missing_packages() {
    local installed name
    # Since the 64-bit time transition some libraries carry the suffix t64.
    installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${packages[@]}" "${packages[@]/%/t64}" 2>/dev/null |
        sed -n 's/^.i. *//p') || true
    for name in "${packages[@]}"; do
        if ! grep -qxE "${name//./\\.}(t64)?" <<<"$installed"; then printf '%s\n' "$name"; fi
    done
}

# Without Debian's package manager we can only look whether the programs are there.
check_foreign_system() {
    local program absent=()
    for program in tesseract pdftoppm mariadbd mariadb postgres gcc pkg-config; do
        PATH=$PATH:/usr/sbin:/usr/local/sbin command -v "$program" >/dev/null || absent+=("$program")
    done
    if [ ${#absent[@]} -gt 0 ]; then
        fail "This is no Debian or Ubuntu, so nothing can be installed for you. Install the programs: ${absent[*]}"
    fi
}

install_packages() {
    local list="$*"
    may_become_root || fail "System packages are missing. Ask an administrator to run: apt-get install $list"
    say "Installing system packages: $list"
    local -r no_cluster=/etc/postgresql-common/createcluster.d/textmill.conf
    if [[ " $list " == *" postgresql "* && ! -e $no_cluster ]]; then
        # Debian would create and start a cluster of the system along with the package.
        as_root mkdir -p "${no_cluster%/*}"
        as_root sh -c "echo 'create_main_cluster = false' > $no_cluster"
        # Gone again afterwards, whatever happens: a later PostgreSQL of the system is not our business.
        # shellcheck disable=SC2064
        trap "as_root rm -f $no_cluster" EXIT
    fi
    quietly "The package lists could not be fetched." as_root apt-get update -q
    quietly "System packages could not be installed; run it yourself to see why: apt-get install $list" \
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

prepare_system() {
    if ! command -v dpkg-query >/dev/null; then
        check_foreign_system
        return
    fi
    local missing
    mapfile -t missing < <(missing_packages)
    if [ ${#missing[@]} -gt 0 ]; then install_packages "${missing[@]}"; fi
}

# MariaDB and PostgreSQL do not run as root; for everybody else they run as that person.
prepare_account() {
    if [ "$(id -u)" -eq 0 ] && ! getent passwd "$account" >/dev/null; then
        quietly "The account $account, which runs the databases, could not be created." \
            useradd --system --user-group --no-create-home --home-dir /nonexistent \
            --shell /usr/sbin/nologin "$account"
    fi
}

find_python() {
    local candidate
    for candidate in "python$python_version" python3 python; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$python_version')" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python $python_version is missing, the version that the locked requirements are for:" \
        "install it (Debian 12: apt-get install python3 python3-venv; elsewhere pyenv install $python_version)."
}

# What Debian splits off Python: the headers that mysqlclient is compiled with, and ensurepip.
complete_python() {
    local python=$1 add=()
    "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(sysconfig.get_path("include") + "/Python.h"))' ||
        add+=("python$python_version-dev")
    "$python" -c 'import ensurepip' 2>/dev/null || add+=("python$python_version-venv")
    if [ ${#add[@]} -eq 0 ]; then return; fi
    command -v dpkg-query >/dev/null || fail "Python's headers or ensurepip are missing; install Python's development files."
    install_packages "${add[@]}"
}

# A stamp holds the checksum of the lock file that an environment was built from.
is_current() {
    local environment=$1 lock=$2 stamp
    stamp=$environment/.${lock##*/}.sha256
    [ -x "$environment/bin/python" ] && [ -f "$stamp" ] && sha256sum --status -c "$stamp" 2>/dev/null
}

stamp() { sha256sum "$2" >"$1/.${2##*/}.sha256"; }

prepare_bootstrap() {
    if is_current "$bootstrap" requirements-bootstrap.txt; then return; fi
    local python
    python=$(find_python)
    complete_python "$python"
    quietly "The environment $bootstrap could not be created." "$python" -m venv --clear "$bootstrap"
    quietly "The installer uv could not be installed." \
        "$bootstrap/bin/python" -m pip install -q --require-hashes --no-deps -r requirements-bootstrap.txt
    stamp "$bootstrap" requirements-bootstrap.txt
}

prepare_environment() {
    local environment=$1 lock=$2
    if is_current "$environment" "$lock"; then return; fi
    prepare_bootstrap
    if [ ! -x "$environment/bin/python" ]; then
        quietly "The environment $environment could not be created." \
            "$bootstrap/bin/uv" venv -q --clear --python "$bootstrap/bin/python" "$environment"
    fi
    say "Installing $lock into $environment (some minutes the first time)…"
    # The locks are complete; without --no-deps a replaced OpenCV would come back (requirements-overrides.in).
    quietly "$lock could not be installed into $environment." \
        "$bootstrap/bin/uv" pip install -q --no-deps --require-hashes --compile-bytecode --python "$environment/bin/python" -r "$lock"
    stamp "$environment" "$lock"
}

has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }

install_into_folder() {
    local folder=$1 lock=$2
    quietly "$lock could not be installed into $folder." \
        "$bootstrap/bin/uv" pip install -q --no-deps --require-hashes --compile-bytecode \
        --python .venv/ocr/bin/python --target "$folder" -r "$lock"
}

# PyTorch for the CPU, from where pip is told to look. False if it is not there: PyPI does not have it.
install_torch_for_cpu() {
    "$bootstrap/bin/python" -m pip --python .venv/ocr/bin/python install -q --no-deps --require-hashes \
        --retries 0 --timeout 15 --target "$1" -r requirements-torch-cpu.txt >/dev/null 2>&1
}

# Into a folder of its own: include/textmill/engines/trocr_packages.py says why.
prepare_trocr() {
    local folder=.venv/ocr/trocr
    if sha256sum --status -c "$folder/.locks.sha256" 2>/dev/null; then return; fi
    prepare_bootstrap
    say "Installing requirements-trocr.txt and PyTorch into $folder (a minute the first time)…"
    rm -rf "$folder"
    install_into_folder "$folder" requirements-trocr.txt
    if has_gpu || ! install_torch_for_cpu "$folder"; then
        say "Fetching PyTorch with what GPUs need; that is some gigabytes…"
        install_into_folder "$folder" requirements-torch.txt
    fi
    sha256sum requirements-trocr.txt requirements-torch.txt requirements-torch-cpu.txt >"$folder/.locks.sha256"
}

main() {
    mkdir -p .venv
    exec 9>.venv/.setup.lock
    if ! flock -n 9; then
        say "Another setup is at work in this folder; waiting for it."
        flock 9
    fi
    prepare_system
    prepare_account
    prepare_environment .venv/airflow requirements.txt
    prepare_environment .venv/ocr requirements-ocr.txt
    if [ "${1:-}" = dev ]; then
        prepare_environment .venv/airflow requirements-dev.txt
        prepare_environment .venv/ocr requirements-ocr-dev.txt
    fi
    if [ "${1:-}" = bench ]; then prepare_environment .venv/bench requirements-bench.txt; fi
    if [ "${1:-}" = trocr ]; then prepare_trocr; fi
    # Kept up to date from then on: it pins what requirements.txt pins, and more.
    if [ "${1:-}" = clouds ] || [ -f .venv/airflow/.requirements-clouds.txt.sha256 ]; then
        prepare_environment .venv/airflow requirements-clouds.txt
    fi
}

main "$@"
