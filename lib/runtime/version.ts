/**
 * Whether this is at least that Deno. What only a later one does is looked up here, so that the program also runs on
 * the earlier ones that it may be compiled with.
 */
export function runtimeAtLeast(major: number, minor: number): boolean {
  const [haveMajor = 0, haveMinor = 0] = Deno.version.deno.split(".").map(Number);
  return haveMajor > major || (haveMajor === major && haveMinor >= minor);
}
