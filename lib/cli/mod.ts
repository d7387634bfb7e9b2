/** The command line: one file per command, signals, exit codes. */
export { sealWith } from "./config/sealed.ts";
export { runCli } from "./run_cli.ts";
export { type Build, recordBuild } from "./version.ts";
