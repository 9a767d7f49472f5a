/* Linear memories that V8 made: is the guard there, copy-on-write images over their start, and clearing what nobody has touched yet. */
#define _GNU_SOURCE
#include "ouro.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Can the byte be read? The kernel copies the set before it looks at the bad `how`. */
static bool readable(uintptr_t address) {
  return syscall(SYS_rt_sigprocmask, -1, address & ~(uintptr_t)7, NULL, 8) == 0 || errno != EFAULT;
}

/* Is all of [address, address + reserved) mapped, and inaccessible from `length` on? Tried where a missing guard would show: behind the
 * end, in the middle, and at the last page. */
bool ouro_probe_guard(uintptr_t address, uint64_t length, uint64_t reserved) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  if (address % page != 0 || reserved % page != 0 || reserved == 0 || length > reserved) return false;
  if (msync((void *)address, reserved, MS_ASYNC) != 0) return false; /* ENOMEM: a hole */
  if (length == reserved) return true;
  uint64_t middle = length + (reserved - length) / 2;
  return !readable(address + length) && !readable(address + middle) && !readable(address + reserved - page);
}

/* Puts file bytes [offset, offset + length) at `address` as a private copy: whole pages by mapping, the rest by copying. The caller has checked
 * that there is a memory, and that it is that long: nothing here does, for it would cost more than the mapping. False with errno; the memory
 * is then as before. */
bool ouro_map_image(uintptr_t address, const struct mapping *mapping, uint64_t offset, uint64_t length) {
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  bool ranges = offset <= mapping->size && length <= mapping->size - offset;
  if (!ranges || mapping->file < 0 || address % page != 0 || offset % page != 0) {
    errno = EINVAL;
    return false;
  }
  uint64_t whole = length / page * page;
  if (whole > 0) {
    void *mapped = mmap((void *)address, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, mapping->file, (off_t)offset);
    if (mapped == MAP_FAILED) return false;
  }
  memcpy((void *)(address + whole), mapping->base + offset + whole, length - whole);
  return true;
}

/* So many pages are looked at at once. */
#define WINDOW 256
/* Untouched pages in a row that are worth a system call. */
#define RUN 16

/* Whether these pages, which have no memory of their own now, read as zeros: whatever another thread puts there meanwhile goes, as the fill would
 * have it. Not so where they show a file, a data image for one: such pages would become the file's again. MADV_FREE refuses those. */
static bool untouched(uint8_t *at, size_t size) {
  return madvise(at, size, MADV_FREE) == 0 && madvise(at, size, MADV_DONTNEED) == 0;
}

static void clear_pages(uint8_t *at, size_t count, size_t page) {
  unsigned char present[WINDOW];
  if (mincore(at, count * page, present) != 0) {
    memset(at, 0, count * page);
    return;
  }
  for (size_t from = 0, to; from < count; from = to) {
    bool here = present[from] & 1;
    for (to = from + 1; to < count && (present[to] & 1) == here; to++);
    if (here || to - from < RUN || !untouched(at + from * page, (to - from) * page)) memset(at + from * page, 0, (to - from) * page);
  }
}

/* memset of at least OURO_LARGE_FILL bytes, 2 * page or more. Programs clear large buffers that the system has just given them: to leave untouched
 * pages alone is some 50 times faster than to have the system make a page of zeros of each, only to write zeros to it, and costs memory only where
 * it is used. */
void ouro_fill_large(uint8_t *to, int byte, size_t count) {
  if ((uint8_t)byte != 0) {
    memset(to, byte, count);
    return;
  }
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  uint8_t *end = to + count;
  uint8_t *first = (uint8_t *)(((uintptr_t)to + page - 1) & ~(page - 1));
  uint8_t *last = (uint8_t *)((uintptr_t)end & ~(page - 1));
  memset(to, 0, (size_t)(first - to));
  for (uint8_t *at = first; at < last;) {
    size_t pages = (size_t)(last - at) / page;
    if (pages > WINDOW) pages = WINDOW;
    clear_pages(at, pages, page);
    at += pages * page;
  }
  memset(last, 0, (size_t)(end - last));
}
