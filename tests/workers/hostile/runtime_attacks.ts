/**
 * What code in a worker might try with the means of the runtime.
 *
 * @module
 */

/** What there is to reach. */
export interface Booty {
  /** The port of a target, which the worker may connect to. */
  readonly target: number;
  /** A port on which something listens that is no target. */
  readonly other: number;
  /** A file, and a folder that it is in. */
  readonly file: string;
  readonly folder: string;
}

/** By attack, what came of it: `refused`, or what was gained. */
export type Outcomes = Record<string, string>;

type Attack = () => unknown;

/** Errors by which the runtime refuses. */
const REFUSALS =
  /^(?:NotCapable|PermissionDenied|TypeError: Can't escalate|TypeError: Requires import access)/;

/** Tries everything, in turn. */
export async function runtimeAttacks(booty: Booty): Promise<Outcomes> {
  const outcomes: Outcomes = {};
  for (const [name, attack] of Object.entries({ ...direct(booty), ...nodes(booty), ...nested(booty) })) {
    outcomes[name] = await outcomeOf(attack);
  }
  return outcomes;
}

/** Runs an attack: `refused` is an error of the runtime's permissions; any other error is shown. */
export async function outcomeOf(attack: Attack): Promise<string> {
  try {
    const gained = await attack();
    return `done: ${String(gained).slice(0, 80)}`;
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const text = `${name}: ${message}`;
    // node's modules put the runtime's error, or its code, into their own.
    const isRefused = REFUSALS.test(text) || REFUSALS.test(message) || /NotCapable|EACCES|EPERM/.test(text) ||
      /Requires \w+ access to|must be run with|cannot escalate/i.test(text);
    return isRefused ? "refused" : text.slice(0, 120);
  }
}

function direct({ other, file, folder }: Booty): Record<string, Attack> {
  const url = `http://127.0.0.1:${other}/module.js`;
  return {
    "connect to another port": () => Deno.connect({ hostname: "127.0.0.1", port: other }),
    "connect to another host": () => Deno.connect({ hostname: "192.0.2.1", port: 80 }),
    "connect to a name": () => Deno.connect({ hostname: "localhost", port: other }),
    "connect with TLS": () => Deno.connectTls({ hostname: "127.0.0.1", port: other }),
    "connect to a unix socket": () => Deno.connect({ transport: "unix", path: `${folder}/x.sock` }),
    "fetch": () => fetch(`http://127.0.0.1:${other}/`),
    "WebSocket": () => new WebSocket(`ws://127.0.0.1:${other}/`),
    "listen on another port": () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
    "listen on a unix socket": () => Deno.listen({ transport: "unix", path: `${folder}/y.sock` }),
    "serve HTTP": () => Deno.serve({ hostname: "127.0.0.1", port: 0 }, () => new Response()),
    "send a datagram": () => Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
    "ask a name server": () =>
      Deno.resolveDns("example.com", "A", { nameServer: { ipAddr: "127.0.0.1", port: other } }),
    "read a file": () => Deno.readTextFileSync(file),
    "read a file, asynchronously": () => Deno.readTextFile(file),
    "read /etc/passwd": () => Deno.readTextFile("/etc/passwd"),
    "read /proc/self/environ": () => Deno.readTextFile("/proc/self/environ"),
    "read /proc/self/mem": () => Deno.open("/proc/self/mem"),
    "list a folder": () => [...Deno.readDirSync(folder)].length,
    "look at a file": () => Deno.statSync(file),
    "resolve a path": () => Deno.realPathSync(folder),
    "watch a folder": () => Deno.watchFs(folder),
    "write a file": () => Deno.writeTextFile(`${folder}/w`, "x"),
    "make a folder": () => Deno.mkdir(`${folder}/d`),
    "make a temporary file": () => Deno.makeTempFile(),
    "remove a file": () => Deno.remove(file),
    "rename a file": () => Deno.rename(file, `${folder}/z`),
    "link a file": () => Deno.symlink(file, `${folder}/l`),
    "change a mode": () => Deno.chmod(file, 0o777),
    "change the folder": () => Deno.chdir("/"),
    "read a variable": () => Deno.env.get("PATH"),
    "read all variables": () => Deno.env.toObject(),
    "set a variable": () => Deno.env.set("PATH", "/"),
    "run a program": () => new Deno.Command("/bin/true").outputSync(),
    "run a shell": () => new Deno.Command("sh", { args: ["-c", "id"] }).output(),
    "kill a process": () => Deno.kill(1, "SIGTERM"),
    "load a library": () => Deno.dlopen("libc.so.6", { getpid: { parameters: [], result: "i32" } }),
    "make a pointer": () => Deno.UnsafePointer.create(1n),
    "read memory": () => Deno.UnsafePointer.of(new Uint8Array(8)),
    "find out the host's name": () => Deno.hostname(),
    "find out the system's release": () => Deno.osRelease(),
    "find out the load": () => Deno.loadavg(),
    "find out the interfaces": () => Deno.networkInterfaces(),
    "find out the memory": () => Deno.systemMemoryInfo(),
    "find out the user": () => Deno.uid(),
    "import a module of the network": () => import(url),
    "import a module of a file": () => import(`file://${folder}/evil.ts`),
    "ask for a permission": async () => {
      for (const name of ["read", "write", "run", "env", "ffi", "sys", "net", "import"] as const) {
        const { state } = await Deno.permissions.request({ name });
        if (state === "granted") return name;
      }
      throw new Deno.errors.NotCapable("all are denied");
    },
  };
}

/** The same by the modules of Node, which have checks of their own. */
function nodes({ other, file, folder }: Booty): Record<string, Attack> {
  return {
    "node: read a file": async () => (await import("node:fs")).readFileSync(file, "utf8"),
    "node: write a file": async () => (await import("node:fs")).writeFileSync(`${folder}/n`, "x"),
    "node: list a folder": async () => (await import("node:fs/promises")).readdir(folder),
    "node: run a program": async () => (await import("node:child_process")).execFileSync("/bin/true"),
    "node: connect": async () => {
      const { connect } = await import("node:net");
      return await new Promise((resolve, reject) => {
        connect(other, "127.0.0.1").on("connect", resolve).on("error", reject);
      });
    },
    "node: listen": async () => {
      const { createServer } = await import("node:net");
      return await new Promise((resolve, reject) => {
        // The runtime's error comes from a callback of its own.
        addEventListener("error", ({ error }) => reject(error), { once: true });
        createServer().on("error", reject).listen(0, "127.0.0.1", () => resolve("it listens"));
      });
    },
    "node: look up a name": async () => (await import("node:dns/promises")).lookup("example.com"),
    "node: read a variable": async () => {
      const { default: process } = await import("node:process");
      const path = process.env.PATH;
      if (path === undefined) throw new Deno.errors.NotCapable("no variable is visible");
      return path;
    },
    "node: find out the host's name": async () => (await import("node:os")).hostname(),
    "node: load an addon": async () => {
      const { createRequire } = await import("node:module");
      return createRequire(`file://${folder}/x.js`)(`${folder}/x.node`);
    },
    "node: open the inspector": async () => (await import("node:inspector")).open(0, "127.0.0.1"),
  };
}

/** The same in a worker of the worker's own. */
function nested({ other, file }: Booty): Record<string, Attack> {
  return {
    "a worker that reads a file": () =>
      inWorker(`await Deno.readTextFile(${JSON.stringify(file)})`, "inherit"),
    "a worker that connects": () =>
      inWorker(`await Deno.connect({ hostname: "127.0.0.1", port: ${other} })`, "inherit"),
    "a worker that runs a program": () => inWorker(`new Deno.Command("/bin/true").outputSync()`, "inherit"),
    "a worker that may read": () => inWorker("1", { read: true }),
    "a worker that may connect": () => inWorker("1", { net: true }),
    "a worker that may run programs": () => inWorker("1", { run: true }),
    "a worker that may load libraries": () => inWorker("1", { ffi: true }),
    "a worker from the network": () => startWorker(`http://127.0.0.1:${other}/module.js`, "inherit"),
  };
}

function inWorker(code: string, permissions: Deno.PermissionOptions): Promise<unknown> {
  const source =
    `try { ${code}; self.postMessage("done"); } catch (e) { self.postMessage(e.name + ": " + e.message); }`;
  return startWorker(`data:text/javascript,${encodeURIComponent(source)}`, permissions);
}

function startWorker(url: string, permissions: Deno.PermissionOptions): Promise<unknown> {
  const worker = new Worker(url, { type: "module", deno: { permissions } });
  return new Promise<unknown>((resolve, reject) => {
    worker.onmessage = ({ data }): void => data === "done" ? resolve(data) : reject(new Error(data));
    worker.onerror = (event): void => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  }).finally(() => worker.terminate());
}
