import { errorCode, errorMessage } from "../../../base/mod.ts";

/** A socket option that the kernel refuses. Its code is the errno name; the message names the config key and the remedy. */
export class SocketOptionError extends Error {
  override readonly name = "SocketOptionError";
  readonly code: string;

  /** @param key the key of the config. */
  constructor(key: string, cause: unknown) {
    const code = errorCode(cause);
    super(`"${key}" refused: ${describe(key, code) ?? errorMessage(cause)}`, { cause });
    this.code = code;
  }
}

/** What an ordinary user lacks for some options (`socket(7)`, `ip(7)`). */
const CAPABILITIES: Readonly<Record<string, string>> = {
  mark: "CAP_NET_ADMIN",
  transparent: "CAP_NET_ADMIN",
  interface: "CAP_NET_RAW",
};

function describe(key: string, code: string): string | undefined {
  switch (code) {
    case "EPERM":
    case "EACCES": {
      const capability = CAPABILITIES[key];
      return capability && `not permitted; grant ${capability}, or remove it`;
    }
    case "ENODEV":
      return "no such network interface; correct the name, or create it first";
    case "ENOPROTOOPT":
    case "EOPNOTSUPP":
      return "this kernel does not have the option for such a socket (those of MPTCP have fewer); remove it";
    default:
      return undefined;
  }
}

/** A dial whose own address is not available. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
