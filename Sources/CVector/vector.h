// Instructions on 16 floats that Swift's SIMD types do not give reliably. The vector type is what Swift calls
// SIMD16<Float>.
#pragma once

typedef float vector16 __attribute__((ext_vector_type(16)));
typedef double vector8_double __attribute__((ext_vector_type(8)));
typedef unsigned int vector16_bits __attribute__((ext_vector_type(16)));
typedef unsigned short vector16_half __attribute__((ext_vector_type(16)));

#define VECTOR_INLINE static inline __attribute__((always_inline))

// a·b + c, rounded once. `addingProduct` is at times split into halves of 8.
VECTOR_INLINE vector16 vector_fma(vector16 a, vector16 b, vector16 c) { return __builtin_elementwise_fma(a, b, c); }

// Columns of a product of which six rows fit into the vector registers, beside a row of a factor and a number: 24 of 32
// registers of 16 floats, 12 of 16 registers of 8, or 24 of 32 registers of 4.
VECTOR_INLINE int register_columns(void) {
#ifdef __AVX512F__
  return 64;
#else
  return 16;
#endif
}

// Eight sums, plus the squares of 16 floats, which are exact.
VECTOR_INLINE vector8_double vector_add_squares(vector8_double sums, vector16 value) {
  vector8_double low = __builtin_convertvector(__builtin_shufflevector(value, value, 0, 1, 2, 3, 4, 5, 6, 7),
                                               vector8_double);
  vector8_double high = __builtin_convertvector(__builtin_shufflevector(value, value, 8, 9, 10, 11, 12, 13, 14, 15),
                                                vector8_double);
  return __builtin_elementwise_fma(high, high, __builtin_elementwise_fma(low, low, sums));
}

// The low or high halves of two vectors, element by element in turn.
VECTOR_INLINE vector16 vector_interleave_low(vector16 a, vector16 b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
VECTOR_INLINE vector16 vector_interleave_high(vector16 a, vector16 b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}

// The upper halves of 16 floats, rounded to the nearest, ties to even; what is not a number stays so.
VECTOR_INLINE vector16_half vector_round_half(vector16 value) {
  vector16_bits bits = (vector16_bits)value;
  vector16_bits rounded = bits + 0x7fff + ((bits >> 16) & 1);
  // Rounding would carry some of them over to infinity or zero: they keep their upper half, made quiet.
  vector16_bits is_nan = (vector16_bits)((bits & 0x7fffffff) > 0x7f800000);
  vector16_bits chosen = (is_nan & (bits | 0x400000)) | (~is_nan & rounded);
  return __builtin_convertvector(chosen >> 16, vector16_half);
}

// The floats whose upper halves these are.
VECTOR_INLINE vector16 vector_expand_half(vector16_half half) {
  return (vector16)(__builtin_convertvector(half, vector16_bits) << 16);
}

// Asks for the cache line at `address`, to read or to write it soon. Any address will do.
VECTOR_INLINE void prefetch_to_read(const void *address) { __builtin_prefetch(address, 0, 3); }
VECTOR_INLINE void prefetch_to_write(const void *address) { __builtin_prefetch(address, 1, 3); }

// Stores past the caches: for what is not read again before it would have left them.
VECTOR_INLINE void vector_stream(void *address, vector16 value) {
  __builtin_nontemporal_store(value, (vector16 *)address);
}

// Makes streamed stores visible to other threads before any later store.
VECTOR_INLINE void stream_fence(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#endif
}
