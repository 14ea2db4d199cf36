import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds of a tick in /proc/<pid>/stat. */
const TICK_MS = 10;
const LOOK_MS = 250;
/** Share of a core up to which a server is at rest, and milliseconds that are waited for it. */
const REST_SHARE = 0.1;
const REST_WITHIN_MS = 30_000;

/** CPU time of all threads, in milliseconds. @typedef {{ server: number, children: number }} FamilyCpu */

/** CPU time of a process, and of its children, those that have ended too. @param {number} pid @returns {FamilyCpu} */
export function familyCpuOf(pid) {
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = timesOf(pid);
  const alive = childrenOf(pid).map((child) => timesOf(child).reduce((sum, time) => sum + time, 0));
  return {
    server: user + system,
    children: endedUser + endedSystem + alive.reduce((sum, time) => sum + time, 0),
  };
}

/** Waits until a process has nothing to do: what was written before is indexed behind the commits. @param {number} pid */
export async function rest(pid) {
  const until = Date.now() + REST_WITHIN_MS;
  for (let quiet = 0; quiet < 4 && Date.now() < until; ) {
    const before = familyCpuOf(pid);
    await sleep(LOOK_MS);
    const after = familyCpuOf(pid);
    const spent = after.server + after.children - before.server - before.children;
    quiet = spent / LOOK_MS <= REST_SHARE ? quiet + 1 : 0;
  }
}

/** User and system time of a process, and of those of its children that it has seen end; none when it is gone. @param {number} pid */
function timesOf(pid) {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ') ?? [];
  return fields.slice(11, 15).map((ticks) => Number(ticks) * TICK_MS);
}

/** Each thread of a process has children of its own. @param {number} pid */
function childrenOf(pid) {
  return threadsOf(pid).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

/** @param {number} pid */
function threadsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
