/** Options that the one-shot commands share. */
import { InvalidArgumentError, Option } from 'commander';

/** Each may stand in the environment instead, so that a pipe's filters need not repeat them. None is a secret. */
export const CHARTER = new Option(
  '--charter <file>',
  'charter.cbor, signed by every custodian; given again for each later charter that is in force, oldest first',
)
  .env('COLDWIRE_CHARTER')
  .argParser((path: string, before: readonly string[] | undefined) => [...(before ?? []), path])
  .makeOptionMandatory();
export const KEY = new Option('--key <file>', "this vault's key file (coldwire-charter key vault)")
  .env('COLDWIRE_KEY')
  .makeOptionMandatory();
export const STATE = new Option('--state <dir>', 'its evidence logs; no other vault may use it meanwhile')
  .env('COLDWIRE_STATE')
  .makeOptionMandatory();

export const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}
