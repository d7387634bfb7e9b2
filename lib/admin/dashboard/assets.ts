/**
 * The files of the dashboard, embedded in the program. Loaded with the first request for one of them.
 *
 * @module
 */
// uPlot's build for a plain script, without the comments of its module.
import uplotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import actions from "./actions.js" with { type: "text" };
import api from "./data/api.js" with { type: "text" };
import appCard from "./views/app_card.js" with { type: "text" };
import appDialog from "./dialogs/app_dialog.js" with { type: "text" };
import apps from "./views/apps.js" with { type: "text" };
import appsStyle from "./styles/apps.css" with { type: "text" };
import baseStyle from "./styles/base.css" with { type: "text" };
import controlsStyle from "./styles/controls.css" with { type: "text" };
import dialog from "./dialogs/dialog.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import endings from "./views/endings.js" with { type: "text" };
import faultForm from "./dialogs/fault_form.js" with { type: "text" };
import flowMap from "./views/flow_map.js" with { type: "text" };
import format from "./format.js" with { type: "text" };
import health from "./health.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import layoutStyle from "./styles/layout.css" with { type: "text" };
import log from "./views/log.js" with { type: "text" };
import main from "./main.js" with { type: "text" };
import notices from "./notices.js" with { type: "text" };
import overview from "./views/overview.js" with { type: "text" };
import page from "./index.html" with { type: "text" };
import plots from "./views/plots.js" with { type: "text" };
import rates from "./data/rates.js" with { type: "text" };
import reloadDialog from "./dialogs/reload_dialog.js" with { type: "text" };
import series from "./data/series.js" with { type: "text" };
import sessions from "./views/sessions.js" with { type: "text" };
import sse from "./data/sse.js" with { type: "text" };
import stream from "./data/stream.js" with { type: "text" };
import tablesStyle from "./styles/tables.css" with { type: "text" };
import targetDialog from "./dialogs/target_dialog.js" with { type: "text" };
import targetRow from "./views/target_row.js" with { type: "text" };
import theme from "./theme.js" with { type: "text" };
import tokenDialog from "./dialogs/token_dialog.js" with { type: "text" };

/** The page. */
export const PAGE: string = page;

/** The files that the page loads, by path below `/dashboard/`. */
export const ASSETS: ReadonlyMap<string, string> = new Map([
  ["actions.js", actions],
  ["data/api.js", api],
  ["data/rates.js", rates],
  ["data/series.js", series],
  ["data/sse.js", sse],
  ["data/stream.js", stream],
  ["dialogs/app_dialog.js", appDialog],
  ["dialogs/dialog.js", dialog],
  ["dialogs/fault_form.js", faultForm],
  ["dialogs/reload_dialog.js", reloadDialog],
  ["dialogs/target_dialog.js", targetDialog],
  ["dialogs/token_dialog.js", tokenDialog],
  ["dom.js", dom],
  ["format.js", format],
  ["health.js", health],
  ["icon.svg", icon],
  ["main.js", main],
  ["notices.js", notices],
  ["styles/apps.css", appsStyle],
  ["styles/base.css", baseStyle],
  ["styles/controls.css", controlsStyle],
  ["styles/layout.css", layoutStyle],
  ["styles/tables.css", tablesStyle],
  ["theme.js", theme],
  ["uplot.css", uplotStyle],
  ["uplot.js", `${uplotScript}\nexport default uPlot;\n`],
  ["views/app_card.js", appCard],
  ["views/apps.js", apps],
  ["views/endings.js", endings],
  ["views/flow_map.js", flowMap],
  ["views/log.js", log],
  ["views/overview.js", overview],
  ["views/plots.js", plots],
  ["views/sessions.js", sessions],
  ["views/target_row.js", targetRow],
]);
