#!/usr/bin/env bash
# Sees that the machine has all that odn is built and run with. What is missing is installed with apt-get if this user
# may; else the script says what to install, and fails. Where nothing is missing it changes nothing. The Swift toolchain
# is only checked.
set -euo pipefail
cd "$(dirname "$0")/.."

swift_minimum=$(sed -n "1s|^.*swift-tools-version: *||p" Package.swift)
mpi=${MPI_PKG_CONFIG:-mpi-c} # as in Package.swift
mpirun=${MPIRUN:-mpirun}     # as in Launch/mpirun.sh
fashion_mnist=train-images-idx3-ubyte.gz

as_root=(env)
if [ "$(id -u)" != 0 ]; then as_root=(sudo -n env); fi

say() { echo "setup: $*" >&2; }

# -- What is needed --------------------------------------------------------------------------------------------------

check_swift() {
  local found
  found=$(swift --version 2> /dev/null | sed -n 's/.*Swift version \([0-9.]*\).*/\1/p')
  if [ -z "$found" ]; then
    say "there is no 'swift' on the PATH; install Swift $swift_minimum or newer from https://www.swift.org/install"
    return 1
  fi
  if [ "$(printf '%s\n' "$swift_minimum" "$found" | sort -V | head -n 1)" != "$swift_minimum" ]; then
    say "this is Swift $found; install $swift_minimum or newer from https://www.swift.org/install"
    return 1
  fi
}

# Things are looked for by what they provide, so that a system without Debian's packages is checked as well.
check_packages() {
  packages=()
  descriptions=()
  need pkg-config "the command pkg-config" command -v pkg-config
  need libopenmpi-dev "MPI's headers (pkg-config name $mpi; MPI_PKG_CONFIG=… for another)" pkg-config --exists "$mpi"
  need openmpi-bin "Open MPI's mpirun (as '$mpirun'; MPIRUN=… for another)" is_open_mpi "$mpirun"
  need libopenblas-dev "OpenBLAS's headers (pkg-config name openblas)" pkg-config --exists openblas
  need zlib1g-dev "zlib's headers (pkg-config name zlib)" pkg-config --exists zlib
  need nettle-dev "nettle's headers (pkg-config name nettle)" pkg-config --exists nettle
  need libpng-dev "libpng's headers (pkg-config name libpng)" pkg-config --exists libpng
  need libturbojpeg0-dev "TurboJPEG's headers (pkg-config name libturbojpeg)" pkg-config --exists libturbojpeg
  need dataset-fashion-mnist "the data set Fashion-MNIST (its four files in data/fashion-mnist)" has_fashion_mnist
}

# need PACKAGE DESCRIPTION COMMAND…: the package is missing if the command fails.
need() {
  local package=$1 description=$2
  shift 2
  "$@" > /dev/null 2>&1 && return
  packages+=("$package")
  descriptions+=("$description")
}

is_open_mpi() { [[ $("$1" --version) == *"Open MPI"* ]]; }

has_fashion_mnist() {
  [ -e "data/fashion-mnist/$fashion_mnist" ] || [ -e "data/fashion-mnist/${fashion_mnist%.gz}" ] ||
    [ -e "/usr/share/datasets/fashion-mnist/$fashion_mnist" ]
}

# -- Installing ------------------------------------------------------------------------------------------------------

may_install() {
  command -v apt-get > /dev/null && "${as_root[@]}" true 2> /dev/null
}

install_packages() {
  say "installing ${packages[*]}"
  local apt=("${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120)
  # One repository of several that does not answer is no reason to stop.
  "${apt[@]}" update || say "apt-get update failed; going on with the package lists that are here"
  "${apt[@]}" install -y --no-install-recommends "${packages[@]}" < /dev/null
}

report_missing() {
  say "missing:"
  printf '  %s\n' "${descriptions[@]}" >&2
  if command -v apt-get > /dev/null; then
    say "install with: sudo apt-get update && sudo apt-get install ${packages[*]}"
  else
    say "install them with this system's package manager; on Debian they are ${packages[*]}"
  fi
}

swift_is_there=true
check_swift || swift_is_there=false
check_packages
if [ ${#packages[@]} -gt 0 ] && may_install; then
  install_packages || say "apt-get could not install everything"
  check_packages
fi
if [ ${#packages[@]} -gt 0 ]; then
  report_missing
  exit 1
fi
$swift_is_there
