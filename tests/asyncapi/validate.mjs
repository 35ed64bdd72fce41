// Validates an AsyncAPI document with the official parser: `node validate.mjs FOLDER_WITH_THE_PARSER DOCUMENT`.
// Prints a line for each finding, hints included; exits with 0 only if there is none and the document was parsed.
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

const [folder, source] = process.argv.slice(2).map((path) => resolve(path));
const { Parser, fromFile } = createRequire(join(folder, 'package.json'))('@asyncapi/parser');

const { document, diagnostics } = await fromFile(new Parser(), source).parse();
for (const { code, message, path, range } of diagnostics) {
  console.log(`line ${range.start.line + 1}, /${path.join('/')}: ${message} (${code})`);
}
if (document && diagnostics.length === 0) {
  console.log(`valid AsyncAPI ${document.version()}, ${document.allMessages().length} messages`);
} else {
  process.exitCode = 1;
}
