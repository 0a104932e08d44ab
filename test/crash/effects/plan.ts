/**
 * What is injected where: an effect is one step of a program that reaches disk, line or chain node, told by its label and by
 * how often that label came before. A plan travels to the program in the query of the preload's URL, so that its environment
 * and its arguments stay those of an operator.
 */

/**
 * `kill`: −9 before the effect. `kill-after`: −9 when the outside has seen it and the program not yet. `torn`: −9 when half of
 * its bytes are written. `enospc`, `eio`: the system refuses it, once, or from then on until the program is started again.
 * `lost`: the node did what it was asked to, but its answer does not come.
 */
export const FAULTS = [
  'kill',
  'kill-after',
  'torn',
  'enospc',
  'enospc-stays',
  'eio',
  'eio-stays',
  'lost',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface Effect {
  /** Class, then what it does to what: `write evidence-000000.cborseq`. */
  readonly label: string;
  /** 1 for the first effect with this label. */
  readonly nth: number;
}

export interface Plan {
  /**
   * Effects are appended to it as they come, one line each; beginning with `!` the one at which the fault was injected. Lines
   * that begin with `ACCUSED` are no effects but what the program must never do, in words.
   */
  readonly trace: string;
  /** What lies below it is the program's own. */
  readonly state: string;
  /** Paths of its ports, each with the name of its line. */
  readonly lines: readonly (readonly [path: string, name: string])[];
  /** URL of the chain node. */
  readonly node: string | null;
  /** The state directory is a small disk of its own, which the preload may fill to the last byte. */
  readonly small: boolean;
  /** The programs, one file each, and what Node compiled of them before. */
  readonly programs: string;
  readonly fault: (Effect & { readonly kind: Fault }) | null;
}

export const ACCUSED = '?';

/** The first row that fits counts. */
const KINDS: readonly (readonly [label: RegExp, kinds: readonly Fault[]])[] = [
  // A vault's log of one line; of other programs, of which each has one log and stays when its disk is full, below.
  [/^write lines\/.*cborseq$/, ['kill', 'torn', 'enospc', 'eio']],
  [/^write .*cborseq$/, ['kill', 'torn', 'enospc', 'enospc-stays', 'eio', 'eio-stays']],
  [/^write /, ['kill', 'torn', 'enospc', 'eio']],
  [/^(create|mkdir|mkfifo|link) /, ['kill', 'enospc', 'eio']],
  [/^(truncate|rename|remove) /, ['kill', 'eio']],
  [/^sync /, ['eio']],
  [/^commit INSERT INTO withdrawals,/, ['kill', 'kill-after', 'torn', 'enospc', 'eio']],
  [/^commit /, ['kill', 'torn', 'enospc', 'eio']],
  [/^close /, ['kill']],
  [/^line \S+ DATA/, ['torn', 'eio']],
  [/^line /, ['kill']],
  [/^rpc sendrawtransaction/, ['kill', 'kill-after', 'eio', 'lost']],
  [/^rpc /, ['eio']],
];

/**
 * What can happen at an effect. A program's own effects follow one another: what a kill behind one of them leaves is what a
 * kill before the next leaves, so `kill-after` is for the two where something else follows first: the answer to whoever asked
 * for a withdrawal, and the node's work. A sync changes nothing that a program started again sees, and a question to the node
 * changes nothing at all: they can only fail. Half a frame is to the other end what none is. Where a failure ends the
 * program, one that stays until the next start is the same.
 */
export function faultsOf(label: string): readonly Fault[] {
  const row = KINDS.find(([pattern]) => pattern.test(label));
  if (row === undefined) throw new Error(`an effect of no known class: ${label}`);
  return row[1];
}

export function isDisk(label: string): boolean {
  return !/^(line|rpc) /.test(label);
}

/** Whether it needs room on the disk. */
export function takesSpace(label: string): boolean {
  return faultsOf(label).includes('enospc');
}
