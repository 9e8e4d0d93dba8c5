// System calls and macros that Swift cannot import: variadic functions, calls that glibc 2.36 does not wrap, and
// thin forms of the others that all follow one convention. They return what the call returned, or the negated errno;
// a call interrupted by a signal is repeated.
//
// _GNU_SOURCE is not defined here: Swift's own import of the C library does without it, and a structure that looks
// different in the two would be refused. What glibc hides without it is called by its number.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#define CLINUX_CALL(expression)                             \
    ({                                                      \
        long clinux_result;                                 \
        do {                                                \
            clinux_result = (long)(expression);             \
        } while (clinux_result == -1 && errno == EINTR);    \
        clinux_result == -1 ? -(long)errno : clinux_result; \
    })

// Opening and closing

enum {
    CLINUX_O_PATH = __O_PATH,
    CLINUX_O_NOATIME = __O_NOATIME,
    CLINUX_O_TMPFILE = __O_TMPFILE | O_DIRECTORY,
    CLINUX_AT_EMPTY_PATH = 0x1000,
    CLINUX_AT_NO_AUTOMOUNT = 0x800
};

// Always close-on-exec and never a controlling terminal.
static inline long clinux_open(int directory, const char *path, int flags, uint32_t mode) {
    return CLINUX_CALL(openat(directory, path, flags | O_CLOEXEC | O_NOCTTY, (mode_t)mode));
}

