import { readFileSync } from 'node:fs';

/** Resident bytes of a process, as Linux counts them; null on other systems, and when it is gone. */
export function residentBytesOf(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  try {
    // the kernel answers from memory, in some microseconds: no disk is waited for
    const kib = /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}
