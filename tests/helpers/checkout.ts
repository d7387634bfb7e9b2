import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../", import.meta.url);

/** Copies what the program is bundled from, but not the history: none of the copies knows its commit. */
export async function copyCheckout(folder: string): Promise<void> {
  for (const name of ["deno.json", "deno.lock", "config.yaml", "lib", "tools"]) {
    await cp(fileURLToPath(new URL(name, ROOT)), `${folder}/${name}`, { recursive: true });
  }
}
