import type { Readable } from 'node:stream';

/** Where a command reads and writes. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv;
  readonly input: Readable;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}
