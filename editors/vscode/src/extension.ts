// Rigpilot in VS Code: a session with the server, its state in the status bar, and commands. Suggestions themselves go
// through VS Code's own inline completion. No network but the server's, no telemetry.
import * as vscode from "vscode";
import { registerCommands } from "./commands";
import { Reports } from "./reports";
import { Session } from "./session";
import { StatusBar } from "./statusBar";

const NEEDS_RESTART = ["rigpilot.server", "rigpilot.connect"];

let session: Session | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const statusBar = new StatusBar();
  const reports = new Reports();
  const running = new Session(context.extensionPath);
  session = running;
  context.subscriptions.push(
    statusBar,
    reports,
    running,
    running.onStatus((status) => {
      statusBar.show(status);
    }),
    registerCommands({ session: running, statusBar, reports }),
    vscode.commands.registerCommand("rigpilot.dismissed", () => {
      running.dismissed();
    }),
    vscode.commands.registerCommand("rigpilot.turned", (step: unknown) => {
      running.turned(step === -1 ? -1 : 1);
    }),
    vscode.window.onDidChangeActiveTextEditor(() => {
      statusBar.draw();
    }),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (NEEDS_RESTART.some((name) => change.affectsConfiguration(name))) void running.start();
      else if (change.affectsConfiguration("rigpilot")) statusBar.draw();
    }),
  );
  await running.start();
}

export async function deactivate(): Promise<void> {
  await session?.stop();
}
