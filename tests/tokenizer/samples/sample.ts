import type { Position, Range } from 'vscode';

type DeepPartial<T> = { [K in keyof T]?: T[K] extends object ? DeepPartial<T[K]> : T[K] };
interface Options<in out T = unknown> { readonly limit: number; map?: (value: T, index: number) => T | never }

export abstract class Store<T extends Record<string, unknown>> implements Iterable<T> {
  #items: T[] = [];
  constructor(private readonly options: DeepPartial<Options<T>> = {}) {}
  *[Symbol.iterator](): IterableIterator<T> { yield* this.#items as unknown as T[]; }
  abstract at(position: Position, within?: Range): Promise<T | undefined>;
  get size(): number { return this.#items.length ?? 0; }
}

enum Kind { None = 0, Some = 1 << 3, All = Some | 0b111 }
declare const kind: unique symbol;  // doesn't exist at run time
