/** Basic types of every room: addresses, units, errors, reasons, time. Imports no other room. */
export * from "./access_template.ts";
export * from "./address/address.ts";
export * from "./address/cidr.ts";
export * from "./clock.ts";
export * from "./direction.ts";
export * from "./duplex.ts";
export * from "./errors.ts";
export * from "./address/ip.ts";
export * from "./pollable.ts";
export * from "./proxy_version.ts";
export * from "./reason.ts";
export * from "./socket_options.ts";
export * from "./starttls.ts";
export * from "./tlv_name.ts";
export * from "./units.ts";
export * from "./address/unmap_address.ts";
