#!/usr/bin/env bash
# Several hosts on one machine, to try on a laptop what otherwise needs a cluster: network namespaces as hosts, joined
# by a switch in a namespace of its own. The machine's own network is not touched, and nothing is left after `down`.
# slurm.sh beside this script starts a queueing system on them.
#
#   sudo Launch/cluster-in-a-box/cluster.sh up --hosts 2 --rate 1gbit
#   sudo Launch/cluster-in-a-box/cluster.sh run -n 2 odn search Configs/quickstart.yaml
#   sudo Launch/cluster-in-a-box/cluster.sh down
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Launch/cluster-in-a-box/hosts.sh
. "$here/hosts.sh"

usage() {
  cat <<'TEXT'
usage: cluster.sh COMMAND
  up [--hosts N] [--slots N] [--rate RATE] [--latency TIME]
                       start N hosts (2), h1, h2 and so on, each for N ranks (1), on links of, say, 1gbit and 0.5ms
  run [options] PROGRAM [ARGUMENT …]
                       start a program on h1 and, with mpirun, on all; options as those of Launch/mpirun.sh
  on HOST COMMAND      run a shell command on one host, as ssh would
  cut HOST, join HOST  take a host's link away, and give it back
  status               which hosts there are, and how many processes run on each
  check                say what this machine lacks to be a cluster, and fail; silent where it lacks nothing
  down                 end everything that runs on the hosts, and remove them
A cluster's files are in /run/odn-cluster; ODN_CLUSTER names another directory, for a second cluster.
TEXT
}

main() {
  local command=${1:-}
  [ $# = 0 ] || shift
  case $command in
    up | run | on | cut | join | status | check | down) "$command" "$@" ;;
    -h | --help | help) usage ;;
    *) usage >&2 && exit 64 ;;
  esac
}

# -- What it needs ---------------------------------------------------------------------------------------------------

check() {
  [ "$(id -u)" = 0 ] || fail "network namespaces need root; use sudo"
  need ip iproute2 tc iproute2 nsenter util-linux unshare util-linux
  if ! unshare --net --uts --mount ip link add switch type bridge 2> /dev/null ||
    ! unshare --net ip link add port type veth peer name eth0 2> /dev/null; then
    fail "this root may not make network namespaces with bridges; a container needs CAP_SYS_ADMIN and CAP_NET_ADMIN"
  fi
}

# -- Up and down -----------------------------------------------------------------------------------------------------

up() {
  local hosts=2 slots=1 rate="" latency="" options number
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || fail "$1 needs a value; see --help"
    case $1 in
      --hosts) hosts=$2 ;;
      --slots) slots=$2 ;;
      --rate) rate=$2 ;;
      --latency) latency=$2 ;;
      *) fail "unknown option '$1'; see --help" ;;
    esac
    shift 2
  done
  [[ $hosts =~ ^[1-9][0-9]?$ ]] || fail "--hosts is from 1 to 99, not '$hosts'"
  [[ $slots =~ ^[1-9][0-9]?[0-9]?$ ]] || fail "--slots is from 1 to 999, not '$slots'"
  options="--hosts $hosts --slots $slots${rate:+ --rate $rate}${latency:+ --latency $latency}"
  check

  if is_up; then
    [ "$(cat "$state/options")" = "$options" ] ||
      fail "a cluster with other options ($(cat "$state/options")) is up; end it with: cluster.sh down"
    return
  fi
  down
  (umask 077 && mkdir -p "$state")
  [ -z "$(ls -A "$state")" ] || fail "$state is not empty, nor the directory of a cluster; name another by ODN_CLUSTER"
  trap 'say "taking down what was started"; down' EXIT
  : > "$list"
  create_switch
  for ((number = 1; number <= hosts; number++)); do create_host "h$number" "$rate" "$latency" "$slots"; done
  # Last, as the sign that all is there.
  echo "$options" > "$state/options"
  trap - EXIT
}

# Whether the cluster is whole: after a restart of the machine, or when `up` broke off, its files are there without it.
is_up() {
  local host
  [ -e "$state/options" ] || return 1
  for host in switch $(hosts); do is_host "$host" || return 1; done
}

