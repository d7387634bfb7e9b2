/** A release cannot be described. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
}

/** What a release is, for those who install it. */
export class ReleaseFacts {
  readonly version: string;
  /** The repository on GitHub: `OWNER/NAME`. */
  readonly repository: string;
  readonly #sums: ReadonlyMap<string, string>;

  /**
   * `sums` is the text of SHA256SUMS.
   *
   * @throws {ReleaseError} when the repository is not `OWNER/NAME`, or a line of `sums` is none of sha256sum.
   */
  constructor(
    { version, repository, sums }: {
      readonly version: string;
      readonly repository: string;
      readonly sums: string;
    },
  ) {
    if (!/^[\w.-]+\/[\w.-]+$/.test(repository)) {
      throw new ReleaseError(`the repository is "${repository}"; expected OWNER/NAME`);
    }
    this.version = version;
    this.repository = repository;
    this.#sums = new Map(sums.split("\n").filter((line) => line !== "").map(parseSum));
  }

  get homepage(): string {
    return `https://github.com/${this.repository}`;
  }

  /**
   * The address and checksum of a file of the release.
   *
   * @throws {ReleaseError} when it has no checksum.
   */
  asset(name: string): { readonly url: string; readonly sha256: string } {
    const sha256 = this.#sums.get(name);
    if (sha256 === undefined) {
      throw new ReleaseError(`SHA256SUMS has no line for ${name}; compile all targets`);
    }
    return { url: `${this.homepage}/releases/download/v${this.version}/${name}`, sha256 };
  }
}

function parseSum(line: string): [string, string] {
  const [, digest, name] = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line) ?? [];
  if (digest === undefined || name === undefined) {
    throw new ReleaseError(
      `SHA256SUMS has the line "${line}"; expected a SHA-256 digest, two spaces, and a name`,
    );
  }
  return [name, digest];
}
