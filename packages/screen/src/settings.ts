/** The numbers of the rules, with the values that hold unless the command line says otherwise. */
export interface Settings {
  /** sat; an amount up to this is never unusual, whatever the history. */
  readonly amountFloor: bigint;
  /** How many times the usual spread above the usual amount is still usual. */
  readonly amountSpread: number;
  /** Cleared withdrawals of a requester that are needed before there is a usual amount. */
  readonly amountHistory: number;
  /** Withdrawals of one requester within `burstSeconds`; one more is a burst. */
  readonly burstCount: number;
  readonly burstSeconds: number;
}

export const DEFAULTS: Settings = {
  amountFloor: 10_000_000n,
  amountSpread: 6,
  amountHistory: 8,
  burstCount: 100,
  burstSeconds: 600,
};
