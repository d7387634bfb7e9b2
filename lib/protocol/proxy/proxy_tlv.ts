/** One type-length-value field. */
export interface ProxyTlv {
  readonly type: number;
  readonly value: Uint8Array;
}
