#!/usr/bin/env bash
# Starts odn, or any other MPI program, under Open MPI's mpirun with settings that neither warn nor stall: on a laptop,
# as root in a container, with more ranks than cores, over the hosts of a host file, and over those that Slurm gave the
# job it runs in. Queueing systems have scripts of their own beside this one.
#
#   Launch/mpirun.sh -n 2 odn search Configs/quickstart.yaml
#   Launch/mpirun.sh -n 8 --hostfile hosts --network 10.0.0.0/24 odn search Configs/quickstart.yaml
#
# The exit code is the program's, and 64 for a mistake in the options. The program has no standard input.
#
# What to change: the settings, in settings.sh beside this script, are defaults for variables of the environment, so
# `OMPI_MCA_btl=tcp,self Launch/mpirun.sh …` or `--mca btl tcp,self` overrides one.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: Launch/mpirun.sh [options] [--] PROGRAM [ARGUMENT …]
  -n N               number of ranks; without it, one per core, or the slots of the host file
  --hostfile FILE    hosts to run on, as in Launch/hosts.example; the program and its files have the same path on all
  --host A:2,B:2     hosts and their ranks, instead of a file
  --network NET      network between the hosts, as 10.0.0.0/24 or eth0, where they have several
  --bind PART        spread the ranks over each host's parts (socket, numa, l3cache or core), and keep each on its part
  --mca NAME VALUE   a setting of Open MPI
  -x NAME[=VALUE]    a variable of the environment for the ranks on all hosts
PROGRAM `odn` is the one on the PATH, else this package's .build/release/odn.
TEXT
}

fail() {
  echo "mpirun.sh: $*" >&2
  exit 64
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

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
    -n | -np)
      [[ $2 =~ ^0*[1-9][0-9]*$ ]] || fail "$1 takes a number of ranks from 1 on, not '$2'"
      options+=(-n "$2")
      ;;
    --hostfile)
      [ -f "$2" ] && [ -r "$2" ] || fail "--hostfile: expected a file of hosts, as Launch/hosts.example, found none at '$2'"
      if grep -q $'\r' "$2"; then
        fail "--hostfile: '$2' has the line ends of Windows, which mpirun cannot read; remove them: sed -i 's/\r\$//' '$2'"
      fi
      options+=("$1" "$2") && hosts=$2
      ;;
    --host) options+=("$1" "$2") && hosts=$2 ;;
    --network) network=$2 ;;
    --bind)
      case $2 in
        socket | numa | l3cache | core) options+=(--map-by "$2" --bind-to "$2") ;;
        *) fail "--bind takes socket, numa, l3cache or core, not '$2'" ;;
      esac
      ;;
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
  program=${here%/*}/.build/release/odn
fi
command -v "$program" > /dev/null || fail "there is no program '$program'; build it with: swift build -c release"

mpirun=${MPIRUN:-mpirun}
command -v "$mpirun" > /dev/null || fail "there is no '$mpirun'; install Open MPI (Debian: apt install openmpi-bin)"
case $("$mpirun" --version 2>&1) in
  *"Open MPI"*) ;;
  *) fail "'$mpirun' is not Open MPI's; name that with MPIRUN=… (Debian: MPIRUN=mpirun.openmpi)" ;;
esac

# -- Settings --------------------------------------------------------------------------------------------------------

# shellcheck source=/dev/null
. "$here/settings.sh"
options+=(-x OPENBLAS_NUM_THREADS -x SWIFT_BACKTRACE -x UCX_LOG_LEVEL -x ODN_TERMINAL)

# -- One host, or several --------------------------------------------------------------------------------------------

if [ -z "$hosts" ] && [ -z "${SLURM_JOB_ID:-}" ]; then
  # More ranks than cores are allowed. With several hosts, the slots of each are its limit.
  default OMPI_MCA_rmaps_base_oversubscribe 1
elif command -v ssh > /dev/null; then
  # A host that cannot be reached, or asks for a password, is an error at once.
  default OMPI_MCA_plm_rsh_agent "ssh -o BatchMode=yes -o ConnectTimeout=10"
fi

# Hosts often have networks that do not reach each other (containers, virtual machines): data and control messages
# stay on the one that does.
if [ -n "$network" ]; then
  default OMPI_MCA_btl_tcp_if_include "$network"
  default OMPI_MCA_oob_tcp_if_include "$network"
fi

# Under nohup, SIGHUP is ignored: mpirun would end the job at it all the same, unless it never comes to know of it.
launcher=("$mpirun")
if [ -n "$(trap -p HUP)" ]; then launcher=(env --block-signal=HUP "$mpirun"); fi

# mpirun would take the lines that a loop around this script reads.
exec "${launcher[@]}" "${options[@]}" "$program" "$@" < /dev/null
