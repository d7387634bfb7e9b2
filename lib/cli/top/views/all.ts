import type { ViewName } from "../state.ts";
import { apps } from "./apps.ts";
import { sessions } from "./sessions.ts";
import { targets } from "./targets.ts";
import type { View } from "./view.ts";

/** Returns the view of a name, to a use that works with the items of any. */
export function withView<Result>(name: ViewName, use: <Item>(view: View<Item>) => Result): Result {
  switch (name) {
    case "apps":
      return use(apps);
    case "targets":
      return use(targets);
    case "sessions":
      return use(sessions);
  }
}
