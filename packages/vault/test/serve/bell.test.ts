import { expect, test } from 'vitest';
import { Bell } from '../../src/serve/bell.ts';
import { homeGate } from '../../src/serve/home.ts';

test('a ring between looking and waiting is not lost', async () => {
  const bell = new Bell();
  const seen = bell.rings;
  bell.ring();
  const started = performance.now();
  await bell.after(seen, 60_000);
  expect(performance.now() - started).toBeLessThan(30_000);
});

test('one ring wakes everybody who waits, and silence ends by itself', async () => {
  const bell = new Bell();
  const all = [bell.after(0, 60_000), bell.after(0, 60_000)];
  bell.ring();
  await Promise.all(all);
  await bell.after(bell.rings, 5);
});

test('the home gate is the first four bytes of the id, big-endian, modulo the number of gates', () => {
  const gate = { name: 'g', key: new Uint8Array(32), sealKey: new Uint8Array(32) };
  const id = Uint8Array.from([0, 0, 1, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]);
  expect(homeGate({ gates: [gate, gate] }, id)).toBe(0);
  expect(homeGate({ gates: [gate, gate, gate] }, id)).toBe(258 % 3);
});
