/** A read that waits for the network. */
export interface PendingRead {
  readonly buffer: Uint8Array;
  resolve(count: number | null): void;
  reject(error: unknown): void;
}

/** A write that waits for the network. */
export interface PendingWrite {
  readonly bytes: Uint8Array;
  resolve(count: number): void;
  reject(error: unknown): void;
}
