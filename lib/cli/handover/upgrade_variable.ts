/** Says, as `PID:DESCRIPTOR`, which process this one takes over from, and what they talk through. */
export const UPGRADE_VARIABLE = "TCPPROXY_UPGRADE";

/** The descriptor that the variable names; `undefined` for none, and for one that is left over from another process. */
export function channelOf(variable: string | undefined): number | undefined {
  const [, pid, fd] = /^(\d+):(\d+)$/.exec(variable ?? "") ?? [];
  return fd === undefined || Number(pid) !== Deno.ppid ? undefined : Number(fd);
}
