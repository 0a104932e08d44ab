// The parts of slip39 0.1.9 that are used; the package brings no types.

declare module 'slip39' {
  export interface SplitOptions {
    readonly passphrase: string;
    /** How many groups are needed. */
    readonly threshold: number;
    /** [members needed, members, description] */
    readonly groups: readonly (readonly [number, number, string])[];
    readonly iterationExponent: number;
    readonly extendableBackupFlag: 0 | 1;
  }
  export default class Slip39 {
    /** A typed array here is encrypted wrongly, without an error: plain arrays only. */
    static fromArray(secret: readonly number[], options: SplitOptions): Slip39;
    static recoverSecret(mnemonics: readonly string[], passphrase: string): number[];
    static validateMnemonic(mnemonic: string): boolean;
    fromPath(path: string): { readonly mnemonics: readonly string[] };
  }
}

declare module 'slip39/src/slip39_helper.js' {
  const helper: {
    readonly WORD_LIST: readonly string[];
    /** Makes a mnemonic with a right checksum of any parts; tests forge shares with it. */
    encodeMnemonic(
      identifier: readonly [number, number],
      extendable: 0 | 1,
      iterationExponent: number,
      groupIndex: number,
      groupThreshold: number,
      groupCount: number,
      memberIndex: number,
      memberThreshold: number,
      value: readonly number[],
    ): string;
  };
  export default helper;
}
