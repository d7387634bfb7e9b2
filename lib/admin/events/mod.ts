/** What happens in a running proxy, as it happens, for any number of readers. */
export { EVENT_KINDS, EventHub, type EventKind, type EventSources } from "./event_hub.ts";
