/**
 * Random walks over every step of the queue against a simulated chain whose miner is free to take any transaction that a
 * signer may have signed, given up or not, and to reorganize. Whatever happens, nothing is paid twice.
 */
import { decode, SignRequest, toHex } from '@coldwire/protocol';
import { type Outpoint, outpointKey } from '@coldwire/wallet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inForm } from '../../../../test/world/form.ts';
import { createDraw, type Draw } from '../../src/coins/draw.ts';
import { type PlanResult, planBump, planCancel, planRegroup, prepareDraft } from '../../src/draft/index.ts';
import {
  askPeer,
  type Batch,
  findBatch,
  getBatch,
  giveUpBatch,
  isBeingReplaced,
  listWithdrawals,
  openBatches,
  type Purpose,
  rebuildWithdrawals,
  recordBroadcast,
  recordChainEvents,
  recordCleared,
  recordDraft,
  recordRefused,
  recordSigned,
  recordVerdict,
  type Store,
  spendableCoins,
  submitIntent,
  takeBatch,
} from '../../src/queue/index.ts';
import { contextOf, fill, hashAt, makeIntent, makeQueue, scripts } from '../fixture.ts';

const BURIAL = 4;

interface Mined {
  readonly height: number;
  readonly branch: number;
  readonly batches: readonly Batch[];
}

class Walk {
  readonly store: Store;
  readonly draw: Draw;
  readonly chain: Mined[] = [];
  submitted = 0;
  requests = 0;
  branch = 0;
  confirmedEver = 0;

  constructor(store: Store, seed: Uint8Array) {
    this.store = store;
    this.draw = createDraw(seed);
  }

