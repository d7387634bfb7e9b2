/** A difference between a peer and the parser here. */
export interface Difference {
  readonly peer: "HAProxy" | "nginx" | "OpenSSL";
  /** What was given. */
  readonly input: Uint8Array;
  readonly own: string;
  /** Why it is refused here; empty where it is not. */
  readonly why: string;
  readonly theirs: string;
}

/** Why a peer differs; docs/fuzzing.md says who is right. */
interface Explanation {
  readonly name: string;
  readonly peer: Difference["peer"];
  explains(difference: Difference): boolean;
}

const isRefused = (difference: Difference): boolean => difference.own === "refused";

/** nginx takes longer ones since 1.23.1. */
const OLD_NGINX_MAX_BYTES = 107;

/** The differences in PROXY headers. */
export const PROXY_DIFFERENCES: readonly Explanation[] = [
  {
    name: "UNKNOWN with anything before its CRLF is refused",
    peer: "HAProxy",
    explains: ({ own, theirs, input }) =>
      own === "none" && theirs === "refused" && new TextDecoder().decode(input).startsWith("PROXY UNKNOWN "),
  },
  {
    name: "PROXY of another family or transport than TCP over IP is refused",
    peer: "HAProxy",
    explains: ({ own, theirs, input }) =>
      own === "none" && theirs === "refused" && input[12] === 0x21 && ![0x11, 0x21].includes(input[13] ?? 0),
  },
  {
    name: "an address or a port of v1 in another form, or a fifth field, is accepted",
    peer: "HAProxy",
    explains: (difference) =>
      isRefused(difference) &&
      /^the (?:source|destination) (?:address|port) is|^there are (?:more than )?\d fields|^the header (?:has the byte|contains a lone CR)/
        .test(difference.why),
  },
  {
    name: "the fields inside of the TLS field are not read",
    peer: "HAProxy",
    explains: (difference) => isRefused(difference) && /TLS field/.test(difference.why),
  },
  {
    name: "addresses of v1 are not checked, ports may have leading zeros",
    peer: "nginx",
    explains: (difference) =>
      isRefused(difference) && /^the (?:source|destination) (?:address|port) is/.test(difference.why),
  },
  {
    name: "fields and checksum of v2 are not read",
    peer: "nginx",
    explains: (difference) =>
      isRefused(difference) && /runs past|checksum|unique id|TLS field/.test(difference.why),
  },
  {
    name:
      "an unassigned command, family or transport of v2, or too short a block, is a connection without addresses",
    peer: "nginx",
    explains: (difference) =>
      isRefused(difference) && difference.theirs === "none" &&
      /^the (?:command|address family|transport protocol) is|^the header announces \d+ bytes, expected \d+ for/
        .test(difference.why),
  },
  {
    name: "UNKNOWN may be followed by any bytes up to a CRLF",
    peer: "nginx",
    explains: (difference) =>
      isRefused(difference) && difference.theirs === "none" &&
      new TextDecoder("latin1").decode(difference.input).startsWith("PROXY UNKNOWN"),
  },
  {
    name: `a header of more than ${OLD_NGINX_MAX_BYTES} bytes is refused (before 1.23.1)`,
    peer: "nginx",
    explains: ({ own, theirs, input }) =>
      own !== "refused" && theirs === "refused" && input.length > OLD_NGINX_MAX_BYTES,
  },
];

/** Whether a hello's message goes on behind its first record. */
function isDivided(input: Uint8Array): boolean {
  const [, , , high = 0, low = 0, , first = 0, second = 0, third = 0] = input;
  return high * 256 + low < 4 + first * 65_536 + second * 256 + third;
}

/** Whether a record of a hello announces more bytes than have come. */
function hasOpenRecord(input: Uint8Array): boolean {
  for (let at = 0; at + 5 <= input.length;) {
    at += 5 + (input[at + 3] ?? 0) * 256 + (input[at + 4] ?? 0);
    if (at > input.length) return true;
  }
  return false;
}

const isName = (opinion: string): boolean => !["none", "refused", "accepted"].includes(opinion);

/** The differences in ClientHellos. */
export const HELLO_DIFFERENCES: readonly Explanation[] = [
  {
    name: "a hello in several records has no name, or one with the header of a record in it",
    peer: "HAProxy",
    explains: ({ own, theirs, input }) => (isName(own) || isName(theirs)) && isDivided(input),
  },
  {
    name: "a hello of a version that begins with another number than 3 has no name",
    peer: "HAProxy",
    explains: ({ own, theirs, input }) => isName(own) && theirs === "none" && input[9] !== 3,
  },
  {
    name: "the name of what is refused here is shown: nothing but the way to it is read",
    peer: "HAProxy",
    explains: ({ why, theirs }) => why !== "" && isName(theirs),
  },
  {
    name: "a hello is read only when its record is whole",
    peer: "HAProxy",
    explains: ({ own, theirs, input }) => isName(own) && theirs === "none" && hasOpenRecord(input),
  },
  {
    name: "a hello is read only when its record is whole",
    peer: "nginx",
    explains: ({ own, theirs, input }) => isName(own) && theirs === "none" && hasOpenRecord(input),
  },
  {
    name: "a name of any bytes is shown",
    peer: "nginx",
    explains: ({ why, theirs }) => /^the server name has/.test(why) && isName(theirs),
  },
  {
    name:
      "a session id, cipher suites, compression methods and records of wrong lengths or versions are not refused",
    peer: "nginx",
    explains: ({ why, theirs }) =>
      /session id|cipher suites|compression|a record|not_tls|runs past/.test(why) && isName(theirs),
  },
  {
    name: "a name of any bytes but NUL is taken",
    peer: "OpenSSL",
    explains: ({ why, theirs }) => /^the server name has/.test(why) && theirs !== "refused",
  },
  {
    name: "a hello is read only when its record is whole",
    peer: "OpenSSL",
    explains: ({ own, theirs, input }) => own !== "refused" && theirs === "refused" && hasOpenRecord(input),
  },
  {
    name: "extensions that are not read here are checked",
    peer: "OpenSSL",
    explains: ({ own, theirs }) => own !== "refused" && theirs === "refused",
  },
  {
    name: "any minor version of a record is taken",
    peer: "OpenSSL",
    explains: ({ why, theirs }) => /not_tls|^a record has version/.test(why) && theirs !== "refused",
  },
];

/** The name of what explains a difference; `undefined` for none. */
export function explanationOf(
  difference: Difference,
  explanations: readonly Explanation[],
): string | undefined {
  return explanations.find(({ peer, explains }) => peer === difference.peer && explains(difference))?.name;
}
