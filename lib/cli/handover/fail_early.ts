import { channelOf, UPGRADE_VARIABLE } from "./upgrade_variable.ts";

/**
 * Tells the process that has started this one why it cannot take over, before anything is loaded that could say it; does nothing
 * where none has, or the runtime permits neither to see that nor to say it.
 */
export async function failEarly(reason: string): Promise<void> {
  const needed: Deno.PermissionDescriptor[] = [{ name: "env", variable: UPGRADE_VARIABLE }, { name: "ffi" }];
  if (needed.some((each) => Deno.permissions.querySync(each).state !== "granted")) return;
  const fd = channelOf(Deno.env.get(UPGRADE_VARIABLE));
  if (fd === undefined) return;
  const { openNativeProcess } = await import("../../net/mod.ts");
  const process = await openNativeProcess();
  process.write(fd, new TextEncoder().encode(`${JSON.stringify({ kind: "failed", reason })}\n`));
  process.close();
}
