/**
 * Runs a script on a stack, under the rules by which nodes relay (Core's standard flags), which are stricter
 * than consensus. An opcode that is not in the tables below is refused, not guessed at: OP_CODESEPARATOR, the
 * upgradable NOPs, SHA-1 and the rarely used stack and number opcodes among them.
 */
import { hash160, hash256, ripemd160, sha256 } from '../primitives/hash.ts';
import { equal } from '../primitives/wire.ts';
import { Rejected } from '../rejected.ts';
import { decodeNumber, encodeNumber, isTrue } from './number.ts';
import { isMinimalPush, OP, type Operation, parseScript } from './parse.ts';

/** What the script asks about the transaction around it. */
export interface Surroundings {
  readonly segwit: boolean;
  checkSignature(signature: Uint8Array, key: Uint8Array, code: Uint8Array): boolean;
  /** BIP-65: throws when the transaction is not locked until `value`. */
  requireLockTime(value: bigint): void;
  /** BIP-112: throws when the input is not locked for `value`. */
  requireSequence(value: bigint): void;
}

const MAX_SCRIPT = 10_000;
const MAX_ELEMENT = 520;
const MAX_OPERATIONS = 201;
const MAX_STACK = 1000;
const MAX_KEYS = 20;
const TRUE = Uint8Array.of(1);
const FALSE = new Uint8Array();

class Machine {
  readonly stack: Uint8Array[];
  readonly alt: Uint8Array[] = [];
  /** One entry per open IF: whether its branch runs. */
  readonly branches: boolean[] = [];
  readonly code: Uint8Array;
  readonly around: Surroundings;
  operations = 0;

  constructor(stack: Uint8Array[], code: Uint8Array, around: Surroundings) {
    this.stack = stack;
    this.code = code;
    this.around = around;
  }

  pop(): Uint8Array {
    const top = this.stack.pop();
    if (top === undefined) throw new Rejected('script-stack', 'the stack is empty');
    return top;
  }

  /** The element `depth` below the top. */
  peek(depth: number): Uint8Array {
    const element = this.stack.at(-1 - depth);
    if (element === undefined) throw new Rejected('script-stack', 'the stack is too short');
    return element;
  }

  push(...elements: Uint8Array[]): void {
    this.stack.push(...elements);
  }

  pushBool(value: boolean): void {
    this.stack.push(value ? TRUE : FALSE);
  }

  number(): bigint {
    return decodeNumber(this.pop());
  }

  verify(opcode: string): void {
    if (!isTrue(this.pop())) throw new Rejected('script-verify', `${opcode} failed`);
  }
}

type Step = (machine: Machine) => void;

const onNumber =
  (compute: (a: bigint) => bigint): Step =>
  (m) =>
    m.push(encodeNumber(compute(m.number())));

const onNumbers =
  (compute: (a: bigint, b: bigint) => bigint | boolean): Step =>
  (m) => {
    const b = m.number();
    const result = compute(m.number(), b);
    if (typeof result === 'boolean') m.pushBool(result);
    else m.push(encodeNumber(result));
  };

const hashWith =
  (hash: (bytes: Uint8Array) => Uint8Array): Step =>
  (m) =>
    m.push(hash(m.pop()));

const thenVerify =
  (step: Step, name: string): Step =>
  (m) => {
    step(m);
    m.verify(name);
  };

function checkSig(m: Machine): void {
  const key = m.pop();
  const signature = m.pop();
  const good = m.around.checkSignature(signature, key, m.code);
  if (!good && signature.length > 0) throw new Rejected('script-nullfail');
  m.pushBool(good);
}

function popCount(m: Machine, limit: number): number {
  const count = Number(m.number());
  if (count < 0 || count > limit) throw new Rejected('script-multisig', 'a count is out of range');
  return count;
}

