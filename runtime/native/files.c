/* What a start asks of the file system, each in one call: JS that a fresh process runs for the first time takes a multiple of the time. Node's
 * permission model does not reach here: the caller has asked it. */
#include "ouro.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A regular file, open for reading; -1, with errno, when it is none. */
int ouro_open_regular(const char *path, struct stat *stats) {
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return -1;
  bool found = fstat(file, stats) == 0;
  if (found && S_ISREG(stats->st_mode)) return file;
  int error = found ? EINVAL : errno;
  close(file);
  errno = error;
  return -1;
}

/* Fills `bytes` from a file; false, with errno, when that cannot be, or there are not so many. */
bool ouro_read_all(int file, void *bytes, size_t size) {
  for (size_t at = 0; at < size;) {
    ssize_t got = read(file, (char *)bytes + at, size - at);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO;
    if (got <= 0) return false;
    at += (size_t)got;
  }
  return true;
}

/* Who can write to a folder, or put another in its place: "private" (this user and root), "group" (its group too) or "foreign"; null when it is not
 * there. `real`, of PATH_MAX bytes, gets its path without symbolic links. False, with errno, when that cannot be found out. */
bool ouro_folder_access(const char *path, const char **access, char *real) {
  *access = NULL;
  if (!realpath(path, real)) return true;
  const char *found = "private";
  uid_t user = geteuid();
  char at[PATH_MAX];
  strcpy(at, real);
  for (bool first = true;; first = false) {
    struct stat stats;
    if (stat(at, &stats) != 0) return false;
    /* In a sticky folder, as the system's for temporary files, others cannot rename what is ours. */
    mode_t writers = !first && (stats.st_mode & S_ISVTX) ? 0 : stats.st_mode;
    if ((stats.st_uid != user && stats.st_uid != 0) || (writers & S_IWOTH)) {
      found = "foreign";
      break;
    }
    if (writers & S_IWGRP) found = "group";
    if (at[1] == '\0') break; /* the root */
    char *slash = strrchr(at, '/');
    slash[slash == at ? 1 : 0] = '\0';
  }
  *access = found;
  return true;
}
