/** Nothing is wrong with it, and an error that it declares is no crash. */
import type { Target } from '../../../scripts/fuzz/target.ts';

export const target: Target = {
  seeds: [Buffer.from('{"a":[1,2,3]}')],
  maxLength: 64,
  run(input) {
    try {
      JSON.parse(Buffer.from(input).toString());
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  },
};
