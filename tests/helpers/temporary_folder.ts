/** A folder of a test's own; disposing of it removes it with all that is in it. */
export class TemporaryFolder implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "tcpproxy-" });

  /** The path of a file in it. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Writes a file in it, and gives its path. */
  async write(name: string, text: string): Promise<string> {
    await Deno.writeTextFile(this.file(name), text);
    return this.file(name);
  }

  /** Writes a value as JSON, which is YAML, and gives the file's path. */
  config(value: unknown, name = "config.yaml"): Promise<string> {
    return this.write(name, JSON.stringify(value));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
