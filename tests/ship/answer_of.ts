import { connectTo, exchange } from "../helpers/clients.ts";

/** What comes back through a port of this machine when this text is sent and finished. */
export async function answerOf(port: number, text: string): Promise<string> {
  using conn = await connectTo(port);
  return new TextDecoder().decode(await exchange(conn, new TextEncoder().encode(text)));
}