/** Signatures and keys match in order; the dummy element below them must be empty (BIP-147). */
function checkMultisig(m: Machine): void {
  const keyCount = popCount(m, MAX_KEYS);
  m.operations += keyCount;
  if (m.operations > MAX_OPERATIONS) throw new Rejected('script-operations');
  const keys = Array.from({ length: keyCount }, () => m.pop());
  const signatures = Array.from({ length: popCount(m, keyCount) }, () => m.pop());
  if (m.pop().length > 0) throw new Rejected('script-nulldummy');
  let next = 0;
  // As Core does: once too few keys are left, no further key is looked at, not even its form.
  for (let at = 0; signatures.length - next <= keys.length - at; at += 1) {
    const [signature, key] = [signatures[next], keys[at]];
    if (signature === undefined || key === undefined) break;
    if (m.around.checkSignature(signature, key, m.code)) next += 1;
  }
  const good = next === signatures.length;
  if (!good && signatures.some((signature) => signature.length > 0)) throw new Rejected('script-nullfail');
  m.pushBool(good);
}

function openBranch(wanted: boolean): Step {
  return (m) => {
    if (m.branches.includes(false)) {
      m.branches.push(false);
      return;
    }
    const condition = m.pop();
    if (m.around.segwit && condition.length > 0 && !equal(condition, TRUE))
      throw new Rejected('script-minimalif');
    m.branches.push(isTrue(condition) === wanted);
  };
}

const FLOW = new Map<number, Step>([
  [OP.IF, openBranch(true)],
  [OP.NOTIF, openBranch(false)],
  [
    OP.ELSE,
    (m) => {
      const branch = m.branches.pop();
      if (branch === undefined) throw new Rejected('script-branches', 'ELSE without IF');
      m.branches.push(!branch);
    },
  ],
  [
    OP.ENDIF,
    (m) => {
      if (m.branches.pop() === undefined) throw new Rejected('script-branches', 'ENDIF without IF');
    },
  ],
]);

const equalStep: Step = (m) => m.pushBool(equal(m.pop(), m.pop()));

const STEPS = new Map<number, Step>([
  [OP.NOP, () => undefined],
  [OP.VERIFY, (m) => m.verify('VERIFY')],
  [OP.TOALTSTACK, (m) => m.alt.push(m.pop())],
  [
    OP.FROMALTSTACK,
    (m) => {
      const top = m.alt.pop();
      if (top === undefined) throw new Rejected('script-stack', 'the alternative stack is empty');
      m.push(top);
    },
  ],
  [
    OP.DROP2,
    (m) => {
      m.pop();
      m.pop();
    },
  ],
  [OP.DUP2, (m) => m.push(m.peek(1), m.peek(0))],
  [OP.DUP3, (m) => m.push(m.peek(2), m.peek(1), m.peek(0))],
  [
    OP.IFDUP,
    (m) => {
      if (isTrue(m.peek(0))) m.push(m.peek(0));
    },
  ],
  [OP.DEPTH, (m) => m.push(encodeNumber(BigInt(m.stack.length)))],
  [OP.DROP, (m) => void m.pop()],
  [OP.DUP, (m) => m.push(m.peek(0))],
  [OP.NIP, (m) => m.push(...reorder(m, 2, [1]))],
  [OP.OVER, (m) => m.push(m.peek(1))],
  [OP.ROT, (m) => m.push(...reorder(m, 3, [1, 2, 0]))],
  [OP.SWAP, (m) => m.push(...reorder(m, 2, [1, 0]))],
  [OP.TUCK, (m) => m.push(...reorder(m, 2, [1, 0, 1]))],
  [OP.SIZE, (m) => m.push(encodeNumber(BigInt(m.peek(0).length)))],
  [OP.EQUAL, equalStep],
  [OP.EQUALVERIFY, thenVerify(equalStep, 'EQUALVERIFY')],
  [OP.ADD1, onNumber((a) => a + 1n)],
  [OP.SUB1, onNumber((a) => a - 1n)],
  [OP.NOT, onNumber((a) => (a === 0n ? 1n : 0n))],
  [OP.NOTEQUAL0, onNumber((a) => (a === 0n ? 0n : 1n))],
  [OP.ADD, onNumbers((a, b) => a + b)],
  [OP.SUB, onNumbers((a, b) => a - b)],
  [OP.BOOLAND, onNumbers((a, b) => a !== 0n && b !== 0n)],
  [OP.BOOLOR, onNumbers((a, b) => a !== 0n || b !== 0n)],
  [OP.NUMEQUAL, onNumbers((a, b) => a === b)],
  [
    OP.NUMEQUALVERIFY,
    thenVerify(
      onNumbers((a, b) => a === b),
      'NUMEQUALVERIFY',
    ),
  ],
  [OP.LESSTHAN, onNumbers((a, b) => a < b)],
  [OP.GREATERTHAN, onNumbers((a, b) => a > b)],
  [OP.MIN, onNumbers((a, b) => (a < b ? a : b))],
  [OP.MAX, onNumbers((a, b) => (a > b ? a : b))],
  [
    OP.WITHIN,
    (m) => {
      const [max, min, value] = [m.number(), m.number(), m.number()];
      m.pushBool(min <= value && value < max);
    },
  ],
  [OP.RIPEMD160, hashWith(ripemd160)],
  [OP.SHA256, hashWith(sha256)],
  [OP.HASH160, hashWith(hash160)],
  [OP.HASH256, hashWith(hash256)],
  [OP.CHECKSIG, checkSig],
  [OP.CHECKSIGVERIFY, thenVerify(checkSig, 'CHECKSIGVERIFY')],
  [OP.CHECKMULTISIG, checkMultisig],
  [OP.CHECKMULTISIGVERIFY, thenVerify(checkMultisig, 'CHECKMULTISIGVERIFY')],
  [OP.CHECKLOCKTIMEVERIFY, (m) => m.around.requireLockTime(decodeNumber(m.peek(0), 5))],
  [OP.CHECKSEQUENCEVERIFY, (m) => m.around.requireSequence(decodeNumber(m.peek(0), 5))],
]);

