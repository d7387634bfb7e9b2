import { parseIp } from "../../base/mod.ts";
import { ByteReader, latin1 } from "../_byte_reader.ts";
import type { ClientHello, ClientHelloVerdict, TlsVersion } from "./client_hello_verdict.ts";

const EXTENSION = { serverName: 0, alpn: 16, supportedVersions: 43 } as const;

const RANDOM_BYTES = 32;
const MAX_SESSION_ID_BYTES = 32;
const HOST_NAME_TYPE = 0;

/** Longest host name as text, without trailing dot (RFC 1035 section 2.3.4). */
const MAX_HOST_NAME_BYTES = 253;

const VERSIONS: ReadonlyMap<number, TlsVersion> = new Map<number, TlsVersion>([
  [0x0300, "SSLv3"],
  [0x0301, "TLSv1.0"],
  [0x0302, "TLSv1.1"],
  [0x0303, "TLSv1.2"],
  [0x0304, "TLSv1.3"],
]);

/** Highest version without the extension that replaced this field (RFC 8446 section 4.2.1). */
const MAX_LEGACY_VERSION = 0x0303;

/** Parses a whole ClientHello after its message header (RFC 8446 section 4.1.2). */
export function parseHelloBody(body: Uint8Array): ClientHelloVerdict {
  const reader = new ByteReader(body);
  const legacyVersion = reader.uint16();
  reader.bytes(RANDOM_BYTES);
  const sessionId = reader.vector8();
  const cipherSuites = reader.vector16();
  const compressions = reader.vector8();
  // Before TLS 1.3, the extensions may be missing.
  const extensions = reader.remaining > 0 ? reader.vector16() : new Uint8Array();

  if (reader.overrun) return bad("the ClientHello ends within a field");
  if (reader.remaining > 0) {
    return bad(`the ClientHello has ${reader.remaining} bytes after its extensions, expected none`);
  }
  if (sessionId.length > MAX_SESSION_ID_BYTES) {
    return bad(`the session id has ${sessionId.length} bytes, expected at most ${MAX_SESSION_ID_BYTES}`);
  }
  if (cipherSuites.length === 0 || cipherSuites.length % 2 !== 0) {
    return bad(
      `the cipher suites have ${cipherSuites.length} bytes, expected a positive multiple of 2`,
    );
  }
  if (compressions.length === 0) return bad("there are no compression methods, expected at least one");
  return parseExtensions(extensions, legacyVersion);
}

function parseExtensions(bytes: Uint8Array, legacyVersion: number): ClientHelloVerdict {
  const reader = new ByteReader(bytes);
  const hello: Draft = {
    sni: undefined,
    alpn: [],
    tlsVersion: VERSIONS.get(Math.min(legacyVersion, MAX_LEGACY_VERSION)),
  };
  const seen = new Set<number>();
  while (reader.remaining > 0) {
    const type = reader.uint16();
    const data = reader.vector16();
    if (reader.overrun) return bad(`the extension ${type} runs past the end of the ClientHello`);
    const problem = readExtension(hello, { type, data, isSecond: seen.has(type) });
    if (problem !== undefined) return bad(problem);
    seen.add(type);
  }
  return { kind: "hello", ...hello };
}

/** A {@link ClientHello} that is being filled in. */
type Draft = { -readonly [Key in keyof ClientHello]: ClientHello[Key] };

interface Extension {
  readonly type: number;
  readonly data: Uint8Array;
  readonly isSecond: boolean;
}

