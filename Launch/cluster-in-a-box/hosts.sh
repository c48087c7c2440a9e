# shellcheck shell=bash
# The emulated hosts, sourced by cluster.sh and slurm.sh: a host is a network namespace and a host name, kept in files
# $state/NAME/net and $state/NAME/uts for as long as the cluster is up. Hosts share everything else with the machine.

state=$(realpath -m "${ODN_CLUSTER:-/run/odn-cluster}")
network=10.99.0
# A line for each host: address, name, slots. It also marks the directory as a cluster's, which may be removed.
list=$state/odn-cluster-hosts

# sbin is where ip and tc are, and not on everyone's PATH.
PATH=$PATH:/usr/sbin:/sbin

say() { echo "${0##*/}: $*" >&2; }

fail() {
  say "$@"
  exit 1
}

# need COMMAND PACKAGE [COMMAND PACKAGE …]: says what to install where commands are missing, and fails.
need() {
  local commands=() packages=()
  while [ $# -gt 0 ]; do
    command -v "$1" > /dev/null || { commands+=("$1") && packages+=("$2"); }
    shift 2
  done
  [ ${#commands[@]} = 0 ] ||
    fail "missing: ${commands[*]}; install them (Debian: apt install $(printf '%s\n' "${packages[@]}" | sort -u | xargs))"
}

# Names of the hosts, h1 first.
hosts() { [ ! -e "$list" ] || awk '{ print $2 }' "$list"; }

# address HOST: its address in the network between the hosts.
address() { echo "$network.${1#h}"; }

is_host() { [ -e "$state/$1/net" ] && [ "$(stat -f -c %T "$state/$1/net")" = nsfs ]; }

# enter HOST COMMAND…: becomes the command, on the host.
enter() {
  local host=$1 && shift
  is_host "$host" || fail "there is no host '$host'; see: cluster.sh status"
  exec nsenter --net="$state/$host/net" --uts="$state/$host/uts" -- "$@"
}

# processes HOST [NAME]: ids of all processes on a host, or of those with a name.
processes() {
  local id network
  network=$(stat -L -c %i "$state/$1/net")
  for id in $(stat -L -c '%i %n' /proc/[0-9]*/ns/net 2> /dev/null | sed -n "s|^$network /proc/\([0-9]*\)/.*|\1|p"); do
    if [ -z "${2:-}" ] || [ "$2" = "$(cat "/proc/$id/comm" 2> /dev/null)" ]; then echo "$id"; fi
  done
}

# end_processes HOST [NAME]: ends them, and waits until they are gone.
end_processes() {
  local signal=TERM left=600 ids
  while mapfile -t ids < <(processes "$@") && [ ${#ids[@]} -gt 0 ]; do
    [ $((left -= 1)) -ge 0 ] || fail "processes ${ids[*]} on $1 do not end"
    if [ $left -lt 580 ]; then signal=KILL; fi
    kill -s "$signal" "${ids[@]}" 2> /dev/null || true
    sleep 0.1
  done
}
