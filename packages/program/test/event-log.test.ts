import { describe, expect, it } from 'vitest';
import { BURST, EventLog, TEXT_MAX } from '../src/event-log.ts';

/** What a terminal, a log viewer or a person's eye could be fooled by. */
const HOSTILE = [
  '\u001b[2J\u001b]0;title\u0007',
  'one\rtwo\nthree\u2028four',
  '\u202eabc\u2066x\u2069',
  'א1 א2',
  '\u{e0041}\u200b',
  '\ud800',
];

function makeLog() {
  const lines: string[] = [];
  let now = 0;
  const log = new EventLog({ write: (line) => lines.push(line), now: () => now });
  return {
    log,
    lines,
    pass: (ms: number) => {
      now += ms;
    },
  };
}

describe('a line', () => {
  it.each(HOSTILE)(
    'with the hostile text %j is one line of printable characters that means the same',
    (text) => {
      const { log, lines } = makeLog();
      log.often('alarm', text, { code: text, [text]: text, facts: { list: [text] } });
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^[\x20-\x7e]+\n$/);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({
        event: 'alarm',
        code: text,
        facts: { list: [text] },
      });
    },
  );

  it('is of bounded length, whatever a peer has to say', () => {
    const { log, lines } = makeLog();
    log.event('notice', { detail: '\u001b'.repeat(1_000_000), bytes: 1_000_000 });
    expect(lines[0]?.length).toBeLessThan(6 * TEXT_MAX + 200);
    expect(lines[0]).toContain('(1000000 characters)');
  });
});

describe('what comes often', () => {
  it('is said so many times a minute, then counted, and the count is said', () => {
    const { log, lines, pass } = makeLog();
    for (let i = 0; i < BURST + 70; i++) log.often('connected', '');
    expect(lines).toHaveLength(BURST);
    log.often('alarm', 'FRAME_CRC', { code: 'FRAME_CRC' });
    expect(lines).toHaveLength(BURST + 1);
    pass(60_001);
    log.often('connected', '');
    expect(lines.slice(-2).map((line) => JSON.parse(line))).toEqual([
      { event: 'left-out', what: 'connected ', lines: 70 },
      { event: 'connected' },
    ]);
  });

  it('fills no memory with kinds that a peer makes up', () => {
    const { log, lines } = makeLog();
    for (let i = 0; i < 10_000; i++) log.often('alarm', `CODE_${i}`);
    expect(lines.length).toBeLessThanOrEqual(256 + BURST);
    log.flush();
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ event: 'left-out', what: 'anything else' });
  });

  it('does not hide what the machine itself does', () => {
    const { log, lines } = makeLog();
    for (let i = 0; i < 100; i++) log.event('signed', { txid: String(i) });
    expect(lines).toHaveLength(100);
  });
});
