import type { RemoteProxy } from "../running/remote_proxy.ts";
import type { TopSource } from "./source.ts";
import type { Action } from "./state.ts";

/** As many as the proxy lists at once. */
const MAX_SESSIONS = 10_000;

/** Looks at a proxy through its admin API. */
export function remoteSource(proxy: RemoteProxy): TopSource {
  return {
    url: proxy.url,
    status: async () => (await proxy.status()).view,
    sessions: async (query) => (await proxy.sessions(query)).view,
    json: async (view) =>
      (view === "sessions" ? await proxy.sessions({ limit: MAX_SESSIONS }) : await proxy.status()).json,
    act: (action) => act(proxy, action),
  };
}

async function act(proxy: RemoteProxy, action: Action): Promise<string> {
  switch (action.kind) {
    case "kill": {
      const { filter } = action;
      const ended = "id" in filter ? await proxy.killSession(filter.id) : await proxy.killSessions(filter);
      return `killed ${ended} session${ended === 1 ? "" : "s"}`;
    }
    case "target":
      await proxy.setTarget(action.app, action.target, { state: action.to });
      return `${action.target} (${action.app}): ${TARGET_WORDS[action.to]}`;
    case "app":
      await proxy.setApp(action.app, action.to);
      return `${action.app}: ${action.to}`;
  }
}

const TARGET_WORDS = { ready: "ready", drain: "draining", down: "down" } as const;
