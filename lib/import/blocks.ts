import { CidrError, formatCidr, formatIp, parseCidr, parseIp } from "../base/mod.ts";

/**
 * An address or a network as a config of ours takes it: HAProxy and nginx let bits stand beyond the prefix, and HAProxy
 * reads netmasks (`10.0.0.0/255.0.0.0`). `undefined` for anything else.
 */
export function readBlock(text: string): string | undefined {
  const [address = "", mask] = text.split("/");
  const bytes = parseIp(address);
  if (bytes === undefined) return undefined;
  const prefix = mask === undefined ? bytes.length * 8 : prefixOf(mask);
  if (prefix === undefined || prefix > bytes.length * 8) return undefined;
  const network = bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefix - index * 8));
    return byte & (0xff << (8 - kept)) & 0xff;
  });
  try {
    return formatCidr(parseCidr(`${formatIp(network)}/${prefix}`));
  } catch (error) {
    if (error instanceof CidrError) return undefined;
    throw error;
  }
}

function prefixOf(mask: string): number | undefined {
  if (/^\d{1,3}$/.test(mask)) return Number(mask);
  const bytes = parseIp(mask);
  if (bytes?.length !== 4) return undefined;
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return /^1*0*$/.test(bits) ? bits.indexOf("0") === -1 ? 32 : bits.indexOf("0") : undefined;
}
