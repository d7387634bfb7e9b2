/**
 * TLS options that cannot work with each other, in the mapping that has them.
 *
 * @module
 */

import { Defaults } from "../../schema/app/app.ts";
import { asList, asMapping, parsed, type Raw } from "../raw.ts";
import type { Path, Problem } from "../../report/problem.ts";

/** Options of `tls` that cannot work with each other. */
export function checkClientTls(tls: Raw, path: Path): Problem[] {
  const problems = [...checkVersions(tls, path), ...checkCertificates(tls, path)];
  if (tls.client_crl !== undefined && tls.client_ca === undefined) {
    const message = `without a "client_ca" no certificate is asked for: add one, or leave "client_crl" out`;
    problems.push({ path: [...path, "client_crl"], at: "key", message });
  }
  if (tls.client_auth !== undefined && tls.client_ca === undefined) {
    const message = `without a "client_ca" no certificate is asked for: add one, or leave "client_auth" out`;
    problems.push({ path: [...path, "client_auth"], at: "key", message });
  }
  return problems;
}

/** A name of clients that is handed on, where no client is asked for one. */
export function checkPassedName(app: Raw, path: Path, defaults: Raw): Problem[] {
  const targetTls = parsed(Defaults.shape.target_tls, app.target_tls ?? defaults.target_tls) ?? "off";
  const tls = app.tls ?? defaults.tls ?? "off";
  const isAsked = (tls !== "off" && tls !== false) || asList(app.routes).length > 0;
  if (targetTls === "off" || !targetTls.pass_server_name || isAsked) return [];
  const message =
    `the app reads no server name of clients, as it has neither "tls" nor "routes": add one of them, or ` +
    `leave "pass_server_name" out`;
  const at = app.target_tls === undefined ? path : [...path, "target_tls", "pass_server_name"];
  return [{ path: at, message }];
}

function checkVersions({ min_version: min, max_version: max }: Raw, path: Path): Problem[] {
  if (Number(min ?? 1.2) !== 1.3 || Number(max ?? 1.3) !== 1.2) return [];
  const message = `"min_version" is 1.3 and "max_version" 1.2, which leaves no version: raise "max_version"`;
  return [{ path: [...path, "min_version"], message }];
}

function checkCertificates({ certificates }: Raw, path: Path): Problem[] {
  const problems: Problem[] = [];
  const first = new Map<unknown, number>();
  for (const [index, entry] of asList(certificates).entries()) {
    const { cert } = asMapping(entry);
    if (typeof cert !== "string" || cert === "") continue;
    const before = first.get(cert);
    if (before === undefined) first.set(cert, index);
    else {
      const message = `the certificate "${cert}" is that of certificates[${before}] too; remove one of them`;
      problems.push({ path: [...path, "certificates", index, "cert"], message });
    }
  }
  return problems;
}

/** Options of `target_tls` that cannot work with each other. */
export function checkTargetTls(tls: Raw, path: Path): Problem[] {
  const { cert, key, ca, verify } = tls;
  const problems = checkVersions(tls, path);
  if ((cert === undefined) !== (key === undefined)) {
    const [given, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    const message = `"${given}" is given alone; add "${missing}"`;
    problems.push({ path: [...path, given], message });
  }
  if (tls.key_passphrase_file !== undefined && key === undefined) {
    const message = `there is no "key" that it could open: add one, or leave "key_passphrase_file" out`;
    problems.push({ path: [...path, "key_passphrase_file"], at: "key", message });
  }
  if (tls.crl !== undefined && ca === undefined) {
    const message = `revocation lists are those of the CAs in "ca": add it, or leave "crl" out`;
    problems.push({ path: [...path, "crl"], at: "key", message });
  }
  if (verify === false && ca !== undefined) {
    const message = `certificates are not verified, so "ca" has no effect; ` +
      `set it to true, or remove "ca"`;
    problems.push({ path: [...path, "verify"], message });
  }
  return problems;
}
