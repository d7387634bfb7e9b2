/** Programs that a test uses and a machine may not have. */

/** Whether a program is to be found on the PATH. */
export function hasTool(name: string): boolean {
  const isWindows = Deno.build.os === "windows";
  const directories = (Deno.env.get("PATH") ?? "").split(isWindows ? ";" : ":");
  // Debian keeps servers where an ordinary user's PATH does not lead.
  if (!isWindows) directories.push("/usr/sbin", "/usr/local/sbin");
  const file = isWindows ? `${name}.exe` : name;
  return directories.some((directory) => directory !== "" && isFile(`${directory}/${file}`));
}

/** Where a test is ignored for missing programs: the names of those that are missing, for the test's name. */
export function missingTools(...names: string[]): string[] {
  return names.filter((name) => !hasTool(name));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    // Whatever keeps this process from seeing it keeps it from running it too.
    if (error instanceof Error) return false;
    throw error;
  }
}
