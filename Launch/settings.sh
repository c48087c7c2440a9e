# shellcheck shell=bash
# Settings of Open MPI and of odn that neither warn nor stall: on a laptop, as root in a container, over hosts that may
# fail, under mpirun and under srun. Sourced by the scripts beside it.
#
# Each is a default for a variable of the environment: what the user has set stays. `ompi_info --all` explains the
# OMPI_MCA_ names.

# Gives a variable a value that the user's own takes precedence over.
default() { export "$1=${!1:-$2}"; }

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

# Gradients are summed over hosts by non-blocking allreduces in place, for which Open MPI would take a tree whose root
# receives and sends everything. Rabenseifner's algorithm (3) shares that out: with 4 hosts in half the time.
default OMPI_MCA_coll_libnbc_iallreduce_algorithm 3

# The verbs driver is superseded by UCX, and warns on every InfiniBand card that it leaves alone; UCX warns of
# whatever it tries and does not find. Errors of either still show. This use of libfabric (ofi) is for one-sided
# communication, of which there is none; looking for its devices takes a second of every start.
default OMPI_MCA_btl ^openib,ofi
default OMPI_MCA_btl_base_warn_component_unused 0
default UCX_LOG_LEVEL error

# A host that is gone, or a link that is cut, is noticed within 10 s, not after minutes: probe an idle connection after
# 3 s, every second, three times. mpirun then ends the job with code 205.
default OMPI_MCA_oob_tcp_keepalive_time 3
default OMPI_MCA_oob_tcp_keepalive_intvl 1
default OMPI_MCA_oob_tcp_keepalive_probes 3

# odn has threads of its own: a BLAS that starts more per call only gets in their way.
default OPENBLAS_NUM_THREADS 1
# A crash prints its message; the dump of registers and stacks that would follow it holds every other rank up.
default SWIFT_BACKTRACE enable=no
# To a rank, output always looks like a terminal: say whether there is one, for the line that moves.
default ODN_TERMINAL "$([ -t 1 ] && echo 1 || echo 0)"

# Ranks on one host copy from each other's memory, which needs the right to trace a process. Under a system call
# filter and without the capability (bit 19), as containers are, it is usually denied: then they copy twice.
seccomp=$(awk '$1 == "Seccomp:" { print $2 }' /proc/self/status 2> /dev/null || true)
capabilities=$(awk '$1 == "CapEff:" { print $2 }' /proc/self/status 2> /dev/null || true)
if [ "${seccomp:-0}" != 0 ] && [ $((0x${capabilities:-0} >> 19 & 1)) = 0 ]; then
  default OMPI_MCA_btl_vader_single_copy_mechanism none
fi
