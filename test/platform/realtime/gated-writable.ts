import { Writable } from 'node:stream';

/** A stream whose reader takes what was written when the test says so, one write at a time. */
export class GatedWritable extends Writable {
  /** What was handed over, a string for each write. */
  readonly writes: string[] = [];
  #taken: (() => void) | null = null;

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(chunk.toString('latin1'));
    this.#taken = done;
  }

  /** True while something was written that the reader has not taken. */
  get holds(): boolean {
    return this.#taken !== null;
  }

  get text(): string {
    return this.writes.join('');
  }

  /** The reader takes what it holds. Resolves when the writer knows. */
  async take(): Promise<void> {
    const taken = this.#taken;
    this.#taken = null;
    taken?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** The reader takes everything that there is and that follows. */
  async takeAll(): Promise<void> {
    while (this.holds) await this.take();
  }
}
