// A signer that has lost its memory goes on from where the vault's hello says that the line stands; nothing else makes it.
import { describe, expect, it } from 'vitest';
import {
  type Chain,
  CLAIM_MAX,
  findRealignment,
  isReturn,
  judgeMessage,
  planResumption,
  type Resume,
  realignChain,
  recordReceived,
  recordSent,
  START,
} from '../../src/index.ts';
import { made } from './samples.ts';
import { CHARTER, carry, claim, headerOf, hear, hello, make, talk } from './talk.ts';

describe('a line whose signer runs on an older copy', () => {
  it.each([0, 1, 3])('goes on from where the vault stands, when the copy knows %i turns of five', (known) => {
    const { vault } = talk(5);
    const { signer } = talk(known);
    const positions = findRealignment(signer, hello(vault));
    if (positions === undefined) throw new Error('nothing was found');
    let ours = realignChain(signer, positions);
    let theirs = vault;
    expect([ours.mine.seq, ours.theirs.seq, ours.sent.length]).toEqual([5, 5, 0]);
    [ours, theirs] = carry(ours, theirs);
    [theirs, ours] = carry(theirs, ours);
    expect(findRealignment(ours, hello(theirs))).toBeUndefined();
  });

  it('is not what a line is on which messages are under way', () => {
    const { vault, signer } = talk(3);
    expect(findRealignment(signer, hello(vault))).toBeUndefined();
    const ahead = recordSent(signer, make(signer));
    expect(findRealignment(ahead, hello(vault))).toBeUndefined();
    expect(findRealignment(recordSent(vault, make(vault)), hello(signer))).toBeUndefined();
  });

  it('needs both places: a hello that names one finds nothing', () => {
    const { vault } = talk(5);
    const { theirs } = vault;
    expect(findRealignment(talk(1).signer, { ...theirs })).toBeUndefined();
  });

  it('shows also where the copy said something else under the same number', () => {
    const { vault } = talk(5);
    const other = talk(4);
    const signer = recordSent(other.signer, { ...make(other.signer), header: make(talk(2).signer).header });
    expect(findRealignment(signer, hello(vault))?.mine).toEqual(vault.theirs);
  });
});

describe('a place that somebody only claims', () => {
  const lies: readonly (readonly [string, (signer: Chain) => Resume])[] = [
    ['messages of the vault that are far ahead', ({ mine }) => claim(mine, CLAIM_MAX)],
    ['one message of the vault more', ({ mine, theirs }) => claim(mine, theirs.seq + 1)],
    [
      'own messages that are far ahead',
      ({ theirs }) => claim({ seq: CLAIM_MAX, hash: made('x') }, theirs.seq),
    ],
    [
      'another last message of its own',
      ({ mine, theirs }) => claim({ ...mine, hash: made('x') }, theirs.seq),
    ],
    ['another message before its last', ({ mine }) => claim({ seq: mine.seq - 1, hash: made('x') }, 0)],
    ['both', () => claim({ seq: 40, hash: made('x') }, 50)],
  ];

  it.each(lies)(
    'says %s: the next hello of the vault puts it right, with what was not delivered',
    (_, lie) => {
      const talked = talk(5);
      // Two messages of its own, of which the vault has the first.
      const first = make(talked.signer);
      let signer = recordSent(talked.signer, first);
      const vault = recordReceived(talked.vault, first, headerOf(talked.vault, first));
      signer = recordSent(signer, make(signer));
      const claimed = hear(hear(signer, lie(signer)), lie(signer));
      expect(claimed).not.toEqual(signer);
      const positions = findRealignment(claimed, hello(vault));
      if (positions === undefined) throw new Error('the line stays where nobody is');
      expect(isReturn(claimed, positions)).toBe(true);
      expect(realignChain(claimed, positions)).toEqual(signer);
      const plan = planResumption(signer, hello(vault));
      expect(plan).toEqual({ kind: 'resend', messages: signer.sent.slice(-1) });
      expect(findRealignment(signer, hello(vault))).toBeUndefined();
    },
  );

  it('of a line that lost its memory is right when a message is taken there, and a lie after it is taken back', () => {
    let { vault } = talk(5);
    let signer = hear(talk(2).signer, hello(vault));
    expect(signer.proven?.theirs.seq).toBe(2);
    // A lie in between, which fits what the copy knows.
    const older = talk(2).vault;
    expect(hear(signer, hello(older))).toEqual(talk(2).signer);
    signer = hear(hear(signer, hello(older)), hello(vault));
    [vault, signer] = carry(vault, signer);
    expect(signer.proven).toBeUndefined();
    const after = signer;
    signer = hear(hear(signer, claim(signer.mine, 2 ** 40)), hello(vault));
    expect(signer).toEqual(after);
    [signer, vault] = carry(signer, vault);
  });

  it('never lies before a message that was taken: none is taken twice', () => {
    const { vault: early } = talk(2);
    const old = make(early);
    const { signer, vault } = talk(5);
    // Exactly where the old message would be good: its own number, its receipt, what it follows.
    const said = claim(early.theirs, early.mine.seq, early.mine.hash);
    const claimed = hear(signer, said);
    expect(claimed.theirs).toEqual(signer.theirs);
    expect(judgeMessage(claimed, CHARTER, old)).toMatchObject({ fault: { code: 'REPLAY' } });
    const other = hear(signer, claim({ seq: 9, hash: made('x') }, signer.theirs.seq));
    expect(other.theirs).toEqual(signer.theirs);
    expect(hear(claimed, hello(vault))).toEqual(signer);
  });

  it('is never behind what the vault has acknowledged, nor another message of that number', () => {
    const { signer, vault } = talk(5);
    const { acknowledged } = signer;
    expect(acknowledged.seq).toBe(4);
    const says = (chain: Chain, mine: Chain['mine']) =>
      [0, 5, 50].map((theirs) => findRealignment(chain, claim(mine, theirs)));
    const further = hear(signer, claim({ seq: 40, hash: made('x') }, 50));
    const behind = [START, { seq: 3, hash: made('x') }, { ...acknowledged, hash: made('x') }];
    for (const place of behind) {
      expect(says(signer, place)).toEqual([undefined, undefined, undefined]);
      // Nor from a place that somebody else claimed.
      expect(says(further, place)).toEqual([undefined, undefined, undefined]);
    }
    expect(findRealignment(further, hello(vault))).toBeDefined();
  });

  it.each([0, 2, 4])(
    'would be no way back for a vault whose disk knows %i of five turns: what it says was said',
    (known) => {
      const { signer } = talk(5);
      const older = talk(known).vault;
      expect(findRealignment(signer, hello(older))).toBeUndefined();
      const judged = judgeMessage(signer, CHARTER, make(older, 2));
      expect(judged).toMatchObject({ kind: 'fault', fault: { code: known === 4 ? 'FORK' : 'REPLAY' } });
    },
  );

  it('leaves half of all numbers behind it', () => {
    const { signer } = talk(1);
    const far = { seq: CLAIM_MAX + 1, hash: made('x') };
    expect(findRealignment(signer, claim(far, 1))).toBeUndefined();
    expect(findRealignment(signer, claim(signer.mine, CLAIM_MAX + 1))).toBeUndefined();
    const furthest = hear(signer, claim({ ...far, seq: CLAIM_MAX }, CLAIM_MAX));
    expect(() => make(furthest)).not.toThrow();
    expect(Number.MAX_SAFE_INTEGER - CLAIM_MAX).toBeGreaterThan(2 ** 51);
  });
});
