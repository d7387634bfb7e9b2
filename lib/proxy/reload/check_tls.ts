import { errorCode, errorMessage } from "../../base/mod.ts";
import type { AppConfig, CertificateConfig, Config, Path } from "../../config/parsed.ts";
import {
  type CertificateProblem,
  checkAuthorities,
  checkCertificate,
  checkRevocations,
  firstCertificate,
  isTlsSupported,
  type TlsSide,
} from "../../tls/mod.ts";
import { FileTexts, firstLine } from "../../app/mod.ts";
import { isOpenToOthers } from "./_permissions.ts";

/** One thing that is wrong, or will be. */
export interface FileProblem {
  /** The app's name. */
  readonly app: string;
  /** The file at fault; `undefined` where it is none. */
  readonly file: string | undefined;
  /** The way to the value in the config, `apps[0].tls.certificates[0].cert`. */
  readonly path: Path;
  /** Whether the key itself is at fault or its value; default the value. */
  readonly at?: "key" | "value";
  /** The fault and the remedy. */
  readonly message: string;
  /** A `warning` is about something that works for now. */
  readonly severity: "error" | "warning";
  /** Whether the proxy cannot run with it. An expired certificate is an error, and can still be served. */
  readonly isFatal: boolean;
  /** Whether time alone makes it a problem. */
  readonly isAboutTime: boolean;
}

/** Against what files are checked. */
export interface CheckFilesOptions {
  /** Milliseconds since 1970. Default now. */
  readonly nowMs?: number;
  /** The files as read already; default: they are read now. */
  readonly files?: FileTexts;
}

/** The place of a value in the config: whose it is, and the way to it. */
export interface Place {
  readonly app: string;
  readonly path: Path;
}

/** Where an app stands in its config. */
export function placeOf({ name }: AppConfig, index: number): Place {
  return { app: name, path: ["apps", index] };
}

/** The place of something in a place. */
export function within({ app, path }: Place, ...steps: Path): Place {
  return { app, path: [...path, ...steps] };
}

/** Reads every file that the apps' TLS names, and gives all problems, in the order of the apps. */
export async function checkTlsFiles(config: Config, options: CheckFilesOptions = {}): Promise<FileProblem[]> {
  const problems: FileProblem[] = [];
  for (const index of config.apps.keys()) problems.push(...await checkAppTls(config, index, options));
  return problems;
}

/** As {@link checkTlsFiles}, for the app of this number. */
export async function checkAppTls(
  config: Config,
  index: number,
  options: CheckFilesOptions = {},
): Promise<FileProblem[]> {
  const app = config.apps[index];
  if (app === undefined) return [];
  const place = placeOf(app, index);
  const check = new TlsCheck(options);
  return [...await check.clients(app, place), ...await check.targets(app, place)];
}

class TlsCheck {
  readonly #files: FileTexts;
  readonly #nowMs: number;

  constructor({ files = new FileTexts(), nowMs = Date.now() }: CheckFilesOptions) {
    this.#files = files;
    this.#nowMs = nowMs;
  }

