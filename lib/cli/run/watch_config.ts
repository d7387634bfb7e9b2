import { errorMessage } from "../../base/mod.ts";
import type { Config } from "../../config/mod.ts";
import type { Logger } from "../../log/mod.ts";
import type { ConfigReloads } from "./config_reloads.ts";

export interface WatchConfigOptions {
  readonly log: Logger;
  readonly reloads: Pick<ConfigReloads, "reload">;
  /** The config's file; `undefined` where it has none that can be read again. */
  readonly file: { readonly path: string } | undefined;
}

/** How long a file must have been left alone before it is read: editors and ConfigMaps change it in several steps. */
const SETTLE_MS = 300;

/**
 * Reloads the config when its file changes, where it says `watch: true`. Its folder is watched: a file that is replaced, or
 * a link that is turned, is another file under the same name, of which a watch of the file itself hears nothing.
 */
export function watchConfig(config: Config, { log, reloads, file }: WatchConfigOptions): Disposable {
  const none = { [Symbol.dispose]: (): void => {} };
  if (!config.watch) return none;
  if (file === undefined) {
    log.warning("watch: the config is no file that can be read again, it is not watched");
    return none;
  }
  let watcher: Deno.FsWatcher;
  try {
    watcher = Deno.watchFs(folderOf(file.path), { recursive: false });
  } catch (error) {
    log.error("watch {path}: {error}; changes take effect at SIGHUP alone", {
      path: file.path,
      error: errorMessage(error),
    });
    return none;
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;
  let fingerprint = fingerprintOf(file.path);
  const look = async (): Promise<void> => {
    const before = fingerprint;
    fingerprint = fingerprintOf(file.path);
    if (await before === await fingerprint || isClosed) return;
    await reloads.reload("watch");
  };
  const listen = async (): Promise<void> => {
    // Names say too little: where a link is turned, only names of others are seen.
    for await (const { kind } of watcher) {
      if (kind === "access") continue;
      clearTimeout(timer);
      timer = setTimeout(() => void look(), SETTLE_MS);
    }
  };
  listen().catch((error) =>
    log.error("watch {path}: {error}", { path: file.path, error: errorMessage(error) })
  );
  return {
    [Symbol.dispose]: (): void => {
      isClosed = true;
      clearTimeout(timer);
      watcher.close();
    },
  };
}

/** What tells one content of a file from another; empty where it cannot be read, as in the middle of a replacement. */
async function fingerprintOf(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch {
    // A reload would say why; while the file is being replaced there is nothing to say.
    return "";
  }
}

function folderOf(path: string): string {
  const slash = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return slash < 0 ? "." : path.slice(0, Math.max(1, slash));
}
