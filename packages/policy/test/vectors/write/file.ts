/** Writes a vector of protocol-spec/vectors/policy/ that does not exist. One that exists is frozen. */
import { existsSync, writeFileSync } from 'node:fs';
import { format } from '../format.ts';

const FOLDER = new URL('../../../../../protocol-spec/vectors/policy/', import.meta.url);

export function write(
  name: string,
  rule: string,
  comment: string,
  make: () => Parameters<typeof format>[0],
): void {
  const file = new URL(`${name}.txt`, FOLDER);
  if (existsSync(file)) return;
  writeFileSync(file, format(make(), rule, comment));
}
