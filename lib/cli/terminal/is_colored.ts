import type { ColorChoice } from "../../log/mod.ts";

/** Whether what is written to stdout is coloured. As the log room has it, which is not loaded for every command. */
export function isColored(choice: ColorChoice): boolean {
  return choice === "auto" ? Deno.stdout.isTerminal() && !Deno.noColor : choice === "always";
}
