/** What there is to say of one reason word. Texts may have code in backticks, as in Markdown. */
export interface ReasonPage {
  /** One sentence. */
  readonly means: string;
  /** Who ended the session: `the client`, `the proxy, …`. */
  readonly endedBy: string;
  /** The most common first. */
  readonly causes: readonly string[];
  /** In the order in which to try them. */
  readonly remedies: readonly string[];
  /** The fields of the access log that tell more, each with what it tells. */
  readonly fields: Readonly<Record<string, string>>;
  /** Metrics beside the count of its reason. */
  readonly metrics?: readonly string[];
}