  pick<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : items[this.draw.below(items.length)];
  }

  allBatches(): readonly Batch[] {
    const found: Batch[] = [];
    for (let id = 1; ; id += 1) {
      const batch = findBatch(this.store, id);
      if (batch === undefined) return found;
      found.push(batch);
    }
  }

  requestId(): Uint8Array {
    this.requests += 1;
    const id = fill(0);
    new DataView(id.buffer).setUint32(0, this.requests);
    return id;
  }

  submit(): void {
    const signed = makeIntent({ seed: this.submitted, amount: 30_000n });
    this.submitted += 1;
    const result = submitIntent(this.store, signed);
    if (result.kind !== 'created') throw new Error(result.kind);
    const decisions = [{ kind: 'cleared', id: result.withdrawal.id } as const];
    recordVerdict(this.store, { screen: 'screen1', issued: 100, decisions });
  }

  record(plan: PlanResult, purpose: Purpose, replaces: number | null): void {
    if (plan.kind !== 'planned') return;
    recordDraft(this.store, {
      prepared: prepareDraft(plan.draft, [], scripts),
      purpose,
      replaces,
      burial: BURIAL,
    });
  }

  context() {
    const coins = spendableCoins(this.store, { unconfirmedChange: this.draw.below(2) === 0, admittedBy: [] });
    return contextOf(this.store, {
      coins,
      changeIndex: this.draw.below(8),
      seed: fill(this.draw.below(250)),
    });
  }

  pay(): void {
    const caps = { maxIntents: 1 + this.draw.below(3), amountPerTransaction: 10n ** 9n, burial: BURIAL };
    const take = takeBatch(this.store, caps);
    if (take.withdrawals.length === 0) return;
    this.record(planRegroup(this.context(), take.withdrawals, take.required), 'payment', null);
  }

  replace(purpose: 'bump' | 'cancel'): void {
    const before = this.pick(openBatches(this.store).filter(({ status }) => status === 'broadcast'));
    if (before === undefined || isBeingReplaced(this.store, before)) return;
    const decoded = decode(SignRequest, before.request);
    if (!decoded.ok) throw new Error('a stored request is damaged');
    const predecessor = { draft: decoded.value.draft, fee: before.fee, vsize: before.vsize };
    const planner = purpose === 'bump' ? planBump : planCancel;
    if (before.intents.length === 0 && purpose === 'bump') return;
    const plan = planner({ ...this.context(), coins: [] }, predecessor);
    if (plan.kind === 'planned' && this.isNew(plan)) this.record(plan, purpose, before.id);
  }

  isNew(plan: PlanResult): boolean {
    if (plan.kind !== 'planned') return false;
    const { txid } = prepareDraft(plan.draft, [], scripts);
    const same = this.allBatches().find((batch) => toHex(batch.txid) === toHex(txid));
    return same === undefined || same.status === 'abandoned' || same.status === 'refused';
  }

  answer(): void {
    const batch = this.pick(
      openBatches(this.store).filter(({ status }) => ['drafted', 'signing'].includes(status)),
    );
    if (batch === undefined) return;
    const signer = this.pick(['A', 'B', 'C']) ?? 'A';
    askPeer(this.store, batch.id, 'signer', signer, this.requestId());
    const before = getBatch(this.store, batch.id).peers.find(({ name }) => name === signer);
    if (before?.answer === 'done') return;
    const outcome = this.draw.below(4);
    if (outcome === 0) recordRefused(this.store, batch.id, 'signer', signer, ['FROZEN']);
    else if (outcome < 3) recordSigned(this.store, batch.id, signer, fill(signer.charCodeAt(0), 20));
  }

  giveUp(): void {
    const states = ['drafted', 'signing', 'signed', 'cleared'];
    const batch = this.pick(openBatches(this.store).filter(({ status }) => states.includes(status)));
    if (batch !== undefined)
      giveUpBatch(this.store, batch.id, { refused: [], codes: ['LOCKED'], notBefore: 0 });
  }

  advance(): void {
    const batch = this.pick(
      openBatches(this.store).filter(({ status }) => ['signed', 'cleared'].includes(status)),
    );
    if (batch?.status === 'signed') {
      askPeer(this.store, batch.id, 'gate', 'gate1', this.requestId());
      const cleared = { message: fill(1), txid: batch.txid, transaction: fill(2, 80) };
      recordCleared(this.store, batch.id, 'gate1', cleared);
    } else if (batch?.status === 'cleared') {
      recordBroadcast(this.store, batch.id);
    }
  }

  spentInChain(): ReadonlyMap<string, number> {
    return new Map(
      this.chain.flatMap(({ height, batches }) =>
        batches.flatMap(({ inputs }) => inputs.map((input) => [outpointKey(input), height] as const)),
      ),
    );
  }

  /** Any transaction that somebody may have signed and whose coins are there. */
  minable(): readonly Batch[] {
    const spent = this.spentInChain();
    const mined = new Set(this.chain.flatMap(({ batches }) => batches.map(({ txid }) => toHex(txid))));
    const ours = new Set(this.allBatches().map(({ txid }) => toHex(txid)));
    const there = (input: Outpoint) =>
      !spent.has(outpointKey(input)) && (!ours.has(toHex(input.txid)) || mined.has(toHex(input.txid)));
    return this.allBatches().filter(({ inputs, exposed, peers }) => {
      const signable = exposed || peers.some(({ answer }) => answer !== 'refused');
      return signable && inputs.every(there);
    });
  }

  mine(batch: Batch | undefined): void {
    const height = 101 + this.chain.length;
    const batches = batch === undefined ? [] : [batch];
    this.chain.push({ height, branch: this.branch, batches });
    recordChainEvents(this.store, [
      { kind: 'connected', height, hash: hashAt(height, this.branch) },
      ...batches.flatMap(({ txid, inputs }) =>
        inputs.map((outpoint) => ({ kind: 'spent', outpoint, by: txid, height }) as const),
      ),
    ]);
  }

  reorganize(): void {
    const depth = Math.min(this.draw.below(BURIAL - 1) + 1, this.chain.length);
    for (let i = 0; i < depth; i += 1) {
      const block = this.chain.pop();
      if (block === undefined) break;
      const { height, branch } = block;
      recordChainEvents(this.store, [{ kind: 'disconnected', height, hash: hashAt(height, branch) }]);
    }
    this.branch = (this.branch + 1) % 250;
    // The new branch is longer, as it must be to win.
    for (let i = 0; i <= depth; i += 1)
      this.mine(this.draw.below(2) === 0 ? this.pick(this.minable()) : undefined);
  }

  step(): void {
    const steps = [
      () => this.submit(),
      () => this.pay(),
      () => this.pay(),
      () => this.answer(),
      () => this.answer(),
      () => this.answer(),
      () => this.advance(),
      () => this.advance(),
      () => this.giveUp(),
      () => this.replace('bump'),
      () => this.replace('cancel'),
      () => this.mine(this.pick(this.minable())),
      () => this.mine(undefined),
      () => this.reorganize(),
    ];
    this.pick(steps)?.();
  }

  check(): void {
    const rows = listWithdrawals(this.store, { state: null, after: null, limit: 1000 });
    expect(rebuildWithdrawals(this.store)).toEqual(rows);
    const paid = this.chain.flatMap(({ batches }) => batches.flatMap(({ intents }) => intents.map(toHex)));
    expect(new Set(paid).size).toBe(paid.length);
    const confirmed = rows.filter(({ state }) => state === 'confirmed').map(({ id }) => toHex(id));
    expect(confirmed.sort()).toEqual(paid.sort());
    this.confirmedEver = Math.max(this.confirmedEver, confirmed.length);
    const mined = new Set(this.chain.flatMap(({ batches }) => batches.map(({ id }) => id)));
    for (const { id, status } of this.allBatches()) expect(status === 'confirmed').toBe(mined.has(id));
  }
}

describe('any sequence of steps', () => {
  it('pays every withdrawal at most once, and rows stay the fold of their events', () => {
    let confirmed = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 8, maxLength: 8 }), (seed) => {
        const store = makeQueue(5);
        store.db.execute('PRAGMA synchronous = OFF'); // no power is cut here, and there are thousands of steps
        const walk = new Walk(store, seed);
        for (let i = 0; i < 90; i += 1) {
          walk.step();
          if (i % 10 === 9) walk.check();
        }
        confirmed += walk.confirmedEver;
      }),
      { numRuns: inForm(20, 400) },
    );
    expect(confirmed).toBeGreaterThan(40);
  });
});
