#!/usr/bin/env bash
# A depth search as a job of PBS (OpenPBS, PBS Professional, Torque), submitted from the directory of the package:
#
#   qsub -v ODN_SEARCH="Configs/mnist-resnet18.yaml --set search.target=99" Launch/pbs.sh
#   qsub -J 1-5 -v ODN_SEARCH=Configs/mnist-resnet18.yaml Launch/pbs.sh      # with the seeds 1 to 5; Torque: -t 1-5
#
# Its files are in runs/odn-JOB. Five minutes before its time is up it writes a checkpoint, and submits this file again
# as a job that goes on in the same files; likewise when a host was lost.
#
# What to change: the resources (odn's ranks are select × mpiprocs), and the lines below them.

#PBS -N odn
#PBS -l select=2:ncpus=2:mpiprocs=2
#PBS -l walltime=24:00:00
#PBS -j oe
#PBS -r y

search=${ODN_SEARCH:-Configs/quickstart.yaml}  # the configuration, and options of odn search
bind=${ODN_BIND:-}        # socket, numa, l3cache or core: a rank for each; mpiprocs is how many a node has
data=${ODN_DATA:-}        # directory of the data files, to copy them to each host's /tmp (or ODN_SCRATCH) first
scripts=Launch            # where mpirun.sh is
reserve=300               # seconds that a checkpoint may take

set -euo pipefail
cd "$PBS_O_WORKDIR"
# shellcheck source=Launch/batch.sh
. "$scripts/batch.sh"

id=${PBS_JOBID%%.*}
job=${ODN_JOB:-odn-${id//[^0-9]/_}}
task=${ODN_TASK:-${PBS_ARRAY_INDEX:-${PBS_ARRAYID:-}}}
hosts=(--host "$(slots "$PBS_NODEFILE")")
# PBS ends a job without a word before; a time limit of 0 is none.
walltime=$(qstat -f "$PBS_JOBID" | awk -F '[=:]' '/Resource_List.walltime/ { print $2 * 3600 + $3 * 60 + $4 }')
limit=$((walltime > reserve ? walltime - reserve : 0))
launcher=(timeout --foreground --preserve-status --signal=USR1 "$limit"
  "$scripts/mpirun.sh" "${hosts[@]}" ${bind:+--bind "$bind"})

code=0
read -ra arguments <<< "$search"
search "${arguments[@]}" || code=$?
restarts=${ODN_RESTARTS:-0}
if queue_again $code "$restarts"; then
  export ODN_SEARCH=$search ODN_JOB=$job ODN_TASK=$task ODN_RESTARTS=$((restarts + 1))
  qsub -V "$scripts/pbs.sh"
fi
exit $code