create_switch() {
  create_namespace switch
  (enter switch ip link add switch type bridge)
  (enter switch ip link set switch up)
}

create_host() {
  local host=$1 rate=$2 latency=$3 slots=$4
  create_namespace "$host"
  (enter switch ip link add "$host" type veth peer name eth0)
  (enter switch ip link set eth0 netns "$state/$host/net")
  (enter switch ip link set "$host" master switch up)
  (enter "$host" ip address add "$(address "$host")/24" dev eth0)
  (enter "$host" ip link set lo up)
  (enter "$host" ip link set eth0 up)
  # Out of the host its card limits the rate; on the way in, the switch's port does, and delays.
  if [ -n "$rate" ]; then
    limit "$host" eth0 tbf rate "$rate" burst 256kb latency 50ms
    [ -n "$latency" ] || limit switch "$host" tbf rate "$rate" burst 256kb latency 50ms
  fi
  if [ -n "$latency" ]; then
    limit switch "$host" netem limit 100000 delay "$latency" ${rate:+rate "$rate"}
  fi
  echo "$(address "$host") $host $slots" >> "$list"
}

# limit HOST DEVICE QUEUE…
limit() {
  local host=$1 device=$2 && shift 2
  (enter "$host" tc qdisc add dev "$device" root "$@") ||
    fail "the kernel does not take 'tc qdisc add … $*': a wrong number, or it is built without sch_$1"
}

create_namespace() {
  mkdir "$state/$1"
  touch "$state/$1/net" "$state/$1/uts"
  unshare --net="$state/$1/net" --uts="$state/$1/uts" hostname "$1"
}

down() {
  local directory host
  [ -e "$list" ] || return 0
  for directory in "$state"/*/net; do
    host=$(basename "$(dirname "$directory")")
    if is_host "$host"; then end_processes "$host"; fi
    umount "$state/$host/net" "$state/$host/uts" 2> /dev/null || true
    rm -f "$state/$host/net" "$state/$host/uts"
  done
  rm -rf "$state"
}

# -- Using it --------------------------------------------------------------------------------------------------------

assert_up() { is_up || fail "no cluster is up in $state; start one with: cluster.sh up"; }

run() {
  assert_up
  # mpirun starts its helpers on the other hosts by this script, in the place of ssh.
  export ODN_CLUSTER=$state
  export OMPI_MCA_plm_rsh_agent="$here/cluster.sh on"
  enter h1 "$here/../mpirun.sh" --host "$(awk '{ print $2 ":" $3 }' "$list" | paste -sd ,)" \
    --network "$network.0/24" "$@"
}

on() {
  assert_up
  [ $# -ge 2 ] || fail "usage: cluster.sh on HOST COMMAND"
  local host=$1 && shift
  enter "$host" /bin/sh -c "$*"
}

cut() { set_link "${1:-}" down; }

# The kernel takes up to a second to see that a link carries again, and the hosts may remember for longer that they did
# not reach each other; until then connections fail at once.
join() {
  local end=$((SECONDS + 120)) other
  (set_link "${1:-}" up)
  for other in $(hosts); do
    if [ "$other" = "$1" ]; then continue; fi
    until reaches "$1" "$other" && reaches "$other" "$1"; do
      [ $SECONDS -lt $end ] || fail "$1 and $other do not reach each other"
      sleep 0.1
    done
  done
}

# reaches HOST OTHER: whether OTHER answers. Nothing listens at this port, so that it refuses.
reaches() {
  [[ $(enter "$1" bash -c "exec 3<> /dev/tcp/$(address "$2")/1" 2>&1) == *refused* ]]
}

set_link() {
  assert_up
  is_host "$1" || fail "there is no host '$1'; see: cluster.sh status"
  enter switch ip link set "$1" "$2"
}

status() {
  local host
  assert_up
  for host in $(hosts); do echo "$host $(address "$host") $(processes "$host" | wc -l) processes"; done
}

main "$@"
