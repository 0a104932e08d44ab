/**
 * The tree of block headers above the charter's checkpoint, and its branch of most work.
 * A header joins below a known parent only; branches never leave the tree, so that a proof made on one of them counts
 * again when that branch wins. Judging a header is `check-header.ts`; this file only keeps them.
 * Spec: protocol-spec/11-clock.md, "Header tree".
 */

import { PERIOD } from '@coldwire/protocol/clock/networks.ts';
import { targetOf, workOf } from '@coldwire/protocol/clock/work.ts';
import { type BlockHeader, displayTxid } from '@coldwire/wallet';

/** Immutable once made. */
export type HeaderNode = {
  /** The block hash in display order. */
  readonly id: string;
  readonly header: BlockHeader;
  readonly height: number;
  readonly parent: HeaderNode | null;
  /** First header of its period of 2,016, or the checkpoint if that is later; null when it is this one. */
  readonly periodStart: HeaderNode | null;
  /** Nearest ancestor with other bits: the runs between make the highest work of the last 2,016 cheap to find. */
  readonly otherBits: HeaderNode | null;
  /** Of this header alone, and with all before it since the checkpoint. */
  readonly work: bigint;
  readonly totalWork: bigint;
  /** Thousandths of a tick that the branch up to here is worth. */
  readonly totalWorth: number;
};

export type HeaderTree = {
  readonly nodes: Map<string, HeaderNode>;
  /** The branch of most work, checkpoint first; of two with equal work, the one seen first. */
  readonly best: HeaderNode[];
};

/** One tick. A header is worth at most this. */
export const MILLITICKS = 1000;

/** Blocks and transactions are shown alike: hexadecimal, bytes reversed. */
export const blockId: (hash: Uint8Array) => string = displayTxid;

/** @throws Error if the header's bits stand for no target; callers have checked them */
function headerWork(header: BlockHeader): bigint {
  const target = targetOf(header.bits);
  if (target === undefined) throw new Error('a header without a target cannot join the tree');
  return workOf(target);
}

/**
 * What a header is worth: its work against half of the highest of the 2,016 headers that end with it. A doubled
 * difficulty therefore halves nothing, and headers made cheap by a falling one count for less.
 */
function worthOf(work: bigint, height: number, otherBits: HeaderNode | null): number {
  let highest = work;
  for (let run = otherBits; run !== null && run.height > height - PERIOD; run = run.otherBits) {
    if (run.work > highest) highest = run.work;
  }
  const worth = (BigInt(2 * MILLITICKS) * work) / highest;
  return worth > BigInt(MILLITICKS) ? MILLITICKS : Number(worth);
}

export function makeNode(header: BlockHeader, parent: HeaderNode): HeaderNode {
  const height = parent.height + 1;
  const work = headerWork(header);
  const otherBits = parent.header.bits === header.bits ? parent.otherBits : parent;
  return {
    id: blockId(header.hash),
    header,
    height,
    parent,
    periodStart: height % PERIOD === 0 ? null : (parent.periodStart ?? parent),
    otherBits,
    work,
    totalWork: parent.totalWork + work,
    totalWorth: parent.totalWorth + worthOf(work, height, otherBits),
  };
}

export function createTree(checkpoint: BlockHeader, height: number): HeaderTree {
  const work = headerWork(checkpoint);
  const root: HeaderNode = {
    id: blockId(checkpoint.hash),
    header: checkpoint,
    height,
    parent: null,
    periodStart: null,
    otherBits: null,
    work,
    totalWork: work,
    totalWorth: 0,
  };
  return { nodes: new Map([[root.id, root]]), best: [root] };
}

export function tipOf(tree: HeaderTree): HeaderNode {
  const tip = tree.best.at(-1);
  if (tip === undefined) throw new Error('a header tree has a checkpoint');
  return tip;
}

/** The header of that height on the best branch, if the tree reaches it. */
export function bestAt(tree: HeaderTree, height: number): HeaderNode | undefined {
  const base = tree.best[0]?.height ?? 0;
  return height < base ? undefined : tree.best[height - base];
}

/** The block's header, if it is known and on the best branch. */
export function findBest(tree: HeaderTree, id: string): HeaderNode | undefined {
  const node = tree.nodes.get(id);
  return node !== undefined && bestAt(tree, node.height) === node ? node : undefined;
}

/** Changes the tree. */
export function addNode(tree: HeaderTree, node: HeaderNode): void {
  tree.nodes.set(node.id, node);
  if (node.totalWork <= tipOf(tree).totalWork) return;
  const branch: HeaderNode[] = [];
  let fork: HeaderNode = node;
  while (bestAt(tree, fork.height) !== fork) {
    branch.push(fork);
    if (fork.parent === null) throw new Error('a branch without the checkpoint');
    fork = fork.parent;
  }
  tree.best.length = fork.height - (tree.best[0]?.height ?? 0) + 1;
  // One by one: as the arguments of one call, a long branch would not fit on the stack.
  for (const one of branch.reverse()) tree.best.push(one);
}
