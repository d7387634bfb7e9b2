/** A descriptor that a service manager passes, and its name. */
export interface PassedDescriptor {
  readonly fd: number;
  readonly name: string;
}

/** The variables of socket activation, as they are read. */
export interface ActivationVariables {
  /** `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`. */
  readonly pid: string | undefined;
  readonly count: string | undefined;
  readonly names: string | undefined;
}

/** What a service manager passes, or why nothing of it can be used; nothing is passed where both are absent. */
export interface Activation {
  readonly descriptors: readonly PassedDescriptor[];
  readonly problem?: string;
}

/** The variables' names. */
export const ACTIVATION_VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"] as const;

/** The first passed descriptor (`SD_LISTEN_FDS_START`). */
const FIRST = 3;

/** What a descriptor without a name is called. */
const NAMELESS = "unknown";

/** More descriptors than a service manager passes. */
const MAX_COUNT = 1 << 20;

/**
 * Reads the variables of socket activation (sd_listen_fds(3), sd_listen_fds_with_names(3)).
 *
 * @param ownPid the process that reads them: variables of another one are left alone.
 */
export function readActivation({ pid, count, names }: ActivationVariables, ownPid: number): Activation {
  if (count === undefined) return { descriptors: [] };
  if (pid !== String(ownPid)) {
    return {
      descriptors: [],
      problem: `they are for process ${pid ?? "unknown"} (LISTEN_PID), and this is ${ownPid}`,
    };
  }
  const total = /^\d{1,7}$/.test(count) ? Number(count) : NaN;
  if (!(total <= MAX_COUNT)) {
    return { descriptors: [], problem: `LISTEN_FDS is "${count}"; expected a whole number` };
  }
  const given = names === undefined ? [] : names.split(":");
  if (names !== undefined && given.length !== total) {
    return { descriptors: [], problem: `LISTEN_FDNAMES has ${given.length} names for ${total} sockets` };
  }
  return {
    descriptors: Array.from({ length: total }, (_, at) => ({ fd: FIRST + at, name: given[at] || NAMELESS })),
  };
}
