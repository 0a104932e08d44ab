import { describe, expect, it } from 'vitest';
import { countLink } from '../../src/connection/link.ts';
import { CLEAN, feed, Line, patternBytes } from './line.ts';

describe('a damaged line', () => {
  for (const loss of [0, 0.01, 0.05, 0.1, 0.2, 0.3]) {
    it(`delivers everything once and in order, both ways, at ${loss * 100} % loss`, () => {
      const line = new Line({ seed: 1 + loss * 1000, delay: 3 });
      line.openBoth();
      line.run(1_000);
      line.damage = { ...CLEAN, loss };
      transfer(line, 40_000, 3_600_000);
    });
  }

  it('delivers everything once and in order with flips, frames twice and noise between them', () => {
    for (let seed = 0; seed < 20; seed++) {
      const line = new Line({ seed, delay: 2, damage: { loss: 0.03, flip: 0.05, twice: 0.1, noise: 0.1 } });
      line.openBoth();
      line.run(60_000, () => line.ends.initiator.ups.length > 0 && line.ends.responder.ups.length > 0);
      transfer(line, 20_000, 3_600_000);
    }
  });
});

function transfer(line: Line, length: number, within: number): void {
  const { initiator, responder } = line.ends;
  const out = patternBytes(length, 7);
  const back = patternBytes(length, 8);
  const feedOut = feed(line, initiator, out);
  const feedBack = feed(line, responder, back);
  const done = line.run(line.now + within, () => {
    feedOut();
    feedBack();
    return responder.delivered === length && initiator.delivered === length;
  });
  expect(done, JSON.stringify([countLink(initiator.link), countLink(responder.link), initiator.downs])).toBe(
    true,
  );
  expect(initiator.downs).toEqual([]);
  expect(Buffer.from(responder.received.at(-1) ?? []).equals(out)).toBe(true);
  expect(Buffer.from(initiator.received.at(-1) ?? []).equals(back)).toBe(true);
}
