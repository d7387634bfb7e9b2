/**
 * The table of commands, in the order in which help lists them. A command's file is light: what is heavy it imports
 * when it runs.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { app } from "./app.ts";
import { capture } from "./capture.ts";
import { check } from "./check.ts";
import { complete } from "./complete.ts";
import { completions } from "./completions.ts";
import { demo } from "./demo.ts";
import { drain } from "./drain.ts";
import { echo } from "./echo.ts";
import { explain } from "./explain.ts";
import { fault } from "./fault.ts";
import { forward } from "./forward.ts";
import { health } from "./health.ts";
import { init } from "./init.ts";
import { kill } from "./kill.ts";
import { permissions } from "./permissions.ts";
import { probe } from "./probe.ts";
import { reload } from "./reload.ts";
import { run } from "./run.ts";
import { schema } from "./schema.ts";
import { sessions } from "./sessions.ts";
import { status } from "./status.ts";
import { target } from "./target.ts";
import { top } from "./top.ts";
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
  status,
  top,
  sessions,
  kill,
  target,
  app,
  fault,
  reload,
  drain,
  health,
  probe,
  capture,
  permissions,
  schema,
  completions(() => COMMANDS),
  version,
];

/** Commands for programs alone: help and completions do not list them. */
export const HIDDEN_COMMANDS: readonly Command[] = [complete(() => COMMANDS)];