/** Takes `count` elements off and returns those at `order` (0 = deepest taken). */
function reorder(m: Machine, count: number, order: readonly number[]): Uint8Array[] {
  const taken = Array.from({ length: count }, () => m.pop()).reverse();
  return order.map((i) => taken[i] ?? FALSE);
}

function pushed({ opcode, data }: Operation): Uint8Array | null {
  if (data !== null) return data;
  if (opcode === OP.NEGATE1) return encodeNumber(-1n);
  return opcode >= OP.N1 && opcode <= OP.N16 ? encodeNumber(BigInt(opcode - OP.N1 + 1)) : null;
}

function execute(m: Machine, operation: Operation): void {
  const { opcode, data } = operation;
  if (data !== null && data.length > MAX_ELEMENT) throw new Rejected('script-push-size');
  if (opcode > OP.N16) m.operations += 1;
  if (m.operations > MAX_OPERATIONS) throw new Rejected('script-operations');
  const flow = FLOW.get(opcode);
  const step = STEPS.get(opcode);
  const value = pushed(operation);
  if (flow === undefined && step === undefined && value === null) {
    throw new Rejected('script-opcode', `opcode 0x${opcode.toString(16)} is not supported here`);
  }
  if (flow !== undefined) {
    flow(m);
    return;
  }
  if (m.branches.includes(false)) return;
  if (value !== null) {
    if (!isMinimalPush(operation)) throw new Rejected('script-minimaldata');
    m.push(value);
  } else {
    step?.(m);
  }
}

/** Runs `script` on `stack`, which it changes. Throws `Rejected` when the script fails. */
export function runScript(stack: Uint8Array[], script: Uint8Array, around: Surroundings): void {
  if (script.length > MAX_SCRIPT) throw new Rejected('script-size');
  const machine = new Machine(stack, script, around);
  for (const operation of parseScript(script)) {
    execute(machine, operation);
    if (machine.stack.length + machine.alt.length > MAX_STACK) throw new Rejected('script-stack-size');
  }
  if (machine.branches.length > 0) throw new Rejected('script-branches', 'IF without ENDIF');
}
