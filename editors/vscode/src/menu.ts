// The menu behind the status bar item: what can be done now, in the order of how often it is wanted.
import * as vscode from "vscode";
import type { Status } from "./protocol";
import { languageIsOff, sentence } from "./statusBar";

interface Entry extends vscode.QuickPickItem {
  command: string;
}

// What the server calls a way out, as it is one here.
const OWN: Record<string, string> = { "rigpilot.server.models": "rigpilot.chooseModel" };

export function entries(status: Status): Entry[] {
  const language = vscode.window.activeTextEditor?.document.languageId;
  const list: Entry[] = [];
  const add = (label: string, command: string, description?: string) => {
    list.push({ label, command, ...(description ? { description } : {}) });
  };
  if (status.state === "error" && status.wayOut)
    add(`$(lightbulb) ${status.wayOut.title}`, OWN[status.wayOut.command] ?? status.wayOut.command, status.message);
  if (status.state === "paused") add("$(play) Resume suggestions", "rigpilot.resume");
  else if (status.state !== "error") add("$(debug-pause) Pause suggestions", "rigpilot.pause");
  if (language) add(languageIsOff() ? `$(check) Turn on for ${language}` : `$(circle-slash) Turn off for ${language}`, "rigpilot.toggleLanguage");
  add("$(package) Choose model…", "rigpilot.chooseModel", status.model);
  add("$(question) Why this suggestion?", "rigpilot.explain");
  add("$(graph) Statistics", "rigpilot.statistics");
  add("$(output) Show log", "rigpilot.showLog");
  add("$(settings-gear) Settings", "workbench.action.openSettings");
  add("$(debug-restart) Restart the server", "rigpilot.restart");
  return list;
}

export async function showMenu(status: Status): Promise<void> {
  const chosen = await vscode.window.showQuickPick(entries(status), { title: "Rigpilot", placeHolder: sentence(status) });
  if (!chosen) return;
  if (chosen.command === "workbench.action.openSettings") await vscode.commands.executeCommand(chosen.command, "@ext:rigpilot.rigpilot");
  else await vscode.commands.executeCommand(chosen.command);
}
