/**
 * A network of a program's own, with one port for all that connects: on Linux, a dial to that port of loopback while
 * nobody listens there meets itself.
 *
 * @module
 */

/** The only port that a connection of such a network can come from. */
export const ONLY_PORT = 40_000;

const SET_UP = `ip link set lo up && sysctl -q -w net.ipv4.ip_local_port_range="${ONLY_PORT} ${ONLY_PORT}"`;

/** Whether this machine lets a test have such a network. */
export function canHaveSmallNet(): boolean {
  if (Deno.build.os !== "linux") return false;
  try {
    const args = ["-rn", "sh", "-c", SET_UP];
    return new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** What `program` takes as `shell` to run a program in such a network. */
export const IN_SMALL_NET = `exec unshare -rn sh -c '${SET_UP}; shift; exec "$@"' --`;

/**
 * What `program` takes as `shell` to run a program on a machine that has two addresses, of which dials to the second
 * (10.0.0.6) come from the first.
 */
export const IN_TWO_ADDRESSES =
  `exec unshare -rn sh -c 'ip link set lo up; ip addr add 10.0.0.5/24 dev lo; ip addr add 10.0.0.6/24 dev lo; shift; exec "$@"' --`;