  async clients({ tls }: AppConfig, app: Place): Promise<FileProblem[]> {
    if (tls === undefined) return [];
    const place = within(app, "tls");
    const problems = checkRuntime(place);
    for (const [index, files] of tls.certificates.entries()) {
      problems.push(...await this.#pair(files, within(place, "certificates", index)));
    }
    problems.push(...await this.#shadowed(tls.certificates, within(place, "certificates")));
    problems.push(...await this.#authorities(tls.clientCa, within(place, "client_ca")));
    problems.push(...await this.#revocations(tls.clientCrl, tls.clientCa, within(place, "client_crl")));
    return problems;
  }

  async targets({ targetTls }: AppConfig, app: Place): Promise<FileProblem[]> {
    if (targetTls === undefined) return [];
    const place = within(app, "target_tls");
    const { ca, cert, key, keyPassphraseFile } = targetTls;
    return [
      ...checkRuntime(place),
      ...await this.#authorities(ca, within(place, "ca"), "target"),
      ...await this.#revocations(targetTls.crl, ca, within(place, "crl")),
      ...cert === undefined || key === undefined
        ? []
        : await this.#pair({ cert, key, keyPassphraseFile }, place),
    ];
  }

  async #pair(
    files: CertificateConfig,
    place: Place,
  ): Promise<FileProblem[]> {
    const cert = await this.#read(files.cert, within(place, "cert"));
    const key = await this.#read(files.key, within(place, "key"));
    const secret = await this.#passphrase(files.keyPassphraseFile, within(place, "key_passphrase_file"));
    const unread = [cert, key, ...secret === undefined ? [] : [secret]].flatMap(({ problem }) =>
      problem ?? []
    );
    // Without its passphrase a key has no other problem than that.
    if (secret !== undefined && secret.text === undefined) return unread;
    const found = await checkCertificate(cert.text ?? "", key.text ?? "", {
      nowMs: this.#nowMs,
      passphrase: secret?.text,
    });
    // An unread file has its problem already; without one of the two the other is checked alone.
    const parts = { certificate: cert, key };
    const shown = found.filter(({ about }) => parts[about].text !== undefined);
    // An encrypted key is protected by its passphrase; one that is of no use is no secret.
    const isSecret = secret === undefined && key.text !== undefined &&
      !found.some(({ about }) => about === "key");
    const open = isSecret ? await openSecret(files.key, within(place, "key"), "private key") : [];
    return [...unread, ...shown.map((problem) => fromTls(problem, parts[problem.about])), ...open];
  }

  /** Certificates that are never shown: of several for one name the first counts, and for no name the very first. */
  async #shadowed(certificates: readonly { readonly cert: string }[], place: Place): Promise<FileProblem[]> {
    const problems: FileProblem[] = [];
    const taken = new Set<string>();
    for (const [index, { cert: file }] of certificates.entries()) {
      const found = await this.#files.read(file);
      const names = "text" in found ? (await firstCertificate(found.text))?.names : undefined;
      const own = names?.filter((name) => !taken.has(normal(name)));
      if (names !== undefined && own?.length === 0 && index > 0) {
        const { app, path } = within(place, index, "cert");
        const message = `the certificate is never shown, as ${sayNames(names)}; give each a name of its own`;
        problems.push({ app, path, file, message, severity: "warning", isFatal: false, isAboutTime: false });
      }
      for (const name of own ?? []) taken.add(normal(name));
    }
    return problems;
  }

  async #authorities(
    file: string | undefined,
    place: Place,
    vouchFor: TlsSide = "client",
  ): Promise<FileProblem[]> {
    if (file === undefined) return [];
    const pem = await this.#read(file, place);
    if (pem.text === undefined) return pem.problem === undefined ? [] : [pem.problem];
    const problems = await checkAuthorities(pem.text, { nowMs: this.#nowMs, vouchFor });
    return problems.map((each) => fromTls(each, pem));
  }

  async #passphrase(file: string | undefined, place: Place): Promise<Pem | undefined> {
    if (file === undefined) return undefined;
    const { text, ...from } = await this.#read(file, place, "a file with a passphrase");
    if (text === undefined) return from;
    if (firstLine(text) === "") {
      return {
        ...from,
        problem: fatal(from, `the file "${file}" begins with an empty line; write the passphrase there`),
      };
    }
    return await isOpenToOthers(file)
      ? {
        ...from,
        problem: fatal(
          from,
          `every user may read the passphrase in "${file}": take that away (chmod o= "${file}")`,
        ),
      }
      : { ...from, text: firstLine(text) };
  }

  async #revocations(
    file: string | undefined,
    authorities: string | undefined,
    place: Place,
  ): Promise<FileProblem[]> {
    if (file === undefined || authorities === undefined) return [];
    const pem = await this.#read(file, place);
    if (pem.text === undefined) return pem.problem === undefined ? [] : [pem.problem];
    const by = await this.#files.read(authorities);
    if ("error" in by) return [];
    const problems = await checkRevocations(pem.text, by.text, { nowMs: this.#nowMs });
    return problems.map((each) => fromTls(each, pem));
  }

  async #read(file: string, place: Place, expected = "a file in PEM"): Promise<Pem> {
    const found = await this.#files.read(file);
    const from = { ...place, file };
    if ("text" in found) return { ...from, text: found.text };
    return { ...from, problem: fatal(from, `the file "${file}" ${unreadable(found.error, expected)}`) };
  }
}

/** The content of the file that a value names. */
interface Pem extends Place {
  readonly file: string;
  readonly text?: string;
  readonly problem?: FileProblem;
}

/** Names are compared without case and final dot. */
function normal(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

/** How many names a message shows. */
const MAX_NAMES = 3;

function sayNames(names: readonly string[]): string {
  if (names.length === 0) return "it has no name";
  const more = names.length - MAX_NAMES;
  const shown = [...names.slice(0, MAX_NAMES), ...more > 0 ? [`${more} more`] : []].join(" and ");
  return `${shown} ${names.length === 1 ? "is a name" : "are names"} of those before it`;
}

function checkRuntime(place: Place): FileProblem[] {
  if (isTlsSupported()) return [];
  const message = `this runtime is Deno ${Deno.version.deno}, which cannot do TLS; use 2.9 or newer`;
  return [fatal(place, message)];
}

function fromTls(
  { severity, message, isAboutTime }: CertificateProblem,
  { app, path, file }: Pem,
): FileProblem {
  return {
    app,
    file,
    path,
    message,
    severity,
    isFatal: severity === "error" && !isAboutTime,
    isAboutTime,
  };
}

function unreadable(error: unknown, expected: string): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return `does not exist; expected ${expected}`;
    case "EISDIR":
      return `is a directory; expected ${expected}`;
    case "EACCES":
      return "is not readable for this user; grant it read permission";
    case "NOT_CAPABLE":
      return "may not be read; add --allow-read";
    default:
      return `cannot be read (${errorMessage(error)}); expected ${expected}`;
  }
}

/**
 * Warns of a secret that every user may read. That is no error: secrets that are mounted into a container often have such a
 * mode.
 */
export async function openSecret(file: string, { app, path }: Place, what: string): Promise<FileProblem[]> {
  if (!await isOpenToOthers(file)) return [];
  const message = `every user may read the ${what} in "${file}": take that away (chmod o= "${file}")`;
  return [{ app, file, path, message, severity: "warning", isFatal: false, isAboutTime: false }];
}

/** A problem with which the proxy cannot run. */
export function fatal(place: Place & { readonly file?: string }, message: string): FileProblem {
  const { app, path, file } = place;
  return { app, file, path, message, severity: "error", isFatal: true, isAboutTime: false };
}
