/** The version of a PROXY header: `v1` is a line of text, `v2` is binary. */
export type ProxyVersion = "v1" | "v2";
