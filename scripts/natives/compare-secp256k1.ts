/**
 * Compares two builds of secp256k1's native file: every function that the signer calls, on the same random inputs, must give
 * the same codes and bytes. Usage: compare-secp256k1.ts ONE.node OTHER.node [ROUNDS]. Ends with 3 when they differ.
 */
import '@coldwire/program/runtime.ts';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { EXIT, Failure, runMain } from '@coldwire/program';
import { concatBytes, equalBytes } from '@coldwire/protocol';
import type { Secp256k1, Secp256k1File } from '@coldwire/signer/io/native-interface.ts';

const ROUNDS = 10_000;

function open(path: string): Secp256k1 {
  const holder: { exports: Partial<Secp256k1File> } = { exports: {} };
  process.dlopen(holder, resolve(path), constants.dlopen.RTLD_NOW);
  if (holder.exports.Secp256k1 === undefined) throw new Error(`${path} exports no Secp256k1`);
  return new holder.exports.Secp256k1();
}

/** Everything that one round gives: return codes and outputs. Throws of the file count as an answer. */
function answer(file: Secp256k1, key: Uint8Array, hash: Uint8Array, tweak: Uint8Array): Uint8Array {
  const publicKey = new Uint8Array(33);
  const sum = new Uint8Array(33);
  const privateSum = Uint8Array.from(key);
  const out = { signature: new Uint8Array(64), recid: 0 };
  const codes = [
    file.contextRandomize(tweak),
    file.privateKeyVerify(key),
    file.publicKeyCreate(publicKey, key),
    file.ecdsaSign(out, hash, key, undefined, undefined),
    file.ecdsaVerify(out.signature, hash, publicKey),
    file.ecdsaVerify(out.signature, tweak, publicKey),
    file.publicKeyTweakAdd(sum, publicKey, tweak),
    file.privateKeyTweakAdd(privateSum, tweak),
  ];
  return concatBytes(Uint8Array.from(codes), publicKey, out.signature, sum, privateSum);
}

runMain(async () => {
  const [one, other, rounds = String(ROUNDS)] = process.argv.slice(2);
  if (one === undefined || other === undefined || !/^[1-9]\d*$/.test(rounds)) {
    throw new Failure(EXIT.USAGE, {
      what: 'two files are needed',
      todo: 'compare-secp256k1.ts ONE.node OTHER.node [ROUNDS]',
    });
  }
  const files = [open(one), open(other)] as const;
  for (let round = 0; round < Number(rounds); round++) {
    const [key, hash, tweak] = [randomBytes(32), randomBytes(32), randomBytes(32)];
    if (equalBytes(answer(files[0], key, hash, tweak), answer(files[1], key, hash, tweak))) continue;
    process.stdout.write(`they differ: key ${key.toString('hex')}, hash ${hash.toString('hex')}\n`);
    return EXIT.REFUSED;
  }
  process.stdout.write(`equal in ${rounds} rounds of 8 calls\n`);
  return EXIT.DONE;
}, 'compare-secp256k1');
