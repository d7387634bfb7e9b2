/** Whether users who are neither a file's owner nor of its group may read or write it; never where files have no such mode. */
export async function isOpenToOthers(file: string): Promise<boolean> {
  let mode: number | null;
  try {
    mode = (await Deno.stat(file)).mode;
  } catch {
    // It was read a moment ago; that it is gone is found when it is read again.
    return false;
  }
  return mode !== null && (mode & 0o006) !== 0;
}
