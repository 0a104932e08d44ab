/** Makes a registration as a requester's backend would: the destination, signed by the requester. */
import type { CharterInForce } from '@coldwire/policy';
import { encode, hashRegistration, type Register, Registration } from '@coldwire/protocol';
import { openRequester, readDestination } from './intent.ts';

export interface RegistrationWish {
  readonly requesterKey: string;
  readonly requester: string;
  readonly address: string;
}

/** @throws Failure if the address is none of the charter's network, or the key none of the requester's */
export function makeRegistration(wish: RegistrationWish, charter: CharterInForce): Register {
  const key = openRequester(wish, charter);
  const script = readDestination(wish.address, charter);
  const registration = encode(Registration, { requester: wish.requester, script });
  return { registration, signature: key.sign(hashRegistration(charter.first, registration)) };
}
