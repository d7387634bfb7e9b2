/**
 * The table of commands, in the order in which help lists them. A command's file is light: what is heavy it imports
 * when it runs.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { capture } from "./capture.ts";
import { check } from "./check.ts";
import { completions } from "./completions.ts";
import { demo } from "./demo.ts";
import { echo } from "./echo.ts";
import { explain } from "./explain.ts";
import { forward } from "./forward.ts";
import { health } from "./health.ts";
import { init } from "./init.ts";
import { permissions } from "./permissions.ts";
import { probe } from "./probe.ts";
import { reload } from "./reload.ts";
import { run } from "./run.ts";
import { schema } from "./schema.ts";
import { version } from "./version.ts";

/** Every command but `help`. */
export const COMMANDS: readonly Command[] = [
  run,
  demo,
  init,
  check,
  forward,
  echo,
  explain,
  reload,
  health,
  probe,
  capture,
  permissions,
  schema,
  completions(() => COMMANDS),
  version,
];
