// PNG files read row by row from memory. libpng jumps out of its functions when something is wrong; here each jump ends
// inside the C function that called libpng, so that none goes over Swift's frames.

#ifndef ODN_PNG_ROWS_H
#define ODN_PNG_ROWS_H

#include <png.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/// A file that is being read, and why it cannot be, once a function has returned false.
typedef struct {
  png_structp png;
  png_infop info;
  const unsigned char *bytes;
  size_t count, place;
  char reason[80];
} odn_png_reader;

/// What a file declares. Rows are read with `channels` bytes for each pixel: grey, grey and alpha, RGB, or RGBA.
typedef struct {
  unsigned height, width;
  int channels;
  bool is_interlaced;
} odn_png_header;

static inline void odn_png_fail(png_structp png, png_const_charp reason) {
  odn_png_reader *reader = png_get_error_ptr(png);
  strncpy(reader->reason, reason, sizeof reader->reason - 1);
  png_longjmp(png, 1);
}

static inline void odn_png_ignore(png_structp png, png_const_charp reason) {
  (void)png;
  (void)reason;
}

static inline void odn_png_fetch(png_structp png, png_bytep target, size_t count) {
  odn_png_reader *reader = png_get_io_ptr(png);
  if (count > reader->count - reader->place) png_error(png, "it ends too early");
  memcpy(target, reader->bytes + reader->place, count);
  reader->place += count;
}

/// A reader of a file's bytes, which must stay where they are until it is closed; null if there is no memory.
static inline odn_png_reader *odn_png_open(const unsigned char *bytes, size_t count) {
  odn_png_reader *reader = calloc(1, sizeof *reader);
  if (!reader) return NULL;
  reader->bytes = bytes;
  reader->count = count;
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, odn_png_fail, odn_png_ignore);
  reader->info = reader->png ? png_create_info_struct(reader->png) : NULL;
  if (reader->info) {
    png_set_read_fn(reader->png, reader, odn_png_fetch);
    return reader;
  }
  png_destroy_read_struct(&reader->png, NULL, NULL);
  free(reader);
  return NULL;
}

static inline void odn_png_close(odn_png_reader *reader) {
  png_destroy_read_struct(&reader->png, &reader->info, NULL);
  free(reader);
}

/// Reads what stands before the pixels, of which no row has taken memory yet.
__attribute__((noinline)) static inline bool odn_png_read_header(odn_png_reader *reader, odn_png_header *header) {
  png_structp png = reader->png;
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_benign_errors(png, 1);
  // Of the chunks that may be there, only those are read that are asked for: transparency, which always is, and EXIF.
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, (png_const_bytep) "eXIf", 1);
  png_read_info(png, reader->info);
  // Palettes, transparent colours and few bits become bytes; of 16 bits the upper ones are taken.
  png_set_expand(png);
  png_set_strip_16(png);
  int kind = png_get_color_type(png, reader->info);
  bool has_key = png_get_valid(png, reader->info, PNG_INFO_tRNS) != 0;
  header->height = png_get_image_height(png, reader->info);
  header->width = png_get_image_width(png, reader->info);
  header->channels = (kind & PNG_COLOR_MASK_COLOR ? 3 : 1) + (kind & PNG_COLOR_MASK_ALPHA || has_key ? 1 : 0);
  header->is_interlaced = png_get_interlace_type(png, reader->info) != PNG_INTERLACE_NONE;
  return true;
}

/// Takes memory for a row, whose length is `row_bytes` then.
__attribute__((noinline)) static inline bool odn_png_start(odn_png_reader *reader, size_t *row_bytes) {
  if (setjmp(png_jmpbuf(reader->png))) return false;
  png_read_update_info(reader->png, reader->info);
  *row_bytes = png_get_rowbytes(reader->png, reader->info);
  return true;
}

/// Reads the next row: of the picture, or of the pass if it is interlaced.
__attribute__((noinline)) static inline bool odn_png_read_row(odn_png_reader *reader, unsigned char *row) {
  if (setjmp(png_jmpbuf(reader->png))) return false;
  png_read_row(reader->png, row, NULL);
  return true;
}

/// Reads what stands behind the pixels, as far as it is intact.
__attribute__((noinline)) static inline void odn_png_finish(odn_png_reader *reader) {
  if (setjmp(png_jmpbuf(reader->png))) return;
  png_read_end(reader->png, reader->info);
}

/// The EXIF data read so far, which stays the reader's; null if there is none.
__attribute__((noinline)) static inline const unsigned char *odn_png_exif(odn_png_reader *reader, size_t *count) {
  png_bytep bytes = NULL;
  png_uint_32 size = 0;
  if (setjmp(png_jmpbuf(reader->png))) return NULL;
  if (!png_get_eXIf_1(reader->png, reader->info, &size, &bytes)) return NULL;
  *count = size;
  return bytes;
}

#endif
