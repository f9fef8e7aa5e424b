// One conversation with one server: started, ended, begun again. Tells its state to whoever listens.
import * as vscode from "vscode";
import {
  type CloseHandlerResult,
  CloseAction,
  ErrorAction,
  type ClientCapabilities,
  type ErrorHandler,
  type ExecuteCommandParams,
  LanguageClient,
  type Middleware,
  type LanguageClientOptions,
  State,
  type StaticFeature,
} from "vscode-languageclient/node";
import { findServer, NotFound } from "./program";
import type { ServerCommands, Status } from "./protocol";
import { languageIsOff } from "./statusBar";

const RESTARTS = 4; // within RESTART_WINDOW_MS; then the user decides
const RESTART_WINDOW_MS = 180_000;

// Asks the server for rigpilot/status.
class StatusFeature implements StaticFeature {
  fillClientCapabilities(capabilities: ClientCapabilities): void {
    capabilities.experimental = { ...(capabilities.experimental as object | undefined), rigpilotStatus: true };
  }
  initialize(): void {}
  getState(): { kind: "static" } {
    return { kind: "static" };
  }
  clear(): void {}
}

type AskServer = Parameters<NonNullable<Middleware["provideInlineCompletionItems"]>>[4];

interface Offered {
  uri: string;
  items: object[];
  at: number; // which of them shows
  askedFor: boolean;
}

export class Session implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private offered: Offered | undefined; // the latest
  private turning = 0; // how many further the user went, before the others were there
  private ends: number[] = []; // when the server ended by itself
  private readonly listeners = new vscode.EventEmitter<Status>();
  readonly onStatus = this.listeners.event;
  readonly log = vscode.window.createOutputChannel("Rigpilot", { log: true });

  constructor(private readonly extensionFolder: string) {}

  async start(): Promise<void> {
    await this.stop();
    this.tell({ state: "loading", message: "Starting the server", model: "" });
    try {
      const client = this.makeClient();
      this.client = client;
      client.onNotification("rigpilot/status", (status: Status) => {
        this.tell(status);
      });
      await client.start();
    } catch (error) {
      this.failed(error);
    }
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (!client) return;
    try {
      if (client.needsStop()) await client.stop(5000);
      await client.dispose(1000);
    } catch (error) {
      this.log.warn(`Ending the server: ${String(error)}`);
    }
  }

  // undefined: there is no server, or it said why not (the user is told).
  async ask<Command extends keyof ServerCommands>(command: Command, ...args: unknown[]): Promise<ServerCommands[Command] | undefined> {
    if (this.client?.state !== State.Running) {
      void vscode.window.showWarningMessage("Rigpilot's server does not run.", "Show Log", "Restart").then((choice) => {
        if (choice === "Restart") void this.start();
        else if (choice) this.log.show();
      });
      return undefined;
    }
    try {
      const params: ExecuteCommandParams = { command, arguments: args };
      return await this.client.sendRequest<ServerCommands[Command]>("workspace/executeCommand", params);
    } catch (error) {
      void vscode.window.showErrorMessage(`Rigpilot: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }

  dispose(): void {
    void this.stop();
    this.listeners.dispose();
    this.log.dispose();
  }

  private makeClient(): LanguageClient {
    const server = findServer(vscode.workspace.getConfiguration("rigpilot"), this.extensionFolder);
    const options: LanguageClientOptions = {
      documentSelector: [{ scheme: "file" }, { scheme: "untitled" }, { scheme: "vscode-remote" }, { scheme: "vscode-notebook-cell" }],
      outputChannel: this.log,
      initializationOptions: vscode.workspace.getConfiguration().get("rigpilot"),
      errorHandler: this.errorHandler(),
      middleware: { provideInlineCompletionItems: (...asked) => this.provide(...asked) },
      initializationFailedHandler: (error) => {
        this.failed(error);
        return false;
      },
    };
    const client = new LanguageClient("rigpilot", "Rigpilot", server.kind === "rig" ? server.open : server.executable, options);
    client.registerFeature(new StatusFeature());
    return client;
  }

  // The user waved the suggestion away (Escape): the server does not bring it back there by typing.
  dismissed(): void {
    const editor = vscode.window.activeTextEditor;
    const { offered } = this;
    if (!editor || !offered || offered.uri !== editor.document.uri.toString()) return;
    const { line, character } = editor.selection.active;
    const params = { textDocument: { uri: offered.uri }, position: { line, character }, item: offered.items[offered.at] };
    void this.client?.sendNotification("rigpilot/didDismiss", params);
  }

  // The user went to another one: it is the one that stays while it is typed through.
  turned(step: 1 | -1): void {
    const { offered } = this;
    const uri = vscode.window.activeTextEditor?.document.uri.toString();
    if (!offered || offered.uri !== uri) return;
    this.turning += step;
    if (offered.askedFor) this.turn(offered);
  }

  private turn(offered: Offered): void {
    const count = offered.items.length;
    offered.at = (((offered.at + this.turning) % count) + count) % count;
    this.turning = 0;
    this.tellShown();
  }

  private tellShown(): void {
    if (this.offered) void this.client?.sendNotification("textDocument/didShowCompletion", { item: this.offered.items[this.offered.at] });
  }

  // VS Code does not say what it shows: what it still wants when it gets it, it shows.
  private async provide(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
    next: AskServer,
  ): Promise<vscode.InlineCompletionList | vscode.InlineCompletionItem[] | null | undefined> {
    if (languageIsOff(document)) return null; // the server knows one configuration, folders of a workspace may differ
    const result = await next(document, position, context, token);
    const items = ((Array.isArray(result) ? result : result?.items) ?? []).flatMap(({ insertText, command }) =>
      command ? [{ insertText, command: { title: command.title, command: command.command, arguments: command.arguments } }] : [],
    );
    if (items.length > 0 && !token.isCancellationRequested) {
      this.offered = { uri: document.uri.toString(), items, at: 0, askedFor: context.triggerKind === vscode.InlineCompletionTriggerKind.Invoke };
      if (!this.offered.askedFor) this.turning = 0;
      this.turn(this.offered);
      void vscode.commands.executeCommand("setContext", "rigpilot.suggested", true);
    }
    return result;
  }

  private errorHandler(): ErrorHandler {
    return {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => this.ended(),
    };
  }

  // The server ended by itself: it is started again, a few times, and the user is told.
  private ended(): CloseHandlerResult {
    const now = Date.now();
    this.ends = [...this.ends.filter((at) => now - at < RESTART_WINDOW_MS), now];
    if (this.ends.length <= RESTARTS) {
      const message = "The server ended by itself and was started again";
      this.tell({ state: "loading", message, model: "" });
      void vscode.window.showWarningMessage(`Rigpilot: ${message}.`, "Show Log").then((choice) => {
        if (choice) this.log.show();
      });
      return { action: CloseAction.Restart, message: `${message}.`, handled: true };
    }
    const message = `The server ended ${this.ends.length} times in ${RESTART_WINDOW_MS / 60_000} minutes`;
    this.tell({ state: "error", message, model: "", wayOut: { title: "Show Log", command: "rigpilot.showLog" } });
    return { action: CloseAction.DoNotRestart, message: `${message}.`, handled: true };
  }

  private failed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const wayOut =
      error instanceof NotFound ? { title: "Choose the Program…", command: "rigpilot.chooseProgram" } : { title: "Show Log", command: "rigpilot.showLog" };
    this.log.error(message);
    this.tell({ state: "error", message, model: "", wayOut });
  }

  private tell(status: Status): void {
    this.listeners.fire(status);
  }
}
