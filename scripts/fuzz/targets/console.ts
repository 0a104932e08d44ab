/**
 * Lines of the signer's console. However the bytes come in pieces, the same requests come out; an answer is a name of the one
 * form, so it leads nowhere else; and a line of nonsense before an honest one changes nothing.
 */
import { COMMANDS, ConsoleLines } from '@coldwire/signer/run/console-lines.ts';
import { assertHolds, type Target } from '../target.ts';

const NAME = 'console-answer-0123456789abcdef';
const text = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));

export const target: Target = {
  seeds: [...COMMANDS, 'shout'].map((command) => text(`\n${command} ${NAME}\n`)),
  maxLength: 9000,
  run(input) {
    const ascii = input.every((byte) => byte < 0x80);
    const whole = new ConsoleLines();
    const requests: unknown[] = [];
    for (let at = 0; at < input.length; at += 4096) {
      for (const request of whole.push(input.subarray(at, at + 4096))) {
        assertHolds(/^console-answer-[0-9a-f]{16}$/.test(request.answer), 'an answer has the one form');
        requests.push(request);
      }
    }
    const pieces = new ConsoleLines();
    const again: unknown[] = [];
    for (let at = 0; at < input.length; at += 7) again.push(...pieces.push(input.subarray(at, at + 7)));
    // Cut within a letter of several bytes, the pieces read otherwise; no request holds such a letter.
    const same = JSON.stringify(requests) === JSON.stringify(again);
    assertHolds(same || !ascii || input.length > 4096, 'pieces give the same requests');
    const [honest, ...more] = whole.push(text(`\nstatus ${NAME}\n`)).slice(-1);
    assertHolds(honest?.command === 'status' && more.length === 0, 'an honest line is taken after anything');
  },
};
