import type { ProxyControl } from "../../proxy/mod.ts";
import type { HandOver } from "../../workers/mod.ts";
import type { Admin } from "../run/admin.ts";
import type { ConfigReloads } from "../run/config_reloads.ts";
import type { NativeStart } from "./native_start.ts";
import type { Replaceable } from "./upgrades.ts";

/** The parts of a running program that another process takes over. */
export interface ReplaceableParts {
  readonly native: NativeStart | undefined;
  readonly proxy: Pick<ProxyControl, "reload">;
  /** `undefined` where the engine cannot hand anything over. */
  readonly handOver: (() => HandOver) | undefined;
  readonly admin: Pick<Admin, "sockets">;
  readonly reloads: ConfigReloads;
}

/** Why a proxy on the runtime's sockets cannot be replaced. */
const RUNTIME_ENGINE =
  'the runtime\'s sockets cannot be handed to another process; set "engine: native" (Linux) and restart once, ' +
  "or restart behind a load balancer";

/** The end of the first process of a container ends all others. */
const FIRST_PROCESS =
  "this is process 1, whose end would end its container and the new process with it; replace the container";

/** Returns the running program as another process can take over from it, or why none can. */
export function replaceable(
  { native, proxy, handOver, admin, reloads }: ReplaceableParts,
): Replaceable | string {
  if (native === undefined || handOver === undefined) return RUNTIME_ENGINE;
  if (Deno.pid === 1) return FIRST_PROCESS;
  return {
    native,
    handOver,
    adminSockets: () => admin.sockets(),
    hold: () => {
      if (reloads.isUnderWay) return { problem: "a reload is under way; try again" };
      const held = reloads.hold("an upgrade is under way; reload the new process");
      return { problem: undefined, release: () => held[Symbol.dispose]() };
    },
    repair: async () => {
      await proxy.reload();
    },
  };
}
