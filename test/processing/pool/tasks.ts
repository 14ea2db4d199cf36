/** A signal that nobody aborts. */
export const never = (): AbortSignal => new AbortController().signal;

/** A file as it is read: in chunks. */
export async function* inChunks(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

/** Elements inside one another: the parser computes for minutes and hears nothing meanwhile. */
export const deafening = (): AsyncIterable<Uint8Array> =>
  inChunks(Buffer.from(`<html><body>${'<b>x'.repeat(500_000)}`));

export const tenMillion = { maxUnits: 10_000_000 };

/** Work that tells when the worker has begun, and can be stopped. */
export function begun() {
  const controller = new AbortController();
  let tell = (): void => {};
  const started = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const work = { signal: controller.signal, report: () => tell() };
  return { work, started, stop: (reason?: unknown) => controller.abort(reason) };
}
