#!/usr/bin/env bash
# A real Slurm on the hosts of cluster.sh, to try batch scripts before a cluster's queue does. It needs no systemd and
# nothing in /etc: its configuration, keys, state and logs are in the cluster's directory.
#
#   sudo Launch/cluster-in-a-box/cluster.sh up --hosts 2
#   sudo Launch/cluster-in-a-box/slurm.sh up
#   sudo Launch/cluster-in-a-box/slurm.sh sbatch --ntasks-per-node=1 Launch/slurm.sbatch Configs/quickstart.yaml
#   sudo Launch/cluster-in-a-box/slurm.sh squeue
#   sudo Launch/cluster-in-a-box/cluster.sh down
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Launch/cluster-in-a-box/hosts.sh
. "$here/hosts.sh"
slurm=$state/slurm

usage() {
  cat <<'TEXT'
usage: slurm.sh COMMAND
  up                   start Slurm's daemons: the controller on h1, and one for jobs on each host
  check                say what this machine lacks for it, and fail; silent where it lacks nothing
  down                 cancel all jobs, and end the daemons
  sbatch, squeue, …    run a command of Slurm on h1
Slurm's files are in /run/odn-cluster/slurm (or in ODN_CLUSTER), its logs in the log directory there.
TEXT
}

main() {
  case ${1:-} in
    up | check | down) "$1" ;;
    "") usage >&2 && exit 64 ;;
    -h | --help | help) usage ;;
    *) run "$@" ;;
  esac
}

check() {
  "$here/cluster.sh" check
  need munged munge slurmctld slurmctld slurmd slurmd sbatch slurm-client
}

# -- Up and down -----------------------------------------------------------------------------------------------------

up() {
  check
  is_host h1 || fail "there are no hosts in $state; start them with: cluster.sh up"
  if is_running; then return; fi
  down
  trap 'say "taking down what was started; its last words:"; tail -n 3 "$slurm"/log/* >&2; down' EXIT
  write_configuration
  start_daemons
  until is_ready; do
    [ $SECONDS -lt 300 ] || fail "Slurm's hosts are not ready after 300 s: $(run sinfo --noheader 2>&1)"
    sleep 0.2
  done
  trap - EXIT
}

write_configuration() {
  local address host slots
  mkdir -p "$slurm/log" "$slurm/state" "$slurm/munge"
  # What munged insists on: a socket that all can reach, and a key that only it can.
  chmod 755 "$state" "$slurm" "$slurm/munge"
  (umask 077 && head -c 128 /dev/urandom > "$slurm/key")
  {
    configuration
    while read -r address host slots; do
      mkdir -p "$slurm/spool/$host" "$slurm/tmp/$host"
      echo "NodeName=$host NodeAddr=$address CPUs=$slots State=UNKNOWN"
    done < "$list"
    echo "PartitionName=all Nodes=ALL Default=YES State=UP"
  } > "$slurm/slurm.conf"
}

# As a site's, but for the directories; without control groups, which belong to the machine.
configuration() {
  cat <<TEXT
ClusterName=box
SlurmctldHost=h1($(address h1))
SlurmUser=root
AuthInfo=socket=$slurm/munge/socket,cred_expire=5
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool/%n
TmpFS=$slurm/tmp/%n
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmdPidFile=$slurm/slurmd-%n.pid
SlurmctldLogFile=$slurm/log/slurmctld
SlurmdLogFile=$slurm/log/slurmd-%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SlurmdParameters=config_overrides
MpiDefault=pmix
JobRequeue=1
# A job that is queued again waits for seconds, not minutes.
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
# On a busy machine an answer may take longer than the usual 10 s.
MessageTimeout=60
# Pre-empted jobs get the signal that they asked for, and time to write a checkpoint.
SlurmctldParameters=preempt_send_user_signal
TEXT
}

start_daemons() {
  (enter h1 munged --force --key-file="$slurm/key" --socket="$slurm/munge/socket" --pid-file="$slurm/munge/pid" \
    --log-file="$slurm/log/munged" --seed-file="$slurm/munge/seed" --origin="$(address h1)")
  export SLURM_CONF=$slurm/slurm.conf
  (enter h1 slurmctld)
  for host in $(hosts); do (enter "$host" slurmd -N "$host"); done
}

is_running() { [ -e "$slurm/slurm.conf" ] && run scontrol ping > /dev/null 2>&1; }

# Whether all hosts take jobs.
is_ready() {
  [ "$(run sinfo --noheader --Node --states=idle,alloc,mix,comp --format=%N 2> /dev/null | wc -l)" = "$(hosts | wc -l)" ]
}

down() {
  [ -e "$slurm" ] || return 0
  if run scancel --user=root 2> /dev/null; then
    for ((left = 50; left > 0; left--)); do
      [ -n "$(run squeue --noheader 2> /dev/null)" ] || break
      sleep 0.1
    done
  fi
  for host in $(hosts); do
    for daemon in slurmctld slurmd slurmstepd munged; do end_processes "$host" "$daemon"; done
  done
  rm -rf "$slurm"
}

# run COMMAND…: on h1, for this Slurm.
run() {
  [ -e "$slurm/slurm.conf" ] || fail "no Slurm is up in $state; start it with: slurm.sh up"
  need "$1" slurm-client
  (SLURM_CONF=$slurm/slurm.conf enter h1 "$@")
}

main "$@"