// Opens a directory by a path that stays below the given one and passes through no link of any kind. Unlike openat,
// openat2 refuses flags that mean nothing for the call, such as O_NOCTTY with O_PATH.
static inline long clinux_open_beneath(int directory, const char *path, int flags) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = (uint64_t)(uint32_t)(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return CLINUX_CALL(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

// A close that a signal interrupts has released the descriptor all the same, so it is not repeated.
static inline long clinux_close(int descriptor) {
    return close(descriptor) == 0 || errno == EINTR ? 0 : -(long)errno;
}

static inline long clinux_duplicate(int descriptor) {
    return CLINUX_CALL(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
}

// Reading and writing

static inline long clinux_read(int descriptor, void *buffer, size_t count) {
    return CLINUX_CALL(read(descriptor, buffer, count));
}

static inline long clinux_pread(int descriptor, void *buffer, size_t count, int64_t offset) {
    return CLINUX_CALL(pread(descriptor, buffer, count, offset));
}

static inline long clinux_write(int descriptor, const void *bytes, size_t count) {
    return CLINUX_CALL(write(descriptor, bytes, count));
}

static inline long clinux_pwrite(int descriptor, const void *bytes, size_t count, int64_t offset) {
    return CLINUX_CALL(pwrite(descriptor, bytes, count, offset));
}

static inline long clinux_seek(int descriptor, int64_t offset, int whence) {
    return CLINUX_CALL(lseek(descriptor, offset, whence));
}

static inline long clinux_truncate(int descriptor, int64_t size) {
    return CLINUX_CALL(ftruncate(descriptor, size));
}

static inline long clinux_allocate(int descriptor, int mode, int64_t offset, int64_t count) {
    return CLINUX_CALL(syscall(SYS_fallocate, descriptor, mode, offset, count));
}

// posix_fadvise returns its error number instead of setting errno.
static inline long clinux_advise(int descriptor, int64_t offset, int64_t count, int advice) {
    return -(long)posix_fadvise(descriptor, offset, count, advice);
}

static inline long clinux_sync(int descriptor) { return CLINUX_CALL(fsync(descriptor)); }

static inline long clinux_sync_data(int descriptor) { return CLINUX_CALL(fdatasync(descriptor)); }

static inline long clinux_sync_file_system(int descriptor) { return CLINUX_CALL(syscall(SYS_syncfs, descriptor)); }

static inline long clinux_clone_range(int destination, int64_t at, int source, int64_t from, int64_t count) {
    struct file_clone_range range = {
        .src_fd = source, .src_offset = (uint64_t)from, .src_length = (uint64_t)count, .dest_offset = (uint64_t)at};
    return CLINUX_CALL(ioctl(destination, FICLONERANGE, &range));
}

static inline long clinux_copy_range(int destination, int64_t at, int source, int64_t from, size_t count) {
    int64_t input = from, output = at;
    return CLINUX_CALL(syscall(SYS_copy_file_range, source, &input, destination, &output, count, 0));
}

// Status

typedef struct {
    int64_t size;
    int64_t allocated_bytes;
    int64_t modified_seconds;
    int64_t changed_seconds;
    uint64_t inode;
    uint64_t mount_id;
    uint64_t attributes;
    uint32_t modified_nanoseconds;
    uint32_t changed_nanoseconds;
    uint32_t user_id;
    uint32_t group_id;
    uint32_t link_count;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t node_major;
    uint32_t node_minor;
    uint16_t mode;
} clinux_status_t;

// The status of a name, not following a link, or of the descriptor itself when the path is empty. It asks for no
// access time and triggers no automount.
static inline long clinux_status(int directory, const char *path, clinux_status_t *status) {
    struct statx raw;
    const unsigned mask = (STATX_BASIC_STATS & ~STATX_ATIME) | STATX_MNT_ID;
    const int flags =
        AT_SYMLINK_NOFOLLOW | CLINUX_AT_NO_AUTOMOUNT | (path[0] == 0 ? CLINUX_AT_EMPTY_PATH : 0);
    long result = CLINUX_CALL(syscall(SYS_statx, directory, path, flags, mask, &raw));
    if (result < 0) return result;
    status->size = (int64_t)raw.stx_size;
    status->allocated_bytes = (int64_t)raw.stx_blocks * 512;
    status->modified_seconds = raw.stx_mtime.tv_sec;
    status->changed_seconds = raw.stx_ctime.tv_sec;
    status->inode = raw.stx_ino;
    status->mount_id = (raw.stx_mask & STATX_MNT_ID) != 0 ? raw.stx_mnt_id : 0;
    status->attributes = raw.stx_attributes & raw.stx_attributes_mask;
    status->modified_nanoseconds = raw.stx_mtime.tv_nsec;
    status->changed_nanoseconds = raw.stx_ctime.tv_nsec;
    status->user_id = raw.stx_uid;
    status->group_id = raw.stx_gid;
    status->link_count = raw.stx_nlink;
    status->device_major = raw.stx_dev_major;
    status->device_minor = raw.stx_dev_minor;
    status->node_major = raw.stx_rdev_major;
    status->node_minor = raw.stx_rdev_minor;
    status->mode = raw.stx_mode;
    return 0;
}

typedef struct {
    uint64_t total_bytes;
    uint64_t free_bytes;
    uint64_t available_bytes;
    uint64_t total_files;
    uint64_t available_files;
    uint64_t type;
} clinux_space_t;

static inline long clinux_space(int descriptor, clinux_space_t *space) {
    struct statfs raw;
    long result = CLINUX_CALL(fstatfs(descriptor, &raw));
    if (result < 0) return result;
    const uint64_t unit = (uint64_t)(raw.f_frsize != 0 ? raw.f_frsize : raw.f_bsize);
    space->total_bytes = raw.f_blocks * unit;
    space->free_bytes = raw.f_bfree * unit;
    space->available_bytes = raw.f_bavail * unit;
    space->total_files = raw.f_files;
    space->available_files = raw.f_ffree;
    space->type = (uint64_t)(uint32_t)raw.f_type;
    return 0;
}

// Directories

static inline long clinux_read_directory(int directory, void *buffer, size_t count) {
    return CLINUX_CALL(syscall(SYS_getdents64, directory, buffer, count));
}

// One record of what getdents64 has written. The fields are copied out because records are not aligned by contract.
static inline uint16_t clinux_record_length(const void *record) {
    uint16_t length;
    memcpy(&length, (const char *)record + 16, sizeof length);
    return length;
}
static inline uint8_t clinux_record_type(const void *record) { return ((const uint8_t *)record)[18]; }
static inline const char *clinux_record_name(const void *record) { return (const char *)record + 19; }

static inline long clinux_make_directory(int directory, const char *name, uint32_t mode) {
    return CLINUX_CALL(mkdirat(directory, name, (mode_t)mode));
}

static inline long clinux_make_node(int directory, const char *name, uint32_t mode, uint32_t major_, uint32_t minor_) {
    return CLINUX_CALL(mknodat(directory, name, (mode_t)mode, makedev(major_, minor_)));
}

static inline long clinux_make_link(const char *target, int directory, const char *name) {
    return CLINUX_CALL(symlinkat(target, directory, name));
}

static inline long clinux_read_link(int directory, const char *name, char *buffer, size_t count) {
    return CLINUX_CALL(readlinkat(directory, name, buffer, count));
}

static inline long clinux_link(int directory, const char *name, int destination, const char *new_name, int flags) {
    return CLINUX_CALL(linkat(directory, name, destination, new_name, flags));
}

static inline long clinux_rename(int directory, const char *name, int destination, const char *new_name,
                                 uint32_t flags) {
    return CLINUX_CALL(syscall(SYS_renameat2, directory, name, destination, new_name, flags));
}

static inline long clinux_unlink(int directory, const char *name, int flags) {
    return CLINUX_CALL(unlinkat(directory, name, flags));
}

// Attributes. An empty name means the descriptor itself.

static inline long clinux_set_times(int directory, const char *name, int64_t seconds, uint32_t nanoseconds,
                                    int sets_access, int64_t access_seconds, uint32_t access_nanoseconds) {
    // Two numbers above this bound would mean "now" and "leave as it is".
    if (nanoseconds >= 1000000000u || (sets_access && access_nanoseconds >= 1000000000u)) return -EINVAL;
    struct timespec times[2];
    times[0].tv_sec = sets_access ? access_seconds : 0;
    times[0].tv_nsec = sets_access ? (long)access_nanoseconds : UTIME_OMIT;
    times[1].tv_sec = seconds;
    times[1].tv_nsec = (long)nanoseconds;
    if (name[0] == 0) return CLINUX_CALL(futimens(directory, times));
    return CLINUX_CALL(utimensat(directory, name, times, AT_SYMLINK_NOFOLLOW));
}

// glibc's fchmodat opens the name as a path, refuses a link, and changes the mode through that descriptor.
static inline long clinux_set_permissions(int directory, const char *name, uint32_t mode) {
    if (name[0] == 0) return CLINUX_CALL(fchmod(directory, (mode_t)mode));
    return CLINUX_CALL(fchmodat(directory, name, (mode_t)mode, AT_SYMLINK_NOFOLLOW));
}

static inline long clinux_set_owner(int directory, const char *name, uint32_t user, uint32_t group) {
    if (name[0] == 0) return CLINUX_CALL(fchown(directory, user, group));
    return CLINUX_CALL(fchownat(directory, name, user, group, AT_SYMLINK_NOFOLLOW));
}

// Extended attributes. There is no call that takes a directory descriptor, so a name is reached through /proc; the
// last component is not followed. An empty name means the descriptor itself.

#define CLINUX_PROC_PATH_CAPACITY 4200

static inline int clinux_proc_path(char *path, int directory, const char *name) {
    int length = name[0] == 0 ? snprintf(path, CLINUX_PROC_PATH_CAPACITY, "/proc/self/fd/%d", directory)
                              : snprintf(path, CLINUX_PROC_PATH_CAPACITY, "/proc/self/fd/%d/%s", directory, name);
    return length > 0 && length < CLINUX_PROC_PATH_CAPACITY;
}

static inline long clinux_list_attributes(int directory, const char *name, void *buffer, size_t count) {
    if (name[0] == 0) return CLINUX_CALL(flistxattr(directory, (char *)buffer, count));
    char path[CLINUX_PROC_PATH_CAPACITY];
    if (!clinux_proc_path(path, directory, name)) return -ENAMETOOLONG;
    return CLINUX_CALL(llistxattr(path, (char *)buffer, count));
}

static inline long clinux_get_attribute(int directory, const char *name, const char *attribute, void *buffer,
                                        size_t count) {
    if (name[0] == 0) return CLINUX_CALL(fgetxattr(directory, attribute, buffer, count));
    char path[CLINUX_PROC_PATH_CAPACITY];
    if (!clinux_proc_path(path, directory, name)) return -ENAMETOOLONG;
    return CLINUX_CALL(lgetxattr(path, attribute, buffer, count));
}

static inline long clinux_set_attribute(int directory, const char *name, const char *attribute, const void *bytes,
                                        size_t count) {
    if (name[0] == 0) return CLINUX_CALL(fsetxattr(directory, attribute, bytes, count, 0));
    char path[CLINUX_PROC_PATH_CAPACITY];
    if (!clinux_proc_path(path, directory, name)) return -ENAMETOOLONG;
    return CLINUX_CALL(lsetxattr(path, attribute, bytes, count, 0));
}

static inline long clinux_remove_attribute(int directory, const char *name, const char *attribute) {
    if (name[0] == 0) return CLINUX_CALL(fremovexattr(directory, attribute));
    char path[CLINUX_PROC_PATH_CAPACITY];
    if (!clinux_proc_path(path, directory, name)) return -ENAMETOOLONG;
    return CLINUX_CALL(lremovexattr(path, attribute));
}

// Gives a file without a name its first name. Through /proc it needs no privilege; without /proc it needs one.
static inline long clinux_link_anonymous(int descriptor, int directory, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    long result = CLINUX_CALL(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
    if (result != -ENOENT && result != -EXDEV) return result;
    return CLINUX_CALL(linkat(descriptor, "", directory, name, CLINUX_AT_EMPTY_PATH));
}

// The rest

static inline long clinux_lock(int descriptor, int operation) { return CLINUX_CALL(flock(descriptor, operation)); }

static inline long clinux_map(int descriptor, size_t count, void **address) {
    void *mapped = mmap(0, count, PROT_READ, MAP_SHARED, descriptor, 0);
    if (mapped == MAP_FAILED) return -(long)errno;
    *address = mapped;
    return 0;
}

// Raises the soft limit of open descriptors to the hard one, and returns it.
static inline long clinux_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -(long)errno;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return -(long)errno;
    }
    return limit.rlim_cur > (rlim_t)INT32_MAX ? INT32_MAX : (long)limit.rlim_cur;
}

// The system's words for an error number; 0 when they stand in the buffer.
static inline int clinux_error_text(int error, char *buffer, size_t count) {
    return strerror_r(error, buffer, count);
}

// A file in memory without a name.
static inline long clinux_memory_file(const char *name) {
    return CLINUX_CALL(syscall(SYS_memfd_create, name, 1U /* MFD_CLOEXEC */));
}

// Both ends closed on exec from the first moment, so that no child started meanwhile by another thread inherits them.
static inline long clinux_pipe(int ends[2]) { return CLINUX_CALL(syscall(SYS_pipe2, ends, O_CLOEXEC)); }

// Names the calling thread for ps and debuggers (PR_SET_NAME); at most 15 bytes count.
static inline long clinux_name_thread(const char *name) {
    return CLINUX_CALL(syscall(SYS_prctl, 15, name, 0, 0, 0));
}
