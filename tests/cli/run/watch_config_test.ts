import { assertEquals } from "@std/assert";
import type { ConfigReloads } from "../../../lib/cli/run/config_reloads.ts";
import { watchConfig } from "../../../lib/cli/run/watch_config.ts";
import { getLogger } from "../../../lib/log/mod.ts";
import { configOf } from "../../helpers/proxy/proxy.ts";
import { TemporaryFolder } from "../../helpers/temporary_folder.ts";

const CONFIG = configOf({ watch: true, apps: [{ name: "a", targets: ["127.0.0.1:1"] }] });

function reloadsThat(reload: (trigger: string) => void): Pick<ConfigReloads, "reload"> {
  return {
    reload: (trigger) => {
      reload(trigger);
      return Promise.resolve({ kind: "refused", problems: [] });
    },
  };
}

Deno.test("watchConfig: a change between reading the config and watching its folder is not missed", async () => {
  await using folder = new TemporaryFolder();
  const reloaded = Promise.withResolvers<string>();
  const file = {
    path: folder.file("c.yaml"),
    loaded: { folders: [folder.path], fingerprint: "as read at the start" },
    look: () => Promise.resolve({ folders: [folder.path], fingerprint: "as it is now" }),
  };
  const reloads = reloadsThat((trigger) => reloaded.resolve(trigger));
  using _watch = watchConfig(CONFIG, { log: getLogger("test"), reloads, file });
  assertEquals(await reloaded.promise, "watch");
});

Deno.test("watchConfig: looks again when a folder has come to be watched", async () => {
  await using folder = new TemporaryFolder();
  const nested = folder.file("conf.d");
  await Deno.mkdir(nested);
  const reloaded = Promise.withResolvers<void>();
  // The second file appears while the folder that it is in is not watched yet.
  const states = [
    { folders: [folder.path, nested], fingerprint: "one file" },
    { folders: [folder.path, nested], fingerprint: "two files" },
  ];
  const file = {
    path: folder.file("c.yaml"),
    loaded: { folders: [folder.path], fingerprint: "one file" },
    look: () => {
      const [state = { folders: [], fingerprint: "" }] = states.length > 1 ? states.splice(0, 1) : states;
      return Promise.resolve(state);
    },
  };
  const reloads = reloadsThat(() => reloaded.resolve());
  using _watch = watchConfig(CONFIG, { log: getLogger("test"), reloads, file });
  await reloaded.promise;
});
