import type { ProxyTlv } from "./proxy_tlv.ts";

/** Bytes before a field's value: type and length. */
export const TLV_HEADER_BYTES = 3;

/** Encodes one field; its value has at most 65535 bytes. */
export function encodeTlv({ type, value }: ProxyTlv): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TLV_HEADER_BYTES + value.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint16(1, value.length);
  bytes.set(value, TLV_HEADER_BYTES);
  return bytes;
}

/** Encodes text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Formats a type or a checksum for messages. */
export function hexByte(value: number, digits = 2): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}
