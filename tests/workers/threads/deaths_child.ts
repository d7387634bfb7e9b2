/**
 * Runs a proxy whose one worker dies of the module in the first argument, on the listener in the second. Prints as JSON
 * what the observer heard until two have died, or why it does not start. A process of its own, because the runtime writes
 * each such error to stderr.
 *
 * @module
 */
import { StartError } from "../../../lib/proxy/mod.ts";
import { WorkerProxy } from "../../../lib/workers/mod.ts";
import { PlaneLog } from "../../helpers/proxy/plane.ts";
import { configOf } from "../../helpers/proxy/proxy.ts";

async function main(module = "", listen = ""): Promise<void> {
  const config = configOf({ apps: [{ listen: [listen], targets: ["127.0.0.1:1"] }] });
  const log = new PlaneLog();
  const options = { workers: 1, observer: log, module: new URL(module, import.meta.url) };
  try {
    const control = await WorkerProxy.start(config, options);
    await log.when(() => log.deaths.length === 2);
    const { deaths, pauses, resumes } = log;
    await print({ deaths, pauses, resumes });
    await control.stop();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    await print({ startError: error.message });
  }
}

async function print(heard: unknown): Promise<void> {
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(heard)));
}

void main(...Deno.args);
