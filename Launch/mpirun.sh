#!/usr/bin/env bash
# Starts odn, or any other MPI program, under Open MPI's mpirun with settings that neither warn nor stall: on a laptop,
# as root in a container, with more ranks than cores, and over the hosts of a host file. Queueing systems have scripts
# of their own beside this one.
#
#   Launch/mpirun.sh -n 2 odn search Configs/quickstart.yaml
#   Launch/mpirun.sh -n 8 --hostfile hosts --network 10.0.0.0/24 odn search Configs/quickstart.yaml
#
# The exit code is the program's.
#
# What to change: every setting below is a default for a variable of the environment, so
# `OMPI_MCA_hwloc_base_binding_policy=core Launch/mpirun.sh …` or `--mca NAME VALUE` overrides it. `ompi_info --all`
# explains the OMPI_MCA_ names.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: Launch/mpirun.sh [options] [--] PROGRAM [ARGUMENT …]
  -n N               number of ranks; without it, one per core, or the slots of the host file
  --hostfile FILE    hosts to run on, as in Launch/hosts.example; the program and its files have the same path on all
  --host A:2,B:2     hosts and their ranks, instead of a file
  --network NET      network between the hosts, as 10.0.0.0/24 or eth0, where they have several
  --mca NAME VALUE   a setting of Open MPI
  -x NAME[=VALUE]    a variable of the environment for the ranks on all hosts
PROGRAM `odn` is the one on the PATH, else this package's .build/release/odn.
TEXT
}

fail() {
  echo "mpirun.sh: $*" >&2
  exit 64
}

# Gives a variable a value that the user's own takes precedence over.
default() { export "$1=${!1:-$2}"; }

# -- The command line ------------------------------------------------------------------------------------------------

options=()
hosts=""
network=""
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --) shift && break ;;
    -*) [ $# -ge 2 ] || fail "$1 needs a value; see --help" ;;
    *) break ;;
  esac
  case $1 in
    -n | -np) options+=(-n "$2") ;;
    --hostfile | --host) options+=("$1" "$2") && hosts=$2 ;;
    --network) network=$2 ;;
    -x) options+=(-x "$2") ;;
    --mca)
      [ $# -ge 3 ] || fail "--mca needs a name and a value"
      options+=(--mca "$2" "$3") && shift
      ;;
    *) fail "unknown option '$1'; see --help" ;;
  esac
  shift 2
done
[ $# -gt 0 ] || fail "no program to run; see --help"

program=$1 && shift
if [ "$program" = odn ] && ! command -v odn > /dev/null; then
  program=$(cd "$(dirname "$0")/.." && pwd)/.build/release/odn
fi
command -v "$program" > /dev/null || fail "there is no program '$program'; build it with: swift build -c release"

mpirun=${MPIRUN:-mpirun}
command -v "$mpirun" > /dev/null || fail "there is no '$mpirun'; install Open MPI (Debian: apt install openmpi-bin)"
case $("$mpirun" --version 2>&1) in
  *"Open MPI"*) ;;
  *) fail "'$mpirun' is not Open MPI's; name that with MPIRUN=… (Debian: MPIRUN=mpirun.openmpi)" ;;
esac

# -- Every run -------------------------------------------------------------------------------------------------------

# mpirun refuses root unless told twice. In a container, root is who there is.
if [ "$(id -u)" = 0 ]; then
  default OMPI_ALLOW_RUN_AS_ROOT 1
  default OMPI_ALLOW_RUN_AS_ROOT_CONFIRM 1
fi

# mpirun would bind each rank to one core, and all threads of a rank with it.
default OMPI_MCA_hwloc_base_binding_policy none

# A rank that waits lets others have its core: with more ranks than cores, or on a busy host, spinning can be 100
# times slower, and where there is a core for each rank it costs nothing.
default OMPI_MCA_mpi_yield_when_idle 1

# The verbs driver is superseded by UCX, and warns on every InfiniBand card that it leaves alone; UCX warns of
# whatever it tries and does not find. Errors of either still show.
default OMPI_MCA_btl ^openib
default OMPI_MCA_btl_base_warn_component_unused 0
default UCX_LOG_LEVEL error

# odn has threads of its own: a BLAS that starts more per call only gets in their way.
default OPENBLAS_NUM_THREADS 1
# A crash prints its message; the dump of registers and stacks that would follow it holds every other rank up.
default SWIFT_BACKTRACE enable=no
# To a rank, output always looks like a terminal: say whether there is one, for the line that moves.
default ODN_TERMINAL "$([ -t 1 ] && echo 1 || echo 0)"
options+=(-x OPENBLAS_NUM_THREADS -x SWIFT_BACKTRACE -x UCX_LOG_LEVEL -x ODN_TERMINAL)

# Ranks on one host copy from each other's memory, which needs the right to trace a process. Under a system call
# filter and without the capability (bit 19), as containers are, it is usually denied: then they copy twice.
seccomp=$(awk '$1 == "Seccomp:" { print $2 }' /proc/self/status 2> /dev/null || true)
capabilities=$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status 2> /dev/null || true)
if [ "${seccomp:-0}" != 0 ] && [ $((0x${capabilities:-0} >> 19 & 1)) = 0 ]; then
  default OMPI_MCA_btl_vader_single_copy_mechanism none
fi

# -- One host, or several --------------------------------------------------------------------------------------------

if [ -z "$hosts" ]; then
  # More ranks than cores are allowed. With several hosts, the slots of each are its limit.
  default OMPI_MCA_rmaps_base_oversubscribe 1
else
  # A host that is gone is noticed within 10 s, not after minutes: probe an idle connection after 3 s, every second,
  # three times. The program then ends with code 205.
  default OMPI_MCA_oob_tcp_keepalive_time 3
  default OMPI_MCA_oob_tcp_keepalive_intvl 1
  default OMPI_MCA_oob_tcp_keepalive_probes 3
  # A host that cannot be reached, or asks for a password, is an error at once.
  if command -v ssh > /dev/null; then
    default OMPI_MCA_plm_rsh_agent "ssh -o BatchMode=yes -o ConnectTimeout=10"
  fi
fi

# Hosts often have networks that do not reach each other (containers, virtual machines): data and control messages
# stay on the one that does.
if [ -n "$network" ]; then
  default OMPI_MCA_btl_tcp_if_include "$network"
  default OMPI_MCA_oob_tcp_if_include "$network"
fi

exec "$mpirun" "${options[@]}" "$program" "$@"
