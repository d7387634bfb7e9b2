/**
 * What the container image contains beside the executable.
 *
 * @module
 */

/** The account that the container runs as: a number that no system gives to a person. */
export const IMAGE_USER = 65_532;

/** Folders that {@link IMAGE_USER} owns. */
export const STATE_FOLDERS = ["run/tcpproxy", "var/log/tcpproxy"] as const;

/** Files by path: those that the C library reads to name users and to resolve hosts. */
export const IMAGE_TEXTS: Readonly<Record<string, string>> = {
  "etc/passwd":
    `root:x:0:0:root:/:/nonexistent\ntcpproxy:x:${IMAGE_USER}:${IMAGE_USER}:TCP proxy:/:/nonexistent\n`,
  "etc/group": `root:x:0:\ntcpproxy:x:${IMAGE_USER}:\n`,
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
};

/** What the C library loads by name when it resolves a host; from glibc 2.34 on it needs none of them. */
export const LOADED_BY_NAME = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"] as const;

/** The paths of the libraries in what `ldd` prints. The kernel's own (linux-vdso) is no file. */
export function parseLdd(text: string): string[] {
  const paths = text.split("\n").flatMap((line) => {
    const [, path] = /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line) ?? [];
    return path === undefined ? [] : [path];
  });
  return [...new Set(paths)];
}

/** The names that `ldd` did not find. */
export function missingLibraries(text: string): string[] {
  return [...text.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name = ""]) => name);
}
