import { EXIT } from '@coldwire/program/exit.ts';
import { Failure } from '@coldwire/program/failure.ts';
import { describe, expect, it } from 'vitest';
import { openFirstCharter } from '../../src/charter/open.ts';
import { CUSTODIANS, charterAfter, mustLoad, sampleCharter, signedBy } from '../world.ts';

const charter = sampleCharter();
type Signed = ReturnType<typeof signedBy>;

/** What a program ends with that is started with this file. */
function failureOf(signed: Signed): Failure {
  try {
    openFirstCharter(signed, 'first.charter');
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it was opened');
}

describe('the first charter of a program', () => {
  it('is opened when every custodian has signed it', () => {
    expect(openFirstCharter(signedBy(charter, CUSTODIANS), 'x').hash).toEqual(mustLoad(charter).hash);
  });

  it('is bad input when it does not hold together, with every reason', () => {
    const policy = { ...charter.policy, maxInputs: 0, changeGap: 0 };
    expect(failureOf(signedBy({ ...charter, policy }, CUSTODIANS))).toMatchObject({
      exit: EXIT.BAD_INPUT,
      what: 'the charter does not hold together: policy: maxInputs is 0, must be 1 to 1024; policy: changeGap is 0, must be 1 to 10000',
      where: 'first.charter',
      todo: 'Have it built again: coldwire-charter build.',
    });
  });

  it('is refused when it is a later one, whoever signed', () => {
    expect(failureOf(signedBy(charterAfter(mustLoad(charter)), CUSTODIANS))).toMatchObject({
      exit: EXIT.REFUSED,
      what: 'it is a later charter (epoch 1); a machine starts with the first',
      where: 'first.charter',
      todo: 'Name the first charter. Later ones come over the line: coldwire-vault charter FILE.',
    });
  });

  it('is refused while signatures are missing, and says whose', () => {
    expect(failureOf(signedBy(charter, ['ben']))).toMatchObject({
      exit: EXIT.REFUSED,
      what: 'the charter is not in force: the signature of ada is missing; the signature of cyd is missing',
      where: 'first.charter',
      todo: 'Have the missing custodians sign it: coldwire-charter sign.',
    });
  });
});
