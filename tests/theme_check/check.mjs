/* Runs theme-check on the theme app extension in a folder and writes its findings as JSON. Nothing is fetched: what
   it knows of Shopify comes with the packages. */
import net from "node:net";

import { themeCheckRun } from "@shopify/theme-check-node";

const refuse = () => {
  throw new Error("theme-check wanted to use the network");
};
globalThis.fetch = async () => refuse();
net.Socket.prototype.connect = refuse;

const { offenses } = await themeCheckRun(process.argv[2], "theme-check:theme-app-extension", () => {});
const findings = offenses.map(({ check, message, severity, start, uri }) => ({
  check,
  message,
  severity,
  file: decodeURIComponent(uri).split("/").slice(-2).join("/"),
  line: start.line + 1,
}));
process.stdout.write(JSON.stringify(findings));
