import { DerError, DerReader, TAG } from "./_der.ts";
import { readSigned } from "./_signed.ts";

/**
 * The version of a certificate in DER, 1 to 3; `undefined` where it is none in strict DER.
 *
 * The runtime lets a peer whose own certificate has version 1 in without having it prove that it holds the key.
 */
export function x509Version(der: Uint8Array): number | undefined {
  try {
    const body = new DerReader(new DerReader(readSigned(der).body).read(TAG.sequence).content);
    const explicit = body.readOptional(TAG.explicit0);
    if (explicit === undefined) return 1;
    const { content } = new DerReader(explicit.content).read(TAG.integer);
    return content.length === 1 && content[0] !== undefined && content[0] <= 2 ? content[0] + 1 : undefined;
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}
