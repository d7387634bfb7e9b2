import { errorCode, isResourceExhaustion } from "../../base/mod.ts";

const ANYWHERE = { hostname: "127.0.0.1", port: 0 } as const;

/**
 * Returns whether the process could open so many more descriptors at this moment, which it tries with sockets that it
 * closes at once. Where it may not open any, nobody knows, and the answer is yes.
 */
export function hasSpareDescriptors(count: number): boolean {
  // Asked first, because at a terminal the runtime would ask the user.
  if (Deno.permissions.querySync({ name: "net", host: "127.0.0.1:0" }).state !== "granted") return true;
  const opened: Disposable[] = [];
  try {
    while (opened.length < count) opened.push(Deno.listen(ANYWHERE));
    return true;
  } catch (error) {
    return !isResourceExhaustion(errorCode(error));
  } finally {
    for (const each of opened) each[Symbol.dispose]();
  }
}