function readExtension(hello: Draft, extension: Extension): string | undefined {
  // Duplicates are forbidden, and dangerous here: the target might use the other one.
  switch (extension.type) {
    case EXTENSION.serverName: {
      if (extension.isSecond) return "there are two server name extensions, expected one";
      const name = parseServerName(extension.data);
      if (name.problem === undefined) hello.sni = name.sni;
      return name.problem;
    }
    case EXTENSION.alpn: {
      if (extension.isSecond) return "there are two ALPN extensions, expected one";
      const protocols = parseAlpn(extension.data);
      if (protocols === undefined) {
        return "the ALPN extension is not a list of protocol names of 1 to 255 bytes";
      }
      hello.alpn = protocols;
      return undefined;
    }
    case EXTENSION.supportedVersions: {
      if (extension.isSecond) return "there are two supported versions extensions, expected one";
      const version = parseVersions(extension.data);
      if (version === undefined) return "the supported versions extension is not a list of versions";
      hello.tlsVersion = VERSIONS.get(version);
      return undefined;
    }
    default:
      return undefined;
  }
}

type ServerName =
  | { readonly problem: string }
  | { readonly problem: undefined; readonly sni: string | undefined };

/** Parses a ServerNameList (RFC 6066 section 3). */
function parseServerName(data: Uint8Array): ServerName {
  const outer = new ByteReader(data);
  const list = new ByteReader(outer.vector16());
  if (outer.overrun || outer.remaining > 0 || list.remaining === 0) {
    return { problem: "the server name extension is not a list of names" };
  }
  let name: Uint8Array | undefined;
  while (list.remaining > 0) {
    const type = list.uint8();
    // Every name type, including future ones, begins with a two-byte length.
    const value = list.vector16();
    if (list.overrun) return { problem: "a server name runs past the end of its list" };
    if (type !== HOST_NAME_TYPE) continue;
    if (name !== undefined) return { problem: "there are two server names, expected one" };
    name = value;
  }
  return name === undefined ? { problem: undefined, sni: undefined } : checkHostName(name);
}

/**
 * Accepts only names that cannot harm a log or a rule, and leaves the rest to the target: printable ASCII, no empty
 * label, no longer than a host name can be.
 */
function checkHostName(bytes: Uint8Array): ServerName {
  for (const byte of bytes) {
    if (byte <= 0x20 || byte > 0x7e) {
      return {
        problem: `the server name has the byte 0x${
          byte.toString(16).padStart(2, "0")
        }, expected printable ASCII`,
      };
    }
  }
  const name = latin1(bytes).toLowerCase().replace(/\.$/, "");
  if (parseIp(name.replace(/^\[(.*)\]$/, "$1")) !== undefined) return { problem: undefined, sni: undefined };
  if (name.length > MAX_HOST_NAME_BYTES) {
    return {
      problem: `the server name has ${name.length} bytes, expected at most ${MAX_HOST_NAME_BYTES}`,
    };
  }
  if (name.split(".").includes("")) return { problem: "the server name has an empty label" };
  return { problem: undefined, sni: name };
}

/** Parses a ProtocolNameList (RFC 7301 section 3.1); `undefined` if it is malformed. */
function parseAlpn(data: Uint8Array): string[] | undefined {
  const outer = new ByteReader(data);
  const list = new ByteReader(outer.vector16());
  if (outer.overrun || outer.remaining > 0 || list.remaining === 0) return undefined;
  const protocols: string[] = [];
  while (list.remaining > 0) {
    const name = list.vector8();
    if (list.overrun || name.length === 0) return undefined;
    protocols.push(latin1(name));
  }
  return protocols;
}

/**
 * Returns the highest known version of a list (RFC 8446 section 4.2.1), 0 for none; `undefined` if it is malformed.
 */
function parseVersions(data: Uint8Array): number | undefined {
  const outer = new ByteReader(data);
  const list = new ByteReader(outer.vector8());
  if (outer.overrun || outer.remaining > 0 || list.remaining === 0 || list.remaining % 2 !== 0) {
    return undefined;
  }
  let highest = 0;
  while (list.remaining > 0) {
    const version = list.uint16();
    if (version > highest && VERSIONS.has(version)) highest = version;
  }
  return highest;
}

function bad(problem: string): ClientHelloVerdict {
  return { kind: "bad", problem };
}
