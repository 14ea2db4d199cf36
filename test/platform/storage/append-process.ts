// A second process on the file of a test. It appends `count` entries and says `acknowledged <revision>` after each.
import { openSqlite } from '../../../src/platform/storage/sqlite.ts';
import { append } from './append.ts';

const [file = '', writer = '', count = '0'] = process.argv.slice(2);
const database = await openSqlite({ file });
for (let index = 0; index < Number(count); index += 1) {
  const revision = await append(database, 'shared', `${writer}-${index}`);
  process.stdout.write(`acknowledged ${revision}\n`);
}
await database.close();
