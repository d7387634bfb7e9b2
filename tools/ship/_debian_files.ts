/**
 * What the Debian package contains: names, modes and texts. Nothing here touches the disk.
 *
 * @module
 */
import { gzipSync } from "node:zlib";

/** A file of a package. */
export interface PackageFile {
  /** Without the leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

/** A file with this text. */
export function textFile(path: string, text: string, mode = 0o644): PackageFile {
  return { path, mode, content: new TextEncoder().encode(text) };
}

/** A file with this text, compressed as Debian wants man pages and changelogs: at the best level, without a time. */
export function compressedFile(path: string, text: string): PackageFile {
  return { path: `${path}.gz`, mode: 0o644, content: new Uint8Array(gzipSync(text, { level: 9 })) };
}

/** A semantic version as a Debian one: `1.2.0-rc.1` is before `1.2.0`, and needs a tilde for that. */
export function debianVersion(version: string): string {
  return `${version.replace("-", "~")}-1`;
}

/** The unit as the package installs it: with the executable in /usr/bin, and without the words on how to install it. */
export function packagedUnit(unit: string): string {
  return unit.slice(unit.indexOf("[Unit]"))
    .replaceAll("/usr/local/bin/", "/usr/bin/")
    .replace(/^Documentation=/m, "Documentation=man:tcpproxy(1) man:tcpproxy.yaml(5) ");
}

/** A file below `deploy/` that begins with a comment on how to install it, without that. */
export function withoutHead(text: string): string {
  return text.replace(/^(?:#.*\n)+/, "");
}

/** What `control` says. */
export interface ControlOptions {
  readonly version: string;
  readonly architecture: string;
  /** `Name <address>`. */
  readonly maintainer: string;
  readonly homepage: string | undefined;
  /** Of all files. */
  readonly bytes: number;
}

/** The text of `DEBIAN/control`. */
export function control(options: ControlOptions): string {
  const { version, architecture, maintainer, homepage, bytes } = options;
  const fields = [
    "Package: tcpproxy",
    `Version: ${debianVersion(version)}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${maintainer}`,
    `Installed-Size: ${Math.ceil(bytes / 1024)}`,
    // The runtime is built for glibc 2.27; 2.28 is that of the oldest Debian that has the other packages.
    "Depends: libc6 (>= 2.28), libgcc-s1, systemd | systemd-standalone-sysusers | systemd-sysusers",
    "Suggests: logrotate",
    "Section: net",
    "Priority: optional",
    ...(homepage === undefined ? [] : [`Homepage: ${homepage}`]),
    "Description: TCP proxy with health checks, limits, routing and live reload",
    " It listens on many ports for many apps, forwards each connection to one of",
    " the app's targets, balances among them, and when a target cannot be reached",
    " tries the others until all are exhausted.",
    " .",
    " A reload changes listeners, targets and certificates without losing a",
    " connection; a dashboard and commands show and change what runs.",
  ];
  return `${fields.join("\n")}\n`;
}

/** The text of the changelog of the package. */
export function debianChangelog(
  { version, maintainer, date }: { version: string; maintainer: string; date: Date },
): string {
  const at = date.toUTCString().replace("GMT", "+0000");
  const text = "  * See /usr/share/doc/tcpproxy/changelog.gz.";
  return `tcpproxy (${
    debianVersion(version)
  }) unstable; urgency=medium\n\n${text}\n\n -- ${maintainer}  ${at}\n`;
}

/** `copyright` in Debian's machine-readable format, from its template and the text of the license. */
export function debianCopyright(template: string, license: string): string {
  const [, copyright = "", text = ""] = /^Copyright \(c\) (.+)\n+([\s\S]+)$/m.exec(license) ?? [];
  const body = text.trimEnd().split("\n").map((line) => line === "" ? " ." : ` ${line}`).join("\n");
  return template.replace("@COPYRIGHT@", copyright).replace("@LICENSE@", body);
}

/** Debian's name of the architecture of an ELF executable; `undefined` for anything else. */
export function elfArchitecture(head: Uint8Array): string | undefined {
  if (head.length < 20 || ![0x7f, 0x45, 0x4c, 0x46].every((byte, index) => head[index] === byte)) {
    return undefined;
  }
  const machine = new DataView(head.buffer, head.byteOffset).getUint16(18, true);
  return { 0x3e: "amd64", 0xb7: "arm64" }[machine];
}
