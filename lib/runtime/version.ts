/**
 * Returns whether the runtime is at least this version of Deno. Used to detect newer features, so that the program
 * also runs on the older versions that may compile it.
 */
export function runtimeAtLeast(major: number, minor: number): boolean {
  const [haveMajor = 0, haveMinor = 0] = Deno.version.deno.split(".").map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}
