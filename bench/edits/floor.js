// What the disk and the driver allow with nothing above them: rows like the log's, inserted in this very process.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { measure, report } from './measure.js';

const [rowsPerCommit = 1, commits = 1] = process.argv.slice(2).map(Number);
const directory = await mkdtemp(join(tmpdir(), 'quire-bench-'));
const database = new DatabaseSync(join(directory, 'floor.db'));

try {
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    create table document_changes (
      tenant_id text not null, document_id text not null, revision integer not null,
      position integer not null, length integer not null, content text not null,
      user_id text not null, client_id text, change_id text not null,
      epoch integer not null, created_at bigint not null,
      primary key (tenant_id, document_id, revision)
    )`);
  const insert = database.prepare('insert into document_changes values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  let revision = 0;
  const row = () => {
    revision += 1;
    const changeId = `6f9619ff-8b86-4d01-b42d-${String(revision).padStart(12, '0')}`;
    insert.run('bench', 'paper', revision, revision, 0, 'a', 'ada', null, changeId, 0, Date.now());
  };
  const measured = await measure(commits * rowsPerCommit, () => {
    for (let commit = 0; commit < commits; commit += 1) {
      database.exec('begin immediate');
      for (let index = 0; index < rowsPerCommit; index += 1) row();
      database.exec('commit');
    }
  });
  report(measured);
} finally {
  database.close();
  await rm(directory, { recursive: true });
}
