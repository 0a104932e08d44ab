// What a vault said before it took what its signer has lost comes again with the receipts that it was signed with.
import { describe, expect, it } from 'vitest';
import {
  type Chain,
  findRealignment,
  judgeMessage,
  lookAhead,
  type Message,
  messageHash,
  planResumption,
  recordReceived,
  recordSent,
  START,
  suspectSelf,
  UNACKNOWLEDGED_MAX,
} from '../../src/index.ts';
import { made } from './samples.ts';
import { CHARTER, carry, claim, headerOf, hear, hello, make, talk } from './talk.ts';

/** One connection: the signer hears the vault's hello, and is sent again what the vault has not acknowledged. */
function connect(signer: Chain, vault: Chain): { signer: Chain; kinds: string[] } {
  let chain = hear(signer, hello(vault));
  const kinds: string[] = [];
  for (const message of vault.sent) {
    const judged = judgeMessage(chain, CHARTER, message);
    kinds.push(judged.kind === 'fault' ? judged.fault.code : judged.kind);
    if (judged.kind === 'new') chain = recordReceived(chain, message, judged.received.header);
    else if (judged.kind !== 'ahead') break;
    else {
      chain = lookAhead(chain, judged);
      if (judged.isProof) break;
    }
  }
  return { signer: chain, kinds };
}

