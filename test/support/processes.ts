import { readdirSync, readFileSync } from 'node:fs';

/** The state and the parent of a process, as Linux tells it; null when there is none. */
function statOf(pid: number): { readonly state: string; readonly parent: number } | null {
  try {
    // The name, in parentheses, may hold anything.
    const [state = '', parent] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return null;
  }
}

/** Whether a process runs; one that has ended and whose parent has not looked yet does not. */
export function runs(pid: number): boolean {
  if (process.platform === 'linux') return !/^[ZX]?$/.test(statOf(pid)?.state ?? '');
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The processes that this one has started and that run; none where the system is not Linux. */
export const childrenOf = (parent: number): number[] =>
  process.platform === 'linux'
    ? readdirSync('/proc')
        .map(Number)
        .filter((pid) => pid > 0 && statOf(pid)?.parent === parent && runs(pid))
    : [];
