/** One thing that is timed. Only `run` counts; `prepare` and `finish` stand outside the clock. */
export interface Case {
  /** Makes fresh inputs for `count` operations: no string or object is used twice. */
  prepare?(count: number): void | Promise<void>
  run(count: number): void | Promise<void>
  /** Checks the answers. Throws when what was timed did not do what it should. */
  finish?(): void | Promise<void>
}

/** What a contender's module makes in its own process. */
export interface Stand {
  readonly cases: Readonly<Record<string, Case>>
  /** What can be asked of it besides: open a port, move the clock. */
  readonly calls?: Readonly<Record<string, (argument: never) => unknown>>
  close?(): void | Promise<void>
}

/** Every contender's module exports one of these as `open`. The setup is plain JSON. */
export type OpenStand<Setup> = (setup: Setup) => Stand | Promise<Stand>

/** What a number of operations took, in microseconds. */
export interface Sample {
  /** CPU time of the whole process: all threads, and garbage collection. */
  readonly cpu: number
  readonly wall: number
}

export type Request =
  | { readonly kind: 'open'; readonly module: string; readonly setup: unknown }
  | { readonly kind: 'batch'; readonly name: string; readonly count: number }
  | { readonly kind: 'call'; readonly name: string; readonly argument: unknown }
  | { readonly kind: 'cpu' }
  | { readonly kind: 'close' }

export type Answer = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: string }
