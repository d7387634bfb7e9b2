/** Verifies bearer tokens by digest, so that timing reveals nothing. */
export class Bearer {
  readonly #token: string;
  #digest: Promise<Uint8Array> | undefined;

  constructor(token: string) {
    this.#token = token;
  }

  /** Returns whether an `Authorization` header carries the token (RFC 6750 section 2.1; scheme in any case). */
  async accepts(header: string | undefined): Promise<boolean> {
    const shown = /^bearer +(\S+)$/i.exec(header ?? "")?.[1];
    if (shown === undefined) return false;
    this.#digest ??= digest(this.#token);
    return isSame(await digest(shown), await this.#digest);
  }
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** Compares every byte, in constant time. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (const [index, byte] of one.entries()) difference |= byte ^ (other[index] ?? 0);
  return difference === 0;
}
