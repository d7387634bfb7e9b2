import type { KeyObject, X509Certificate } from "node:crypto";
import { errorMessage } from "../../base/mod.ts";
import { loadCrypto } from "../_runtime_tls.ts";
import { isKeyUsable, keyKind, USABLE_KEYS } from "./_key_support.ts";
import { isCutPem, pairOf, privateKeyIn, splitPem } from "./pem.ts";
import type { TlsSide } from "../error.ts";
import { decryptKey, EncryptedKeyError } from "./encrypted_key.ts";
import { type CertificateFacts, certificateFacts } from "../inspection.ts";

/** A problem with a certificate, key or CA that the operator should know. */
export interface CertificateProblem {
  /** An `error` makes peers, or this proxy, refuse it. */
  readonly severity: "error" | "warning";
  /** The fault and the remedy. */
  readonly message: string;
  /** Which of the two files is at fault; a CA counts as a certificate. */
  readonly about: "certificate" | "key";
  /** Whether it is about validity times. */
  readonly isAboutTime: boolean;
}

/** Options of certificate checks. */
export interface CertificateCheckOptions {
  /** Milliseconds since 1970. Default now. */
  readonly nowMs?: number;
  /** The passphrase of an encrypted key. Default none. */
  readonly passphrase?: string | undefined;
  /** For CAs: whose certificates they verify; signatures of targets are verified here. Default `client`. */
  readonly vouchFor?: TlsSide;
}

/** How long before expiry to warn: shorter than the usual renewal of 90-day certificates. */
const EXPIRY_WARNING_MS = 14 * 86_400_000;

/**
 * Returns the problems of a certificate (PEM, followed by its chain) and its key (PEM). One text may hold both. Never
 * rejects.
 */
export async function checkCertificate(
  cert: string,
  key: string,
  options: CertificateCheckOptions = {},
): Promise<CertificateProblem[]> {
  const certificates = await readCertificates(cert, "certificate");
  const leaf = certificates.list[0];
  const problems = [...certificates.problems, ...checkEach(certificates.list, options)];
  const { key: keyObject, plain, problems: keyProblems } = await readKey(key, options.passphrase);
  problems.push(...keyProblems);
  if (leaf === undefined || keyObject === undefined) return problems;
  return [...problems, ...await checkPair(leaf, keyObject, pairOf({ cert, key: plain ?? key }))];
}

/** Returns the problems of a file of CA certificates (PEM). Never rejects. */
export async function checkAuthorities(
  pem: string,
  options: CertificateCheckOptions = {},
): Promise<CertificateProblem[]> {
  const { list, problems } = await readCertificates(pem, "CA certificate");
  const leaf = list.find((certificate) => !certificate.ca);
  if (leaf !== undefined) {
    problems.push(
      warning(
        `the certificate "${nameOf(leaf)}" is not a CA certificate; expected one that may issue others`,
      ),
    );
  }
  if (options.vouchFor === "target") problems.push(...list.flatMap((each) => checkVerifiable(each) ?? []));
  return [...problems, ...checkEach(list, options)];
}

/** The runtime verifies signatures of some keys only in handshakes, and there not always: see `TargetTls`. */
function checkVerifiable(authority: X509Certificate): CertificateProblem | undefined {
  let kind: string;
  try {
    kind = keyKind(authority.publicKey);
    if (authority.publicKey.asymmetricKeyDetails?.namedCurve !== "secp521r1") return undefined;
  } catch {
    kind = "of a kind that it cannot read";
  }
  return warning(
    `targets whose certificate was issued by "${
      nameOf(authority)
    }" are refused: its key is ${kind}, and this runtime verifies ` +
      "signatures of RSA, ECDSA with P-256 or P-384, and Ed25519; use a CA with one of these",
  );
}

/**
 * Returns the facts of the first certificate of a text (PEM), the one that peers see; `undefined` where there is
 * none. Never rejects.
 */
export async function firstCertificate(pem: string): Promise<CertificateFacts | undefined> {
  const { list: [certificate] } = await readCertificates(pem, "certificate");
  return certificate === undefined ? undefined : certificateFacts(certificate);
}

interface Certificates {
  readonly list: X509Certificate[];
  readonly problems: CertificateProblem[];
}

