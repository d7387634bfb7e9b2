import { quoteWord } from "./program.ts";

/**
 * Shell words for `ProgramOptions.shell` that start the program as systemd does, with listening sockets. It starts with the first
 * connection (with `datagram`, the first datagram) to one of them.
 */
export function activatedBy(
  sockets: readonly { readonly address: string; readonly name: string }[],
  { datagram = false } = {},
): string {
  const flags = sockets.flatMap(({ address }) => ["-l", address]);
  const words = [
    "systemd-socket-activate",
    ...datagram ? ["--datagram"] : [],
    ...flags,
    `--fdname=${sockets.map(({ name }) => name).join(":")}`,
    // The words of the program follow, the first of which is the shell's own "exec".
    "sh",
    "-c",
    'shift; exec "$@"',
    "sh",
  ];
  return `exec ${words.map(quoteWord).join(" ")}`;
}
