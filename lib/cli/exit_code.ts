/** The exit codes. A contract with scripts and service managers. */
export const EXIT = {
  done: 0,
  /** It failed while running: a port in use, a file that cannot be written. */
  failed: 1,
  /** The command line or the config is wrong. */
  usage: 2,
} as const;
