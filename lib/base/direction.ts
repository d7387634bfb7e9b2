/** The way that bytes go: `up` from client to target, `down` from target to client. */
export type Direction = "up" | "down";
