/**
 * The files of the dashboard, embedded in the program. Loaded with the first request for one of them.
 *
 * @module
 */
// uPlot's build for a plain script, without the comments of its module.
import uplotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import actions from "./actions.js" with { type: "text" };
import api from "./api.js" with { type: "text" };
import appCard from "./app_card.js" with { type: "text" };
import appDialog from "./app_dialog.js" with { type: "text" };
import apps from "./apps.js" with { type: "text" };
import appsStyle from "./apps.css" with { type: "text" };
import baseStyle from "./base.css" with { type: "text" };
import controlsStyle from "./controls.css" with { type: "text" };
import dialog from "./dialog.js" with { type: "text" };
import dom from "./dom.js" with { type: "text" };
import endings from "./endings.js" with { type: "text" };
import faultForm from "./fault_form.js" with { type: "text" };
import flowMap from "./flow_map.js" with { type: "text" };
import format from "./format.js" with { type: "text" };
import health from "./health.js" with { type: "text" };
import icon from "./icon.svg" with { type: "text" };
import layoutStyle from "./layout.css" with { type: "text" };
import log from "./log.js" with { type: "text" };
import main from "./main.js" with { type: "text" };
import notices from "./notices.js" with { type: "text" };
import overview from "./overview.js" with { type: "text" };
import page from "./index.html" with { type: "text" };
import plots from "./plots.js" with { type: "text" };
import rates from "./rates.js" with { type: "text" };
import reloadDialog from "./reload_dialog.js" with { type: "text" };
import series from "./series.js" with { type: "text" };
import sessions from "./sessions.js" with { type: "text" };
import sse from "./sse.js" with { type: "text" };
import stream from "./stream.js" with { type: "text" };
import tablesStyle from "./tables.css" with { type: "text" };
import targetDialog from "./target_dialog.js" with { type: "text" };
import targetRow from "./target_row.js" with { type: "text" };
import theme from "./theme.js" with { type: "text" };
import tokenDialog from "./token_dialog.js" with { type: "text" };

/** The page. */
export const PAGE: string = page;

/** The files that the page loads, by name. */
export const ASSETS: ReadonlyMap<string, string> = new Map([
  ["actions.js", actions],
  ["api.js", api],
  ["app_card.js", appCard],
  ["app_dialog.js", appDialog],
  ["apps.css", appsStyle],
  ["apps.js", apps],
  ["base.css", baseStyle],
  ["controls.css", controlsStyle],
  ["dialog.js", dialog],
  ["dom.js", dom],
  ["endings.js", endings],
  ["fault_form.js", faultForm],
  ["flow_map.js", flowMap],
  ["format.js", format],
  ["health.js", health],
  ["icon.svg", icon],
  ["layout.css", layoutStyle],
  ["log.js", log],
  ["main.js", main],
  ["notices.js", notices],
  ["overview.js", overview],
  ["plots.js", plots],
  ["rates.js", rates],
  ["reload_dialog.js", reloadDialog],
  ["series.js", series],
  ["sessions.js", sessions],
  ["sse.js", sse],
  ["stream.js", stream],
  ["tables.css", tablesStyle],
  ["target_dialog.js", targetDialog],
  ["target_row.js", targetRow],
  ["theme.js", theme],
  ["token_dialog.js", tokenDialog],
  ["uplot.css", uplotStyle],
  ["uplot.js", `${uplotScript}\nexport default uPlot;\n`],
]);
