import { durationOf, readTimeMs } from "../durations.ts";
import type { Notes } from "../note.ts";
import { YamlMap, yamlMap, type YamlValue } from "../yaml_map.ts";
import { type Directive, lastDirective } from "./directives.ts";

/** What ends the clients' TLS. */
export function readTls(
  inner: readonly Directive[],
  { line, notes }: { readonly line: number; readonly notes: Notes },
): YamlMap | undefined {
  const certs = inner.filter(({ name }) => name === "ssl_certificate");
  const keys = inner.filter(({ name }) => name === "ssl_certificate_key");
  const passwords = lastDirective(inner, "ssl_password_file")?.args[0];
  const certificates = certs.flatMap(({ args: [cert = ""] }, index) => {
    const key = keys[index]?.args[0];
    if (key === undefined || cert.includes("$")) return [];
    return [yamlMap({ cert, key, ["key_passphrase_file"]: passwords })];
  });
  if (certificates.length === 0) {
    notes.leftOut(line, 'listen … ssl without a certificate in a file: add the app with "tls.certificates"');
    return undefined;
  }
  const verify = lastDirective(inner, "ssl_verify_client")?.args[0] ?? "off";
  const tls = new YamlMap().set("certificates", certificates);
  if (verify === "on" || verify === "optional") {
    tls.set("client_ca", lastDirective(inner, "ssl_client_certificate")?.args[0]);
    tls.set("client_crl", lastDirective(inner, "ssl_crl")?.args[0]);
    if (verify === "optional") tls.set("client_auth", "optional");
  }
  const alpn = lastDirective(inner, "ssl_alpn")?.args;
  if (alpn !== undefined && alpn.length > 0) tls.set("alpn", [...alpn]);
  setVersions(tls, lastDirective(inner, "ssl_protocols"));
  const handshakeMs = readTimeMs(lastDirective(inner, "ssl_handshake_timeout")?.args[0] ?? "60s", "s") ??
    60_000;
  tls.set("handshake_timeout", durationOf(Math.min(600_000, Math.max(100, handshakeMs))));
  return tls;
}

/** What begins TLS to the targets. */
export function readTargetTls(inner: readonly Directive[], notes: Notes): YamlMap | undefined {
  const text = (name: string): YamlValue | undefined => lastDirective(inner, name)?.args[0];
  if (text("proxy_ssl") !== "on") return undefined;
  const tls = new YamlMap();
  const isVerified = text("proxy_ssl_verify") === "on";
  if (isVerified) tls.set("ca", text("proxy_ssl_trusted_certificate")).set("crl", text("proxy_ssl_crl"));
  const name = lastDirective(inner, "proxy_ssl_name");
  const server = name?.args[0] ?? "";
  if (/^\$ssl_(?:preread_)?server_name$/.test(server)) tls.set("pass_server_name", true);
  else if (/^[\w.-]+$/.test(server) && server !== "") tls.set("server_name", server);
  else if (name !== undefined) {
    notes.leftOut(name.line, `proxy_ssl_name ${server}: set "target_tls.server_name"`);
  }
  if (text("proxy_ssl_certificate_key") !== undefined) {
    tls.set("cert", text("proxy_ssl_certificate")).set("key", text("proxy_ssl_certificate_key"));
    tls.set("key_passphrase_file", text("proxy_ssl_password_file"));
  }
  setVersions(tls, lastDirective(inner, "proxy_ssl_protocols"));
  return isVerified ? tls : tls.set("verify", false);
}

function setVersions(tls: YamlMap, directive: Directive | undefined): void {
  if (directive === undefined) return;
  const has12 = directive.args.includes("TLSv1.2");
  const has13 = directive.args.includes("TLSv1.3");
  if (has13 && !has12) tls.set("min_version", 1.3);
  if (has12 && !has13) tls.set("max_version", 1.2);
}
