/** imports: the functions of WASI preview 1 that the command calls. Ref: wasi_snapshot_preview1. */

@external('wasi_snapshot_preview1', 'args_sizes_get')
export declare function args_sizes_get(count: u32, size: u32): u32;

@external('wasi_snapshot_preview1', 'args_get')
export declare function args_get(argv: u32, buffer: u32): u32;

@external('wasi_snapshot_preview1', 'fd_prestat_get')
export declare function fd_prestat_get(fd: u32, result: u32): u32;

@external('wasi_snapshot_preview1', 'fd_prestat_dir_name')
export declare function fd_prestat_dir_name(fd: u32, path: u32, length: u32): u32;

@external('wasi_snapshot_preview1', 'path_open')
export declare function path_open(
  fd: u32,
  lookup: u32,
  path: u32,
  length: u32,
  flags: u32,
  rights: u64,
  inheriting: u64,
  fdFlags: u32,
  result: u32,
): u32;

@external('wasi_snapshot_preview1', 'fd_read')
export declare function fd_read(fd: u32, vectors: u32, count: u32, result: u32): u32;

@external('wasi_snapshot_preview1', 'fd_write')
export declare function fd_write(fd: u32, vectors: u32, count: u32, result: u32): u32;

@external('wasi_snapshot_preview1', 'fd_close')
export declare function fd_close(fd: u32): u32;

@external('wasi_snapshot_preview1', 'proc_exit')
export declare function proc_exit(code: u32): void;
