// What Swift cannot see of <mpi.h>. Handles are pointers in Open MPI and integers in MPICH, and most constants are
// macros that cast: each gets an accessor here. Functions that return a handle through a pointer return it in a
// struct with the error code instead. With that the same Swift source builds against either.
#ifndef CMPI_SHIM_H
#define CMPI_SHIM_H

#include <mpi.h>

#define CMPI_CONSTANT(type, name, value) \
  static inline type name(void) { return value; }

CMPI_CONSTANT(MPI_Comm, cmpi_comm_world, MPI_COMM_WORLD)
CMPI_CONSTANT(MPI_Comm, cmpi_comm_self, MPI_COMM_SELF)
CMPI_CONSTANT(void *, cmpi_in_place, MPI_IN_PLACE)

CMPI_CONSTANT(int, cmpi_any_source, MPI_ANY_SOURCE)
CMPI_CONSTANT(int, cmpi_any_tag, MPI_ANY_TAG)
CMPI_CONSTANT(int, cmpi_undefined, MPI_UNDEFINED)
CMPI_CONSTANT(int, cmpi_max_error_string, MPI_MAX_ERROR_STRING)
CMPI_CONSTANT(int, cmpi_max_processor_name, MPI_MAX_PROCESSOR_NAME)
CMPI_CONSTANT(int, cmpi_max_library_version_string, MPI_MAX_LIBRARY_VERSION_STRING)

CMPI_CONSTANT(int, cmpi_thread_single, MPI_THREAD_SINGLE)
CMPI_CONSTANT(int, cmpi_thread_funneled, MPI_THREAD_FUNNELED)
CMPI_CONSTANT(int, cmpi_thread_serialized, MPI_THREAD_SERIALIZED)
CMPI_CONSTANT(int, cmpi_thread_multiple, MPI_THREAD_MULTIPLE)

CMPI_CONSTANT(int, cmpi_success, MPI_SUCCESS)
CMPI_CONSTANT(int, cmpi_err_buffer, MPI_ERR_BUFFER)
CMPI_CONSTANT(int, cmpi_err_count, MPI_ERR_COUNT)
CMPI_CONSTANT(int, cmpi_err_type, MPI_ERR_TYPE)
CMPI_CONSTANT(int, cmpi_err_tag, MPI_ERR_TAG)
CMPI_CONSTANT(int, cmpi_err_comm, MPI_ERR_COMM)
CMPI_CONSTANT(int, cmpi_err_rank, MPI_ERR_RANK)
CMPI_CONSTANT(int, cmpi_err_request, MPI_ERR_REQUEST)
CMPI_CONSTANT(int, cmpi_err_root, MPI_ERR_ROOT)
CMPI_CONSTANT(int, cmpi_err_op, MPI_ERR_OP)
CMPI_CONSTANT(int, cmpi_err_arg, MPI_ERR_ARG)
CMPI_CONSTANT(int, cmpi_err_truncate, MPI_ERR_TRUNCATE)
CMPI_CONSTANT(int, cmpi_err_in_status, MPI_ERR_IN_STATUS)
CMPI_CONSTANT(int, cmpi_err_pending, MPI_ERR_PENDING)
CMPI_CONSTANT(int, cmpi_err_no_mem, MPI_ERR_NO_MEM)
CMPI_CONSTANT(int, cmpi_err_intern, MPI_ERR_INTERN)
CMPI_CONSTANT(int, cmpi_err_other, MPI_ERR_OTHER)

CMPI_CONSTANT(MPI_Datatype, cmpi_float, MPI_FLOAT)
CMPI_CONSTANT(MPI_Datatype, cmpi_double, MPI_DOUBLE)
CMPI_CONSTANT(MPI_Datatype, cmpi_int8, MPI_INT8_T)
CMPI_CONSTANT(MPI_Datatype, cmpi_int16, MPI_INT16_T)
CMPI_CONSTANT(MPI_Datatype, cmpi_int32, MPI_INT32_T)
CMPI_CONSTANT(MPI_Datatype, cmpi_int64, MPI_INT64_T)
CMPI_CONSTANT(MPI_Datatype, cmpi_uint8, MPI_UINT8_T)
CMPI_CONSTANT(MPI_Datatype, cmpi_uint16, MPI_UINT16_T)
CMPI_CONSTANT(MPI_Datatype, cmpi_uint32, MPI_UINT32_T)
CMPI_CONSTANT(MPI_Datatype, cmpi_uint64, MPI_UINT64_T)

CMPI_CONSTANT(MPI_Op, cmpi_sum, MPI_SUM)
CMPI_CONSTANT(MPI_Op, cmpi_product, MPI_PROD)
CMPI_CONSTANT(MPI_Op, cmpi_min, MPI_MIN)
CMPI_CONSTANT(MPI_Op, cmpi_max, MPI_MAX)
CMPI_CONSTANT(MPI_Op, cmpi_logical_and, MPI_LAND)
CMPI_CONSTANT(MPI_Op, cmpi_logical_or, MPI_LOR)
CMPI_CONSTANT(MPI_Op, cmpi_bitwise_and, MPI_BAND)
CMPI_CONSTANT(MPI_Op, cmpi_bitwise_or, MPI_BOR)
CMPI_CONSTANT(MPI_Op, cmpi_bitwise_xor, MPI_BXOR)

