/**
 * Curve arithmetic of the libraries, remembered: tests derive the same keys and verify the same signatures thousands of times, and
 * a mutant changes nothing inside a library. Points are never altered after they are made, so equal questions have one answer.
 * Nothing of the sources that are judged goes through here but their calls of `@noble/*` and `@scure/bip32`.
 */

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** What `ask` returns, asked once for each key of each object. Errors are not remembered. */
function remember<T extends object, V>(
  rows: WeakMap<T, Map<unknown, V>>,
  of: T,
  key: unknown,
  ask: () => V,
): V {
  const known = rows.get(of) ?? new Map<unknown, V>();
  rows.set(of, known);
  const found = known.get(key);
  if (found !== undefined) return found;
  const answer = ask();
  known.set(key, answer);
  return answer;
}

interface CurvePoint {
  add(other: CurvePoint): CurvePoint;
  toBytes(...form: readonly unknown[]): Uint8Array;
}

/** Points by their bytes, so that equal ones are one object, and everything else by object. */
function rememberPoints<P extends CurvePoint>(
  made: { fromBytes(bytes: Uint8Array, ...form: readonly unknown[]): P; readonly prototype: P },
  multiplications: readonly string[],
): void {
  const rows = { points: new WeakMap(), sums: new WeakMap(), bytes: new WeakMap() };
  const { prototype } = made;
  const { add, toBytes } = prototype;
  const fromBytes = made.fromBytes.bind(made);
  const patched: Record<string, unknown> = {
    add(this: P, other: P) {
      return remember(rows.sums, this, other, () => add.call(this, other));
    },
    toBytes(this: P, ...form: readonly unknown[]) {
      return remember(rows.bytes, this, form[0], () => toBytes.call(this, ...form)).slice();
    },
  };
  for (const name of multiplications) {
    const multiply: unknown = Reflect.get(prototype, name);
    const products = new WeakMap();
    if (typeof multiply !== 'function') throw new Error(`the library has no ${name}`);
    patched[name] = function (this: P, scalar: bigint, ...form: readonly unknown[]) {
      return remember(products, this, scalar, () => Reflect.apply(multiply, this, [scalar, ...form]));
    };
  }
  Object.assign(prototype, patched);
  Object.assign(made, {
    fromBytes: (bytes: Uint8Array, ...form: readonly unknown[]) =>
      remember(rows.points, made, `${hex(bytes)} ${form}`, () => fromBytes(bytes, ...form)),
  });
}

/** The libraries freeze their prototypes; whoever loads this first, before any of them, gets them unfrozen. */
async function loadUnfrozen() {
  const { freeze } = Object;
  Object.freeze = <T>(value: T): T => value;
  try {
    const { ed25519 } = await import('@noble/curves/ed25519.js');
    const { secp256k1 } = await import('@noble/curves/secp256k1.js');
    const { Point } = await import('@noble/secp256k1');
    const { HDKey } = await import('@scure/bip32');
    return { ed25519, secp256k1, Point, HDKey };
  } finally {
    Object.freeze = freeze;
  }
}

export async function rememberCurves(): Promise<void> {
  const { ed25519, secp256k1, Point, HDKey } = await loadUnfrozen();
  rememberPoints(Point, ['multiply', 'multiplyUnsafe']);
  rememberPoints(ed25519.Point, ['multiplyUnsafe']);
  rememberPoints(secp256k1.Point, []);
  const children = new Map<string, InstanceType<typeof HDKey>>();
  const { deriveChild } = HDKey.prototype;
  HDKey.prototype.deriveChild = function (index) {
    if (this.privateKey !== null) return deriveChild.call(this, index);
    const key = `${hex(this.publicKey ?? new Uint8Array())} ${hex(this.chainCode ?? new Uint8Array())} ${this.depth} ${index}`;
    const child = children.get(key) ?? deriveChild.call(this, index);
    children.set(key, child);
    return child;
  };
}
