#!/usr/bin/env node
// Runs the bundled program with the Deno that the package depends on.
"use strict";

const { spawn } = require("node:child_process");
const path = require("node:path");
const { runInstall } = require("deno/install_api.cjs");

// What the released executable may do, too: network, files, variables; on Linux also the C library.
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env"];
if (process.platform === "linux") PERMISSIONS.push("--allow-ffi");

const child = spawn(
  runInstall(),
  [
    "run",
    "--quiet",
    "--no-config",
    "--no-prompt",
    "--unstable-net",
    "--unstable-worker-options",
    "--v8-flags=@V8_FLAGS@",
    ...PERMISSIONS,
    path.join(__dirname, "bundle", "main.js"),
    ...process.argv.slice(2),
  ],
  { stdio: "inherit", env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" } },
);

const SIGNALS = process.platform === "win32"
  ? ["SIGINT", "SIGTERM"]
  : ["SIGINT", "SIGTERM", "SIGQUIT", "SIGHUP", "SIGUSR2"];
// A terminal sends Ctrl-C to both; the program takes two within a second for one.
for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));

child.on("error", (error) => {
  process.stderr.write(`tcpproxy: start ${child.spawnfile}: ${error.message}; install the package again\n`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  if (signal === null) {
    process.exitCode = code;
    return;
  }
  // Ends as the program did, so that a shell sees the signal.
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
});
