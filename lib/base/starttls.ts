/** The protocols in which a client asks for TLS in plain text before TLS begins. */
export const STARTTLS_PROTOCOLS = ["postgres", "smtp", "imap", "mysql"] as const;

/** One of {@link STARTTLS_PROTOCOLS}. */
export type StarttlsProtocol = typeof STARTTLS_PROTOCOLS[number];
