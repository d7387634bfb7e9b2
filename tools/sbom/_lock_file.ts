/**
 * The packages that `deno.lock` pins.
 *
 * @module
 */

/** A package of the registry, as the lock file pins it. */
export interface LockedPackage {
  /** What the lock file calls it: name, `@`, version. */
  readonly id: string;
  readonly name: string;
  readonly version: string;
  /** The hash of its archive, as Subresource Integrity writes it; `undefined` if the lock file has none. */
  readonly integrity: string | undefined;
  /** The ids of the packages that it imports. */
  readonly dependencies: readonly string[];
}

interface LockFile {
  readonly version?: string;
  readonly npm?: Readonly<
    Record<string, { readonly integrity?: string; readonly dependencies?: readonly string[] }>
  >;
  readonly jsr?: Readonly<Record<string, unknown>>;
  readonly remote?: Readonly<Record<string, unknown>>;
}

/** A scope and a name, a version, and what the lock file adds to tell apart peers of one version. */
const ID = /^(@[^/@]+\/[^@]+|[^@]+)@([^_]+)/;

/**
 * Returns the packages of a lock file, in its order.
 *
 * @throws {Error} for another format, or packages of another source than the npm registry.
 */
export function lockedPackages(text: string): LockedPackage[] {
  const lock: LockFile = JSON.parse(text);
  if (lock.version !== "5") throw new Error(`lock file: the format is ${lock.version}; expected 5`);
  for (const source of ["jsr", "remote"] as const) {
    if (Object.keys(lock[source] ?? {}).length > 0) {
      throw new Error(`lock file: it has packages under "${source}"; expected only npm`);
    }
  }
  const entries = Object.entries(lock.npm ?? {});
  const ids = entries.map(([id]) => id);
  return entries.map(([id, { integrity, dependencies = [] }]) => {
    const [, name, version] = ID.exec(id) ?? [];
    if (name === undefined || version === undefined) {
      throw new Error(`lock file: "${id}" is no name and version`);
    }
    return { id, name, version, integrity, dependencies: dependencies.map((each) => idOf(each, ids)) };
  });
}

/** The lock file leaves the version out where there is only one. */
function idOf(dependency: string, ids: readonly string[]): string {
  const found = ids.filter((id) => id === dependency || ID.exec(id)?.[1] === dependency);
  const [id] = found;
  if (id === undefined || found.length > 1) {
    throw new Error(`lock file: the dependency "${dependency}" stands for ${found.length} packages`);
  }
  return id;
}

/** Returns these packages and everything that they import, in the order of the lock file. */
export function withDependencies(
  roots: ReadonlySet<string>,
  packages: readonly LockedPackage[],
): LockedPackage[] {
  const found = new Set<string>();
  const add = (id: string): void => {
    if (found.has(id)) return;
    found.add(id);
    packages.find((each) => each.id === id)?.dependencies.forEach(add);
  };
  roots.forEach(add);
  return packages.filter(({ id }) => found.has(id));
}
