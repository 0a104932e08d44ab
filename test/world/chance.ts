/**
 * Before every file of tests: the default form draws the same random cases in every run, so that what passes once passes
 * again. The long form draws new ones; fast-check prints the seed of a case that fails, for `{ seed, path }` in its test.
 */
import fc from 'fast-check';
import { isLong } from './form.ts';

if (!isLong) fc.configureGlobal({ seed: 1 });
