/**
 * Every program's first import: refuses a Node that is too old before anything else is loaded. Install
 * scripts are switched off in this repository, so nothing earlier can check it.
 */
import process from 'node:process';
import { EXIT } from './exit.ts';
import { isOlder, OLDEST_NODE } from './version.ts';

if (isOlder(process.version, OLDEST_NODE)) {
  process.stderr.write(
    `coldwire: this is Node ${process.version}; it needs ${OLDEST_NODE} or newer. ` +
      'Start the programs by scripts/coldwire-NAME, which use the pinned Node.\n',
  );
  process.exit(EXIT.ENVIRONMENT);
}