async function readCertificates(pem: string, what: string): Promise<Certificates> {
  const { X509Certificate } = await loadCrypto();
  const blocks = splitPem(pem);
  const list: X509Certificate[] = [];
  const problems: CertificateProblem[] = [];
  // A file still being written may end anywhere, and only clients would notice what is missing.
  if (isCutPem(pem)) {
    problems.push(error(`certificate ${blocks.length + 1} is cut off; expected a PEM ${what}`));
  } else if (blocks.length === 0) problems.push(error(`${describeText(pem)}; expected a PEM ${what}`));
  for (const [index, block] of blocks.entries()) {
    try {
      list.push(new X509Certificate(block));
    } catch (cause) {
      problems.push(
        error(`certificate ${index + 1} cannot be read (${errorMessage(cause)}); expected a PEM ${what}`),
      );
    }
  }
  return { list, problems };
}

/** Describes a text without a certificate or key. */
function describeText(text: string): string {
  if (text.trim() === "") return "the file is empty";
  const kind = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text)?.[1];
  return kind === undefined ? "the file is not PEM" : `the file holds "${kind}"`;
}

function checkEach(
  certificates: readonly X509Certificate[],
  options: CertificateCheckOptions,
): CertificateProblem[] {
  const nowMs = options.nowMs ?? Date.now();
  return certificates.flatMap((certificate) => checkTime(certificate, nowMs) ?? []);
}

function checkTime(certificate: X509Certificate, nowMs: number): CertificateProblem | undefined {
  const name = nameOf(certificate);
  const fromMs = Date.parse(certificate.validFrom);
  const toMs = Date.parse(certificate.validTo);
  const shared = { about: "certificate", isAboutTime: true } as const;
  if (nowMs < fromMs) {
    const message = `the certificate "${name}" is not valid before ${day(fromMs)}`;
    return { severity: "error", message, ...shared };
  }
  if (nowMs >= toMs) {
    const message = `the certificate "${name}" expired on ${day(toMs)}; renew it`;
    return { severity: "error", message, ...shared };
  }
  if (toMs - nowMs >= EXPIRY_WARNING_MS) return undefined;
  const message = `the certificate "${name}" expires on ${day(toMs)}, in less than 14 days; renew it`;
  return { severity: "warning", message, ...shared };
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

function nameOf(certificate: X509Certificate): string {
  return certificate.subject.split("\n").join(", ");
}

interface Key {
  readonly key?: KeyObject;
  /** The decrypted key, in PEM. */
  readonly plain?: string;
  readonly problems: readonly CertificateProblem[];
}

async function readKey(text: string, passphrase: string | undefined): Promise<Key> {
  let plain: string;
  try {
    plain = await decryptKey(text, passphrase);
  } catch (error) {
    if (!(error instanceof EncryptedKeyError)) throw error;
    return { problems: [keyError(error.message)] };
  }
  const found = privateKeyIn(plain);
  if (found === "none") {
    return { problems: [keyError(`${describeKeyText(text)}; expected a PEM private key`)] };
  }
  if (found === "cut") return { problems: [keyError("the key is cut off; expected a PEM private key")] };
  const { pem } = found;
  const { createPrivateKey } = await loadCrypto();
  try {
    return { key: createPrivateKey(pem), plain, problems: [] };
  } catch (cause) {
    return {
      problems: [keyError(`the key cannot be read (${errorMessage(cause)}); expected a PEM private key`)],
    };
  }
}

function describeKeyText(text: string): string {
  return describeText(text).replace("the file", "the key's file");
}

/** Returns the problems of a certificate and its key together, and in handshakes. */
async function checkPair(
  leaf: X509Certificate,
  key: KeyObject,
  pair: { readonly cert: string; readonly key: string },
): Promise<CertificateProblem[]> {
  const { createPublicKey } = await loadCrypto();
  const publicHalf = (half: KeyObject): string => String(half.export({ type: "spki", format: "pem" }));
  let isOwn: boolean;
  try {
    isOwn = publicHalf(leaf.publicKey) === publicHalf(createPublicKey(key));
  } catch (cause) {
    const why = errorMessage(cause);
    return [error(`the certificate's key cannot be used (${why}); expected ${USABLE_KEYS}`)];
  }
  if (!isOwn) {
    return [keyError("the key does not match the certificate")];
  }
  const kind = keyKind(key);
  return await isKeyUsable(pair, kind) ? [] : [keyError(`the key is ${kind}; expected ${USABLE_KEYS}`)];
}

function error(message: string): CertificateProblem {
  return { severity: "error", message, about: "certificate", isAboutTime: false };
}

function keyError(message: string): CertificateProblem {
  return { severity: "error", message, about: "key", isAboutTime: false };
}

function warning(message: string): CertificateProblem {
  return { severity: "warning", message, about: "certificate", isAboutTime: false };
}
