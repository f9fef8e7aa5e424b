// The commands of the palette and the menu.
import * as vscode from "vscode";
import { showMenu } from "./menu";
import { type Reports, statisticsText } from "./reports";
import type { Session } from "./session";
import { languageIsOff, type StatusBar } from "./statusBar";

export interface Parts {
  session: Session;
  statusBar: StatusBar;
  reports: Reports;
}

export function registerCommands(parts: Parts): vscode.Disposable {
  const { session, statusBar, reports } = parts;
  const table: Record<string, () => unknown> = {
    "rigpilot.menu": () => showMenu(statusBar.current),
    "rigpilot.pause": () => session.ask("rigpilot.server.pause"),
    "rigpilot.resume": () => session.ask("rigpilot.server.resume"),
    "rigpilot.toggleLanguage": toggleLanguage,
    "rigpilot.chooseModel": () => chooseModel(session),
    "rigpilot.chooseProgram": chooseProgram,
    "rigpilot.explain": () => explain(session, reports),
    "rigpilot.statistics": () => statistics(session, reports),
    "rigpilot.showLog": () => {
      session.log.show();
    },
    "rigpilot.restart": () => session.start(),
  };
  return vscode.Disposable.from(...Object.entries(table).map(([name, run]) => vscode.commands.registerCommand(name, run)));
}

// Kept in the settings, where it is seen and can be taken back.
async function toggleLanguage(): Promise<void> {
  const document = vscode.window.activeTextEditor?.document;
  if (!document) return;
  const settings = vscode.workspace.getConfiguration("rigpilot", document);
  const languages = { ...settings.get<Record<string, boolean>>("completion.languages", {}), [document.languageId]: languageIsOff() };
  await settings.update("completion.languages", languages, vscode.ConfigurationTarget.Global);
}

async function chooseModel(session: Session): Promise<void> {
  const models = await session.ask("rigpilot.server.models");
  if (!models) return;
  const file = { label: "$(file) A .gguf file…", name: "" };
  const choices = models.map((model) => ({
    label: model.loaded ? `$(check) ${model.name}` : model.name,
    description: model.detail,
    name: model.name,
  }));
  const placeHolder = models.length ? "The models of this machine's store" : "The store is empty: `rigpilot model pull OWNER/NAME` gets one";
  const chosen = await vscode.window.showQuickPick([...choices, file], { title: "Rigpilot: choose a model", placeHolder });
  if (!chosen) return;
  const name = chosen === file ? await pickFile({ GGUF: ["gguf"] }) : chosen.name;
  if (name) await session.ask("rigpilot.server.loadModel", name);
}

async function chooseProgram(): Promise<void> {
  const path = await pickFile();
  if (path) await vscode.workspace.getConfiguration("rigpilot").update("server.path", path, vscode.ConfigurationTarget.Global);
}

async function pickFile(filters?: Record<string, string[]>): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({ canSelectMany: false, ...(filters ? { filters } : {}) });
  return chosen?.[0]?.fsPath;
}

async function explain(session: Session, reports: Reports): Promise<void> {
  const text = await session.ask("rigpilot.server.explain");
  if (text !== undefined) await reports.show("/Why this suggestion.txt", text);
}

async function statistics(session: Session, reports: Reports): Promise<void> {
  const figures = await session.ask("rigpilot.server.statistics");
  if (figures) await reports.show("/Rigpilot statistics.txt", statisticsText(figures));
}
