# shellcheck shell=bash disable=SC2154 # variables of the scripts that source this file
# What the batch scripts share. Each sources this file, sets these variables from what its queueing system says, and
# calls `search`:
#
#   job        a name for the run that stays the same when the job is queued again
#   task       the job's number in an array of jobs, which becomes the seed; empty without an array
#   hosts      options of mpirun.sh that name the job's hosts
#   launcher   the command that starts a program on all of them
#   data       a directory of data files to copy to each host first, or empty
#
# A search is continued if there is something to continue, so that a job can be queued again as it is.

# odn's exit code when a signal stopped it with a checkpoint.
stopped=75
# mpirun's exit code when a host was lost.
host_lost=205
# odn's exit code when a rank made no progress any more.
stalled=76

launch=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
# shellcheck source=Launch/settings.sh
. "$launch/settings.sh"

# The signal that asks for a checkpoint, as Slurm and LSF (USR2: its time limit) send it to the job's script.
child=""
signalled=""
trap 'signalled=yes; [ -z "$child" ] || kill -USR1 "$child" 2> /dev/null || true' USR1 USR2

# queue_again CODE RESTARTS: whether a job that ended with a code is to be queued again, after so many restarts.
queue_again() {
  case $1 in
    "$stopped") true ;;
    # Where hosts are lost again and again, the fault is not theirs.
    "$host_lost" | "$stalled") [ "$2" -lt 50 ] ;;
    *) false ;;
  esac
}

# slots FILE: the hosts of a file that has a line for each rank, as mpirun.sh's --host takes them.
slots() { sort "$1" | uniq -c | awk '{ print $2 ":" $1 }' | paste -sd ,; }

# run COMMAND…: passes the signal on to the command while it runs.
run() {
  "$@" &
  child=$!
  if [ -n "$signalled" ]; then kill -USR1 "$child" 2> /dev/null || true; fi
  # A signal ends a wait, not the command.
  while kill -0 "$child" 2> /dev/null; do wait "$child" || true; done
  wait "$child"
}

# search CONFIG [OPTION…]: runs `odn search` in the directory runs/$job, and returns its exit code.
search() {
  local code=0
  search_on_hosts "$@" || code=$?
  if [ -n "$signalled" ] && [ $code -gt 128 ]; then
    # The signal came before the search could take it, or while data were copied, or srun has seen one rank stop and
    # ended those that were about to: nothing is lost.
    return $stopped
  fi
  return $code
}

search_on_hosts() {
  local program options=() copy="" code=0
  program=$(command -v odn || echo "${launch%/*}/.build/release/odn")
  if [ -n "$task" ]; then options+=(--set "training.seed=$task"); fi
  if [ -n "$data" ]; then
    copy=${ODN_SCRATCH:-/tmp}/odn-$UID-$job
    run on_each_host "$copy_files" copy "$data" "$copy" || return
    options+=(--set "dataset.directory=$copy")
  fi
  run "${launcher[@]}" "$program" search "$@" "${options[@]}" --output "runs/$job" --resume auto || code=$?
  # A host that is lost would be waited for.
  if [ -n "$copy" ] && [ $code != "$host_lost" ]; then on_each_host "$remove_files" remove "$copy" || true; fi
  return $code
}

# Nobody else may have put something under the name of the copy.
# shellcheck disable=SC2016
copy_files='umask 077 && mkdir -p "$2" && [ -O "$2" ] && tar -C "$1" -cf - . | tar -C "$2" -xf - --overwrite'
# shellcheck disable=SC2016
remove_files='rm -rf "$1"'

# on_each_host SCRIPT NAME ARGUMENT…: runs a script of the shell once on each of the job's hosts.
on_each_host() {
  "$launch/mpirun.sh" "${hosts[@]}" --mca rmaps_base_mapping_policy ppr:1:node sh -c "$@"
}
