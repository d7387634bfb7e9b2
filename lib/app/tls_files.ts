/**
 * What an app needs from files: certificates, keys, authorities. Read once, as text, so that it can be handed to
 * whichever thread carries the app.
 *
 * @module
 */
import { errorMessage } from "../base/mod.ts";
import type { AppConfig } from "../config/mod.ts";
import type { TargetTlsOptions, TlsTerminatorOptions } from "../tls/mod.ts";
import type { FileTexts } from "./file_texts.ts";

/** The texts of one app's files. */
export interface TlsFiles {
  /** For ending TLS; `undefined` where the app does not. */
  readonly tls: TlsTerminatorOptions | undefined;
  /** For beginning TLS; `undefined` where the app does not. */
  readonly targetTls: TargetTlsOptions | undefined;
}

/** The texts of an app whose files have changed. */
export interface NextTlsFiles {
  /** Its name. */
  readonly app: string;
  readonly tlsFiles: TlsFiles;
}

/** A file that an app's TLS names. */
export interface TlsFile {
  readonly file: string;
  /** A certificate is one that the app shows itself. */
  readonly kind: "certificate" | "key" | "authorities" | "revocations" | "passphrase";
}

/** The files that the app's TLS names, each once, in the order of the config. */
export function tlsFilesOf({ tls, targetTls }: AppConfig): TlsFile[] {
  const named: readonly { file: string | undefined; kind: TlsFile["kind"] }[] = [
    ...(tls?.certificates ?? []).flatMap(({ cert, key, keyPassphraseFile }) => [
      { file: cert, kind: "certificate" } as const,
      { file: key, kind: "key" } as const,
      { file: keyPassphraseFile, kind: "passphrase" } as const,
    ]),
    { file: tls?.clientCa, kind: "authorities" },
    { file: tls?.clientCrl, kind: "revocations" },
    { file: targetTls?.ca, kind: "authorities" },
    { file: targetTls?.crl, kind: "revocations" },
    { file: targetTls?.cert, kind: "certificate" },
    { file: targetTls?.key, kind: "key" },
    { file: targetTls?.keyPassphraseFile, kind: "passphrase" },
  ];
  const files = new Map<string, TlsFile>();
  for (const { file, kind } of named) {
    if (file !== undefined && !files.has(file)) files.set(file, { file, kind });
  }
  return [...files.values()];
}

/** A file that a config names and that cannot be read. */
export class TlsFileError extends Error {
  override readonly name = "TlsFileError";
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(`read "${file}": ${errorMessage(cause)}, a file in PEM was wanted`, { cause });
    this.file = file;
  }
}

/**
 * Reads the files that the app's TLS names; touches no file where it names none.
 *
 * @throws {TlsFileError} when one cannot be read.
 */
export async function readTlsFiles(config: AppConfig, files: FileTexts): Promise<TlsFiles> {
  const { tls, targetTls } = config;
  const read = async (file: string): Promise<string> => {
    const found = await files.read(file);
    if ("error" in found) throw new TlsFileError(file, found.error);
    return found.text;
  };
  return {
    tls: tls === undefined ? undefined : {
      certificates: await Promise.all(
        tls.certificates.map(async ({ cert, key, keyPassphraseFile: passphrase }) => ({
          cert: await read(cert),
          key: await read(key),
          ...(passphrase === undefined ? {} : { passphrase: firstLine(await read(passphrase)) }),
          origin: cert,
        })),
      ),
      ...(tls.clientCa === undefined ? {} : { clientCa: await read(tls.clientCa) }),
      ...(tls.clientCrl === undefined ? {} : { clientCrl: await read(tls.clientCrl) }),
      clientAuth: tls.clientAuth,
      minVersion: tls.minVersion,
      maxVersion: tls.maxVersion,
      alpn: tls.alpn,
      handshakeTimeoutMs: tls.handshakeTimeoutMs,
    },
    targetTls: targetTls === undefined ? undefined : {
      ...(targetTls.ca === undefined ? {} : { ca: await read(targetTls.ca) }),
      ...(targetTls.crl === undefined ? {} : { crl: await read(targetTls.crl) }),
      ...(targetTls.cert === undefined ? {} : { cert: await read(targetTls.cert) }),
      ...(targetTls.key === undefined ? {} : { key: await read(targetTls.key) }),
      ...(targetTls.keyPassphraseFile === undefined
        ? {}
        : { passphrase: firstLine(await read(targetTls.keyPassphraseFile)) }),
      verify: targetTls.verify,
      alpn: targetTls.alpn,
      minVersion: targetTls.minVersion,
      maxVersion: targetTls.maxVersion,
    },
  };
}

/** What a file of a passphrase says: editors end it with a line break, which is not part of it. */
export function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? "";
}
