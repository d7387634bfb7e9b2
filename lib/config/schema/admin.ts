import * as z from "zod";
import { filePath } from "./values/texts.ts";
import { hostAndPort } from "./values/units.ts";

/** Where the admin API listens when nothing else is said. */
export const ADMIN_ADDRESS = "127.0.0.1:9900";

/** The admin API. */
export const Admin = z.strictObject({
  listen: hostAndPort(ADMIN_ADDRESS).prefault(ADMIN_ADDRESS).meta({
    description: "Where it listens, beside the apps. What other machines can reach needs `token_file`. " +
      "A host name is all its addresses.",
  }),
  token_file: filePath().optional().meta({
    description:
      "The file of the token that callers must show (`Authorization: Bearer …`), at least 16 characters of " +
      "`A-Z a-z 0-9 - . _ ~ + / =` on one line. Without it, everyone on this machine may ask.",
    examples: ["./admin.token"],
  }),
}, { error: "a mapping" });
