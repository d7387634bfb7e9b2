import type { FuzzTarget } from "./engine/fuzz_target.ts";

/** The targets by name. Each is loaded when it is run, so that its code can be counted from its first line on. */
export const TARGETS: Readonly<Record<string, () => Promise<FuzzTarget>>> = {
  "proxy_v1": async () => (await import("./targets/proxy_v1.ts")).PROXY_V1,
  "proxy_v2": async () => (await import("./targets/proxy_v2.ts")).PROXY_V2,
  "client_hello": async () => (await import("./targets/client_hello.ts")).CLIENT_HELLO,
  config: async () => (await import("./targets/config.ts")).CONFIG,
  "check_regex": async () => (await import("./targets/check_regex.ts")).CHECK_REGEX,
  "http_answer": async () => (await import("./targets/http_answer.ts")).HTTP_ANSWER,
  "check_answers": async () => (await import("./targets/check_answers.ts")).CHECK_ANSWERS,
  starttls: async () => (await import("./targets/starttls.ts")).STARTTLS,
  "admin_request": async () => (await import("./targets/admin_request.ts")).ADMIN_REQUEST,
  discovered: async () => (await import("./targets/discovered.ts")).DISCOVERED,
  "admin_socket": async () => (await import("./targets/admin_socket.ts")).ADMIN_SOCKET,
  "proxy_socket": async () => (await import("./targets/proxy_socket.ts")).PROXY_SOCKET,
  "dns_wire": async () => (await import("./targets/dns_wire.ts")).DNS_WIRE,
};