/// Makes the communicator return error codes instead of ending the program.
static inline int cmpi_return_errors(MPI_Comm communicator) {
  return MPI_Comm_set_errhandler(communicator, MPI_ERRORS_RETURN);
}

/// The largest tag; 32767, the least that MPI promises, if the library does not say.
static inline int cmpi_largest_tag(void) {
  int *value = 0;
  int found = 0;
  int code = MPI_Comm_get_attr(MPI_COMM_WORLD, MPI_TAG_UB, &value, &found);
  return code == MPI_SUCCESS && found ? *value : 32767;
}

// Communicators

typedef struct {
  int code;
  int is_null;
  MPI_Comm value;
} CMPICommunicator;

static inline CMPICommunicator cmpi_communicator(int code, MPI_Comm value) {
  CMPICommunicator result = {code, value == MPI_COMM_NULL, value};
  return result;
}

static inline CMPICommunicator cmpi_comm_dup(MPI_Comm communicator) {
  MPI_Comm value = MPI_COMM_NULL;
  int code = MPI_Comm_dup(communicator, &value);
  return cmpi_communicator(code, value);
}

static inline CMPICommunicator cmpi_comm_split(MPI_Comm communicator, int color, int key) {
  MPI_Comm value = MPI_COMM_NULL;
  int code = MPI_Comm_split(communicator, color, key, &value);
  return cmpi_communicator(code, value);
}

static inline CMPICommunicator cmpi_comm_split_shared(MPI_Comm communicator, int key) {
  MPI_Comm value = MPI_COMM_NULL;
  int code = MPI_Comm_split_type(communicator, MPI_COMM_TYPE_SHARED, key, MPI_INFO_NULL, &value);
  return cmpi_communicator(code, value);
}

static inline int cmpi_comm_free(MPI_Comm communicator) { return MPI_Comm_free(&communicator); }

// Requests. The box has the layout of the handle, so an array of boxes is an array of handles.

typedef struct {
  MPI_Request value;
} CMPIRequest;

_Static_assert(sizeof(CMPIRequest) == sizeof(MPI_Request), "a boxed request has the layout of the handle");

typedef struct {
  int code;
  CMPIRequest request;
} CMPIStarted;

static inline CMPIRequest cmpi_request_null(void) {
  CMPIRequest request = {MPI_REQUEST_NULL};
  return request;
}

static inline CMPIStarted cmpi_isend(const void *buffer, int count, MPI_Datatype type, int destination, int tag,
                                     MPI_Comm communicator) {
  CMPIStarted started = {0, {MPI_REQUEST_NULL}};
  started.code = MPI_Isend(buffer, count, type, destination, tag, communicator, &started.request.value);
  return started;
}

static inline CMPIStarted cmpi_irecv(void *buffer, int count, MPI_Datatype type, int source, int tag,
                                     MPI_Comm communicator) {
  CMPIStarted started = {0, {MPI_REQUEST_NULL}};
  started.code = MPI_Irecv(buffer, count, type, source, tag, communicator, &started.request.value);
  return started;
}

static inline CMPIStarted cmpi_iallreduce(const void *source, void *destination, int count, MPI_Datatype type,
                                          MPI_Op operation, MPI_Comm communicator) {
  CMPIStarted started = {0, {MPI_REQUEST_NULL}};
  started.code =
      MPI_Iallreduce(source, destination, count, type, operation, communicator, &started.request.value);
  return started;
}

static inline CMPIStarted cmpi_ialltoall(const void *source, void *destination, int count, MPI_Datatype type,
                                         MPI_Comm communicator) {
  CMPIStarted started = {0, {MPI_REQUEST_NULL}};
  started.code =
      MPI_Ialltoall(source, count, type, destination, count, type, communicator, &started.request.value);
  return started;
}

static inline CMPIStarted cmpi_iallgather(const void *source, void *destination, int count, MPI_Datatype type,
                                          MPI_Comm communicator) {
  CMPIStarted started = {0, {MPI_REQUEST_NULL}};
  started.code =
      MPI_Iallgather(source, count, type, destination, count, type, communicator, &started.request.value);
  return started;
}

static inline CMPIStarted cmpi_ibcast(void *buffer, int count, MPI_Datatype type, int root, MPI_Comm communicator) {
  CMPIStarted started = {0, {MPI_REQUEST_NULL}};
  started.code = MPI_Ibcast(buffer, count, type, root, communicator, &started.request.value);
  return started;
}

static inline CMPIStarted cmpi_ibarrier(MPI_Comm communicator) {
  CMPIStarted started = {0, {MPI_REQUEST_NULL}};
  started.code = MPI_Ibarrier(communicator, &started.request.value);
  return started;
}

static inline int cmpi_wait(CMPIRequest *request, MPI_Status *status) { return MPI_Wait(&request->value, status); }

static inline int cmpi_test(CMPIRequest *request, int *finished, MPI_Status *status) {
  return MPI_Test(&request->value, finished, status);
}

static inline int cmpi_waitsome(int count, CMPIRequest *requests, int *finished, int *indices,
                                MPI_Status *statuses) {
  return MPI_Waitsome(count, (MPI_Request *)requests, finished, indices, statuses);
}

static inline int cmpi_testsome(int count, CMPIRequest *requests, int *finished, int *indices,
                                MPI_Status *statuses) {
  return MPI_Testsome(count, (MPI_Request *)requests, finished, indices, statuses);
}

#endif
