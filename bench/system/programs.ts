/**
 * The programs that the bench uses beside Deno, and where Debian and Ubuntu have them. The bench installs nothing: it
 * says what is missing.
 *
 * @module
 */

/** The package of each program. */
const PACKAGE_BY_PROGRAM: Readonly<Record<string, string>> = {
  haproxy: "haproxy",
  iperf3: "iperf3",
  nginx: "nginx-light",
  "nginx-stream": "libnginx-mod-stream",
  openssl: "openssl",
  node: "nodejs",
  socat: "socat",
  wrk: "wrk",
};

/** nginx and HAProxy are installed where a user's PATH often does not look. */
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/** Where Debian and Ubuntu put nginx's stream module. */
const STREAM_MODULE_PATHS = [
  "/usr/lib/nginx/modules/ngx_stream_module.so",
  "/usr/lib64/nginx/modules/ngx_stream_module.so",
];

/** The full path of a program, `undefined` when it is not installed. */
export function findProgram(name: string): string | undefined {
  if (name === "nginx-stream") return findStreamModule();
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...SYSTEM_FOLDERS];
  return folders.map((folder) => `${folder}/${name}`).find(isFile);
}

/** The path of nginx's stream module, `undefined` when it is not installed as a file of its own. */
export function findStreamModule(): string | undefined {
  return STREAM_MODULE_PATHS.find(isFile);
}

/**
 * The full path of a program that was seen to be there before.
 *
 * @throws {Error} when it is not installed.
 */
export function programPath(name: string): string {
  const path = findProgram(name);
  if (path === undefined) throw new Error(`cannot find "${name}": ${notInstalled(name)}`);
  return path;
}

/** Which of these are missing. */
export function missingPrograms(names: readonly string[]): string[] {
  return names.filter((name) => findProgram(name) === undefined);
}

/** Every program that the bench can make use of. */
export function allPrograms(): string[] {
  return Object.keys(PACKAGE_BY_PROGRAM);
}

/** The one command that installs these programs on Debian and Ubuntu. */
export function installCommand(names: readonly string[]): string {
  const packages = new Set(names.map((name) => PACKAGE_BY_PROGRAM[name] ?? name));
  return `sudo apt-get install -y ${[...packages].join(" ")}`;
}

/** What a row says of a program that is missing. */
export function notInstalled(name: string): string {
  return `not installed (${installCommand([name])})`;
}

/** The first line that a program prints when asked for its version, on whichever of stdout and stderr. */
export async function versionLine(name: string, flag: string): Promise<string> {
  const output = await new Deno.Command(programPath(name), { args: [flag] }).output();
  const decoder = new TextDecoder();
  const text = `${decoder.decode(output.stdout)}\n${decoder.decode(output.stderr)}`.trim();
  return text.split("\n")[0]?.trim() ?? "";
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // Not there, or in a folder that may not be read: either way it cannot be run.
    return false;
  }
}
