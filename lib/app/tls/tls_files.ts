/**
 * An app's TLS files: certificates, keys, CAs. Each is read once, as text, so that it can be sent to any thread.
 *
 * @module
 */
import { errorMessage } from "../../base/mod.ts";
import type { AppConfig } from "../../config/parsed.ts";
import type { TargetTlsOptions, TlsTerminatorOptions } from "../../tls/mod.ts";
import type { FileTexts } from "./file_texts.ts";

/** The contents of one app's files. */
export interface TlsFiles {
  /** Towards clients; `undefined` where the app does not terminate TLS. */
  readonly tls: TlsTerminatorOptions | undefined;
  /** Towards targets; `undefined` where the app does not originate TLS. */
  readonly targetTls: TargetTlsOptions | undefined;
}

/** The contents of an app's changed files. */
export interface NextTlsFiles {
  /** The app's name. */
  readonly app: string;
  readonly tlsFiles: TlsFiles;
}

/** A file that an app's TLS settings name. */
export interface TlsFile {
  readonly file: string;
  /** `certificate` is one that the app itself presents. */
  readonly kind: "certificate" | "key" | "authorities" | "revocations" | "passphrase";
}

/** Returns the files of the app's TLS settings, each once, in config order. */
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

/** A file of the config that cannot be read. */
export class TlsFileError extends Error {
  override readonly name = "TlsFileError";
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(`read "${file}": ${errorMessage(cause)}; expected a PEM file`, { cause });
    this.file = file;
  }
}

/**
 * Reads the files of the app's TLS settings; touches none where there are none.
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

/** Returns the passphrase in a file: its first line, without the line break that editors add. */
export function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? "";
}
