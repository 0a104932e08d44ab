import { describe, expect, it } from 'vitest';
import { makeOutput, toJsonLine } from '../src/output.ts';

function sink() {
  const parts: string[] = [];
  return { parts, write: (text: string) => parts.push(text) };
}

describe('toJsonLine', () => {
  it('writes amounts as decimal strings and bytes as hex, at any depth', () => {
    expect(
      toJsonLine({ fee: 2_100_000_000_000_000n, txs: [{ raw: Uint8Array.of(0, 255) }], none: null }),
    ).toBe('{"fee":"2100000000000000","txs":[{"raw":"00ff"}],"none":null}');
  });
});

describe('makeOutput', () => {
  it('prints the answer for people on stdout and progress on stderr', () => {
    const [out, err] = [sink(), sink()];
    const output = makeOutput(false, out, err);
    output.progress('mining');
    output.answer({ height: 3 }, () => 'height 3\ndone');
    expect(out.parts).toEqual(['height 3\ndone\n']);
    expect(err.parts).toEqual(['mining\n']);
  });

  it('prints one JSON line on stdout, and progress as JSON on stderr, when asked to', () => {
    const [out, err] = [sink(), sink()];
    const output = makeOutput(true, out, err);
    output.progress('mining');
    output.answer({ height: 3 }, () => 'height 3');
    expect(out.parts).toEqual(['{"height":3}\n']);
    expect(err.parts).toEqual(['{"event":"progress","text":"mining"}\n']);
  });

  it('escapes what people see', () => {
    const out = sink();
    makeOutput(false, out, sink()).answer(null, () => 'label \u001b[31m\nnext');
    expect(out.parts.join('')).not.toContain('\u001b');
    expect(out.parts.join('').split('\n')).toHaveLength(3);
  });
});
