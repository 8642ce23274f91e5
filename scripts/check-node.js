// Preloaded by every npm script. Plain JavaScript, because an older Node cannot read the TypeScript behind it.
import module from 'node:module';
import { join } from 'node:path';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(
    `osteotriage needs Node 24 or newer, this is ${process.versions.node}. On Linux (x64, arm64) and Windows (x64) ` +
      '"npm ci" brings it along unless optional dependencies were left out; elsewhere install Node 24. ' +
      'Start with npm ("npm start", "npm run demo", "npm test"), not with node.\n',
  );
  process.exit(2);
}

// Reading a thousand modules is half of what a start costs. What was read once is kept beside the code that it is made
// of; where that may not be written, as under systemd, nothing is kept.
module.enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'node'));
