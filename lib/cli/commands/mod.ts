/**
 * The table of commands, in the order in which help lists them. A command's file is light: what is heavy it imports
 * when it runs.
 *
 * @module
 */
import type { Command } from "../command.ts";
import { app } from "./running/app.ts";
import { capture } from "./running/capture.ts";
import { check } from "./config/check.ts";
import { complete } from "./shell/complete.ts";
import { completions } from "./shell/completions.ts";
import { demo } from "./demo.ts";
import { drain } from "./running/drain.ts";
import { echo } from "./echo.ts";
import { explain } from "./config/explain.ts";
import { fault } from "./running/fault.ts";
import { forward } from "./forward.ts";
import { health } from "./running/health.ts";
import { importConfig } from "./config/import.ts";
import { init } from "./config/init.ts";
import { kill } from "./running/kill.ts";
import { permissions } from "./config/permissions.ts";
import { probe } from "./probe.ts";
import { reason } from "./reason.ts";
import { reload } from "./running/reload.ts";
import { run } from "./run.ts";
import { seal } from "./config/seal.ts";
import { schema } from "./config/schema.ts";
import { sessions } from "./running/sessions.ts";
import { status } from "./running/status.ts";
import { target } from "./running/target.ts";
import { upgrade } from "./running/upgrade.ts";
import { top } from "./running/top.ts";
import { version } from "./version.ts";

/** Every command but `help`. */
export const COMMANDS: readonly Command[] = [
  run,
  demo,
  init,
  check,
  importConfig,
  forward,
  echo,
  explain,
  reason,
  status,
  top,
  sessions,
  kill,
  target,
  app,
  fault,
  reload,
  upgrade,
  drain,
  health,
  probe,
  capture,
  permissions,
  seal,
  schema,
  completions(() => COMMANDS),
  version,
];

/** Commands for programs alone: help and completions do not list them. */
export const HIDDEN_COMMANDS: readonly Command[] = [complete(() => COMMANDS)];
