/** Tells the journey: to people on stdout, or with `--json` on stderr, so that stdout keeps its one last line. */
import process from 'node:process';
import { escapeText } from '@coldwire/program';

export interface Teller {
  /** A chapter of the story. */
  chapter(number: number, title: string): void;
  say(line: string): void;
}

export function makeTeller(json: boolean): Teller {
  const out = json ? process.stderr : process.stdout;
  const started = performance.now();
  const stamp = (): string => `${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s`;
  return {
    chapter: (number, title) => out.write(`\n${stamp()}  ${number}. ${escapeText(title)}\n`),
    say: (line) => out.write(`${stamp()}     ${escapeText(line)}\n`),
  };
}
