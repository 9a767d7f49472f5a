/* Linear memories that V8 made: is the guard there, and copy-on-write images over their start. */
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