describe('a vault that sends again what it said before it took the messages that its signer has lost', () => {
  /** The vault had taken 7 of the signer's, said three things, and took 9 in the meantime; then it says one more. */
  function part(receipts: readonly number[] = [7, 7, 8]): { vault: Chain; own: readonly Message[] } {
    let { vault, signer } = talk(5);
    const own: Message[] = [];
    while (vault.theirs.seq < 9) {
      for (const receipt of receipts)
        if (receipt === vault.theirs.seq) vault = recordSent(vault, make(vault));
      own.push(make(signer));
      [signer, vault] = carry(signer, vault);
    }
    return { vault: recordSent(vault, make(vault)), own };
  }

  it.each([5, 2, 0])(
    'is looked at, believed, and taken from the first on, by a copy that knows %i turns',
    (known) => {
      const { vault } = part();
      const first = connect(talk(known).signer, vault);
      expect(first.kinds).toEqual(['ahead', 'ahead', 'ahead', 'ahead']);
      expect(first.signer).toMatchObject({ mine: { seq: 9 }, theirs: { seq: 5 }, isShown: true });
      // Nothing was taken: what signed messages came to is what it was.
      const { line: _, ...ends } = talk(known).signer;
      expect(first.signer.proven).toEqual(ends);
      const second = connect(first.signer, vault);
      expect(second.kinds).toEqual(['new', 'new', 'new', 'new']);
      expect(second.signer).toEqual({
        line: talk(0).signer.line,
        mine: vault.theirs,
        theirs: vault.mine,
        acknowledged: vault.theirs,
        sent: [],
      });
      const [after, before] = carry(second.signer, vault);
      carry(before, after);
    },
  );

  it('is answered where the vault stands, also after a break between two of them', () => {
    const { vault, own } = part();
    const [first, second, third, last] = vault.sent;
    if (!first || !second || !third || !last) throw new Error('nothing to send');
    let { signer } = connect(talk(2).signer, vault);
    signer = recordReceived(signer, first, headerOf(signer, first));
    expect(signer.proven).toBeUndefined();
    const answer = make(signer);
    expect(headerOf(vault, answer).seq).toBe(10);
    signer = recordSent(signer, answer);
    // A connection on which the answer is lost: the vault names 9, and the answer goes again.
    expect(findRealignment(signer, hello(vault))).toBeUndefined();
    expect(planResumption(signer, vault.theirs)).toEqual({ kind: 'resend', messages: [answer] });
    expect(suspectSelf(signer, vault.theirs)).toBeUndefined();
    // Whoever names a place that was lost is behind what the vault has shown, and goes nowhere.
    const [, , eighth] = own;
    if (!eighth) throw new Error('nothing was lost');
    const behind = { seq: 8, hash: messageHash(eighth.header) };
    expect(findRealignment(signer, claim(behind, 6))).toBeUndefined();
    expect(planResumption(signer, behind).kind).toBe('fault');
    expect(suspectSelf(signer, behind)).toBeUndefined();
    expect(suspectSelf(signer, { seq: 10, hash: made('x') })).toBe('CLONE');
    for (const message of [second, third, last])
      signer = recordReceived(signer, message, headerOf(signer, message));
    expect(signer.sent).toEqual([answer]);
    expect(signer.acknowledged).toEqual(vault.theirs);
    const heard = recordReceived(vault, answer, headerOf(vault, answer));
    const next = make(heard);
    expect(recordReceived(signer, next, headerOf(signer, next)).sent).toEqual([]);
  });

  it('never goes back in its receipts, and never says another hash of what it acknowledged', () => {
    const { vault, own } = part();
    const [first] = vault.sent;
    const [, , eighth] = own;
    if (!first || !eighth) throw new Error('nothing to send');
    let { signer } = connect(talk(2).signer, vault);
    signer = recordReceived(signer, first, headerOf(signer, first));
    const seven = signer.acknowledged;
    const says = (theirs: Chain['mine']) => {
      const after = { ...vault, mine: signer.theirs, sent: [], theirs };
      const judged = judgeMessage(signer, CHARTER, make(after));
      return judged.kind === 'fault' ? judged.fault.code : judged.kind;
    };
    expect(says(seven)).toBe('new');
    expect(says({ seq: 8, hash: messageHash(eighth.header) })).toBe('new');
    expect(says(signer.mine)).toBe('new');
    expect(says({ ...seven, hash: made('x') })).toBe('BAD_RECEIPT');
    expect(says({ ...seven, seq: 6 })).toBe('BAD_RECEIPT');
    expect(says({ ...signer.mine, hash: made('x') })).toBe('BAD_RECEIPT');
    expect(says({ ...signer.mine, seq: 10 })).toBe('BAD_RECEIPT');
    expect(says(START)).toBe('BAD_RECEIPT');
  });

  it('shows nothing for a place that somebody made up, takes no harm from it, and is taken when its own hello comes', () => {
    const { vault } = part();
    const { signer } = talk(2);
    const lie = hear(signer, { ...hello(vault), seq: 40, hash: made('x') });
    for (const message of vault.sent) expect(judgeMessage(lie, CHARTER, message).kind).not.toBe('new');
    const looked = vault.sent.reduce((chain, message) => {
      const judged = judgeMessage(chain, CHARTER, message);
      expect(judged).toMatchObject({ kind: 'ahead', isProof: false });
      return judged.kind === 'ahead' ? lookAhead(chain, judged) : chain;
    }, lie);
    expect(looked).toMatchObject({ theirs: lie.theirs, proven: lie.proven });
    const first = connect(looked, vault);
    expect(connect(first.signer, vault).kinds).toEqual(['new', 'new', 'new', 'new']);
    // Also where the place was shown already: another hello begins anew.
    const other = hear(first.signer, { ...hello(vault), seq: 40, hash: made('x') });
    expect([other.isShown, other.ahead]).toEqual([undefined, undefined]);
    expect(connect(connect(other, vault).signer, vault).kinds).toEqual(['new', 'new', 'new', 'new']);
  });

  it('is not shown by a message that does not follow the one before it', () => {
    const { vault } = part();
    const signer = hear(talk(2).signer, hello(vault));
    const [first, , third, last] = vault.sent;
    if (!first || !third || !last) throw new Error('nothing to send');
    const judged = judgeMessage(signer, CHARTER, first);
    if (judged.kind !== 'ahead') throw new Error(judged.kind);
    const looked = lookAhead(signer, judged);
    for (const message of [third, last])
      expect(judgeMessage(looked, CHARTER, message)).toMatchObject({ fault: { code: 'BAD_CHAIN' } });
    // The next connection begins with the first again.
    expect(connect(looked, vault).signer.isShown).toBe(true);
  });

  it('is taken also by a copy that has said something else under a number that was lost', () => {
    const { vault } = part();
    const { signer: copy } = talk(5);
    const signer = [1, 2, 3].reduce((chain) => recordSent(chain, make(chain, 2)), copy);
    const first = connect(signer, vault);
    expect(connect(first.signer, vault).kinds).toEqual(['new', 'new', 'new', 'new']);
  });

  it('leaves no more unacknowledged than anybody may', () => {
    const { vault } = part();
    const far = { seq: 7 + UNACKNOWLEDGED_MAX, hash: made('x') };
    const [first] = vault.sent;
    if (!first) throw new Error('nothing to send');
    const hearing = (seq: number) => hear(talk(2).signer, { ...hello(vault), ...far, seq });
    expect(judgeMessage(hearing(far.seq), CHARTER, first).kind).toBe('ahead');
    expect(judgeMessage(hearing(far.seq + 1), CHARTER, first)).toMatchObject({
      fault: { code: 'BAD_RECEIPT' },
    });
  });
});
