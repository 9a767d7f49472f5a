/* Artifacts in memory: mapped read-only whole, then the text readable and executable; never writable and executable. */
#define _GNU_SOURCE
#include "ouro.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_MAX_MAPPINGS 65530
/* To the kernel an artifact is four: what is in front of the text, the text, what is behind it, and the view. */
#define MAPPINGS_EACH 4

static atomic_long place_count; /* artifacts mapped, by all threads */

/* The kernel gives a process so many mappings at most, and V8 ends it when it gets none: of five one is V8's. */
static long most_places(void) {
  static atomic_long most;
  if (most == 0) {
    long max = DEFAULT_MAX_MAPPINGS;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (file) {
      if (fscanf(file, "%ld", &max) != 1 || max <= MAPPINGS_EACH) max = DEFAULT_MAX_MAPPINGS;
      fclose(file);
    }
    most = max / (MAPPINGS_EACH + 1);
  }
  return most;
}

/* MAP_FAILED with errno. */
static uint8_t *map_pages(size_t size, int protection, int flags, int file) {
  if (atomic_fetch_add(&place_count, 1) < most_places()) {
    void *base = mmap(NULL, size, protection, MAP_PRIVATE | flags, file, 0);
    if (base != MAP_FAILED) return base;
  } else {
    errno = ENOMEM;
  }
  atomic_fetch_sub(&place_count, 1);
  return MAP_FAILED;
}

static void unmap_pages(uint8_t *base, size_t size) {
  munmap(base, size);
  atomic_fetch_sub(&place_count, 1);
}

/* Null when memory is short. */
struct mapping *ouro_add_mapping(uint8_t *base, size_t size, int file) {
  struct mapping *mapping = calloc(1, sizeof *mapping);
  if (!mapping) return NULL;
  mapping->base = base;
  mapping->size = size;
  mapping->file = file;
  mapping->next = ouro_thread->mappings;
  ouro_thread->mappings = mapping;
  return mapping;
}

/* Takes over `file`, also when it fails. */
static struct mapping *map_whole(int file, size_t size) {
  struct mapping *mapping = NULL;
  uint8_t *base = map_pages(size, PROT_READ, 0, file);
  if (base != MAP_FAILED) {
    mapping = ouro_add_mapping(base, size, file);
    if (!mapping) unmap_pages(base, size);
  }
  if (!mapping) {
    int error = errno;
    close(file);
    errno = error;
  }
  return mapping;
}

/* Takes over `file`, also when it fails. */
static struct mapping *map_regular(int file) {
  if (file < 0) return NULL;
  struct stat status;
  int error = fstat(file, &status) != 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : !S_ISREG(status.st_mode) || status.st_size == 0 ? EINVAL : 0;
  if (error) {
    close(file);
    errno = error;
    return NULL;
  }
  return map_whole(file, (size_t)status.st_size);
}

/* Null with errno. */
struct mapping *ouro_map_file(const char *path) { return map_regular(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)); }

/* A file that the caller has open, and keeps. Null with errno. */
struct mapping *ouro_map_open_file(int file) { return map_regular(fcntl(file, F_DUPFD_CLOEXEC, 0)); }

/* False when not all could be written. System calls alone: a forked process may call it. */
bool ouro_write_all(int file, const uint8_t *bytes, size_t size) {
  while (size > 0) {
    ssize_t written = write(file, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    size -= (size_t)written;
  }
  return true;
}

/* Without memfd: an anonymous copy, which has no file for images. */
static struct mapping *map_copy(const void *bytes, size_t size) {
  uint8_t *base = map_pages(size, PROT_READ | PROT_WRITE, MAP_ANONYMOUS, -1);
  if (base == MAP_FAILED) return NULL;
  memcpy(base, bytes, size);
  struct mapping *mapping = mprotect(base, size, PROT_READ) == 0 ? ouro_add_mapping(base, size, -1) : NULL;
  if (!mapping) {
    int error = errno;
    unmap_pages(base, size);
    errno = error;
  }
  return mapping;
}

/* A private copy of the bytes, sealed against writing. Null with errno. */
struct mapping *ouro_map_bytes(const void *bytes, size_t size) {
  if (size == 0) {
    errno = EINVAL;
    return NULL;
  }
  int file = memfd_create("ouro", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (file < 0) return map_copy(bytes, size);
  if (!ouro_write_all(file, bytes, size) || fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    close(file);
    return map_copy(bytes, size);
  }
  return map_whole(file, size);
}

/* Makes the text executable and registers it. The caller has checked what the text holds; here only the ranges. False with errno. */
bool ouro_make_executable(struct mapping *mapping, size_t text_offset, size_t text_size, size_t table_offset, uint32_t table_count) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  bool ranges = text_offset <= mapping->size && text_size > 0 && text_size <= mapping->size - text_offset && table_offset <= mapping->size &&
                table_count <= (mapping->size - table_offset) / sizeof(struct function_record);
  if (!ranges || text_offset % page != 0 || table_offset % 4 != 0 || mapping->entry) {
    errno = EINVAL;
    return false;
  }
  uint8_t *text = mapping->base + text_offset;
  if (mprotect(text, text_size, PROT_READ | PROT_EXEC) != 0) return false;
  mapping->code.start = (uintptr_t)text;
  mapping->code.end = (uintptr_t)text + text_size;
  mapping->code.functions = (const struct function_record *)(mapping->base + table_offset);
  mapping->code.function_count = table_count;
  mapping->entry = ouro_register_code(&mapping->code);
  if (!mapping->entry) errno = ENOMEM;
  mapping->view = ouro_make_view(mapping->file, text_offset, text_size); /* now: the file may be closed afterwards */
  return mapping->entry != NULL;
}

/* Gives the descriptor back; no images can be mapped afterwards. */
void ouro_close_file(struct mapping *mapping) {
  if (mapping->file >= 0 && !mapping->shared) close(mapping->file);
  mapping->file = -1;
}

/* A hint: page faults come later at less cost. */
void ouro_prefetch(const struct mapping *mapping, uint64_t offset, uint64_t size) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  if (offset <= mapping->size && size <= mapping->size - offset) madvise(mapping->base + offset / page * page, size + offset % page, MADV_WILLNEED);
}

void ouro_unmap(struct mapping *mapping) {
  struct mapping **link = &ouro_thread->mappings;
  while (*link != mapping) link = &(*link)->next;
  *link = mapping->next;
  if (ouro_release_shared(mapping)) {
    if (mapping->entry) ouro_unregister_code(mapping->entry);
    ouro_close_file(mapping);
    unmap_pages(mapping->base, mapping->size);
  }
  ouro_release_view(mapping->view); /* last: while others have the mapping, they take the view from it */
  free(mapping);
}
