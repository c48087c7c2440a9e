// The sets of instructions that the compiler was let use, named as in Linux' /proc/cpuinfo, with a space after each.
#pragma once

static inline const char *built_instructions(void) {
  return ""
#ifdef __SSE4_2__
         "sse4_2 "
#endif
#ifdef __AVX__
         "avx "
#endif
#ifdef __F16C__
         "f16c "
#endif
#ifdef __FMA__
         "fma "
#endif
#ifdef __BMI2__
         "bmi2 "
#endif
#ifdef __AVX2__
         "avx2 "
#endif
#ifdef __AVX512F__
         "avx512f "
#endif
#ifdef __AVX512DQ__
         "avx512dq "
#endif
#ifdef __AVX512BW__
         "avx512bw "
#endif
#ifdef __AVX512VL__
         "avx512vl "
#endif
#ifdef __AVX512BF16__
         "avx512_bf16 "
#endif
      ;
}
