import { fileURLToPath } from "node:url";
import { missingBundler } from "../../../tools/bundle.ts";

/** Why this machine cannot bundle: `deno bundle` downloads the program that it runs at its first use. */
export function bundlerObstacle(): string | undefined {
  const { success, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", fileURLToPath(new URL("../../../tools/v8_flags.ts", import.meta.url))],
    env: { NO_COLOR: "1" },
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  // Whatever else is wrong, the test shall show.
  return success || missingBundler(new TextDecoder().decode(stderr)) === undefined
    ? undefined
    : "no esbuild, and no registry to download it from";
}
