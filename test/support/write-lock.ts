import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const PROGRAM = `
  import { DatabaseSync } from '@photostructure/sqlite';
  const database = new DatabaseSync(process.argv[1], { timeout: 10_000 });
  database.exec('begin immediate');
  console.log('held');
  process.stdin.once('data', () => {
    database.exec('rollback');
    database.close();
    process.exit(0);
  });
`;

/** Has another process hold the write lock of a SQLite file. Resolves when it has it; the function gives it back. */
export async function holdWriteLock(file: string): Promise<() => Promise<void>> {
  const holder = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM, file], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(holder, 'exit');
  await Promise.race([
    once(holder.stdout, 'data'),
    exited.then(() => Promise.reject(new Error('the lock was not had'))),
  ]);
  return async () => {
    holder.stdin.end('\n');
    await exited;
  };
}
