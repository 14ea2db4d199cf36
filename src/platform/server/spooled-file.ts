import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Bytes that one read gives. */
const READ_BYTES = 65_536;

/**
 * Bytes that wait on the disk, in the directory for temporary files. The file has no name once it is open, so that
 * nothing is left of it when it is closed, or when the process dies.
 */
export class SpooledFile {
  readonly #file: FileHandle;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Writes all of `content`. Rejects with what it or the disk fails with; nothing is left then. */
  static async of(content: AsyncIterable<Uint8Array>): Promise<SpooledFile> {
    const path = join(tmpdir(), `quire-upload-${randomUUID()}`);
    const file = await open(path, 'wx+', 0o600);
    try {
      await unlink(path);
      for await (const chunk of content)
        for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten;
      return new SpooledFile(file);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The bytes from the first on; several may read at once. Throws when it is closed. */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let position = 0; ; ) {
      const { bytesRead, buffer } = await this.#file.read({
        buffer: Buffer.allocUnsafe(READ_BYTES),
        position,
      });
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  /** Gives the disk space back. Once only. */
  close(): Promise<void> {
    return this.#file.close();
  }
}
