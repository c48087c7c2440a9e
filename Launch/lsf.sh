#!/usr/bin/env bash
# A depth search as a job of LSF, submitted from the directory of the package:
#
#   ODN_SEARCH="Configs/mnist-resnet18.yaml --set search.target=99" bsub < Launch/lsf.sh
#   ODN_SEARCH=Configs/mnist-resnet18.yaml bsub -J "odn[1-5]" < Launch/lsf.sh      # with the seeds 1 to 5
#
# Its files are in runs/odn-JOB, its log is odn-JOB.log. Five minutes before its time is up, or before it is pre-empted,
# it writes a checkpoint, and LSF queues it again; likewise when a host was lost. It then goes on in the same files.
#
# What to change: the resources (odn's ranks are -n, on hosts of ptile each), and the lines below them.

#BSUB -J odn
#BSUB -n 4
#BSUB -R "span[ptile=2]"
#BSUB -W 24:00
#BSUB -o odn-%J-%I.log
#BSUB -r
#BSUB -Q "75 205"
#BSUB -wa USR1 -wt 5

search=${ODN_SEARCH:-Configs/quickstart.yaml}  # the configuration, and options of odn search
bind=${ODN_BIND:-}        # socket, numa, l3cache or core: a rank for each; ptile is how many a host has
data=${ODN_DATA:-}        # directory of the data files, to copy them to each host's /tmp (or ODN_SCRATCH) first
scripts=Launch            # where mpirun.sh is

set -euo pipefail
cd "$LS_SUBCWD"
# shellcheck source=Launch/batch.sh
. "$scripts/batch.sh"

# LSF's number of a job that is not in an array is 0.
task=${LSB_JOBINDEX:-0}
task=${task#0}
job=odn-$LSB_JOBID${task:+-$task}
hosts=(--host "$(slots "$LSB_DJOB_HOSTFILE")")
launcher=("$scripts/mpirun.sh" "${hosts[@]}" ${bind:+--bind "$bind"})
# LSF's own way to start a process on a host, in the place of ssh.
if command -v blaunch > /dev/null; then export OMPI_MCA_plm_rsh_agent=blaunch; fi

read -ra arguments <<< "$search"
search "${arguments[@]}"
