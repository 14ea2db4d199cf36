import { lostBy } from './http.ts';

/** How far an upload is. */
export interface UploadProgress {
  /** Bytes of the request that were handed over to the network, and all that it has: the file and what stands around it. */
  readonly sent: number;
  readonly total: number;
}

export interface FormRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The form; with empty files where these are asked for. */
  readonly form: (content: (file: Blob) => Blob) => FormData;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: UploadProgress) => void) | undefined;
}

/** A response whose body was read. */
export interface FormResponse {
  readonly status: number;
  readonly text: string;
}

const asItIs = (file: Blob): Blob => file;
const emptied = (file: Blob): Blob =>
  file instanceof File ? new File([], file.name, { type: file.type }) : new Blob([], { type: file.type });

/** What a form is sent as, counted. What stands around its files is measured by one whose files are empty. */
async function countedBody(
  form: FormRequest['form'],
  onProgress: (progress: UploadProgress) => void,
): Promise<{ body: ReadableStream<Uint8Array>; type: string }> {
  let total = 0;
  const request = new Response(form(asItIs));
  const around = form((file) => {
    total += file.size;
    return emptied(file);
  });
  total += (await new Response(around).arrayBuffer()).byteLength;
  let sent = 0;
  const counting = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      sent += chunk.byteLength;
      controller.enqueue(chunk);
      onProgress({ sent, total });
    },
  });
  if (!request.body) throw new Error('A form has a body.');
  return { body: request.body.pipeThrough(counting), type: request.headers.get('content-type') ?? '' };
}

async function byFetch({
  url,
  headers,
  form,
  fetch,
  signal,
  onProgress,
}: FormRequest): Promise<FormResponse> {
  const counted = onProgress && (await countedBody(form, onProgress));
  const response = await fetch(url, {
    method: 'POST',
    headers: counted ? { ...headers, 'Content-Type': counted.type } : headers,
    ...(counted ? { body: counted.body, duplex: 'half' } : { body: form(asItIs) }),
    ...(signal && { signal }),
  });
  return { status: response.status, text: await response.text() };
}

/** What is used of an XMLHttpRequest, which alone tells a page how much it has sent. */
interface PageRequest {
  readonly status: number;
  readonly responseText: string;
  readonly upload: { onprogress: ((event: { loaded: number; total: number }) => void) | null };
  onload: (() => void) | null;
  onerror: (() => void) | null;
  onabort: (() => void) | null;
  open(method: string, url: string): void;
  setRequestHeader(name: string, value: string): void;
  send(body: FormData): void;
  abort(): void;
}
type PageRequestClass = new () => PageRequest;

function pageRequest(): PageRequestClass | null {
  const { XMLHttpRequest } = globalThis as { readonly XMLHttpRequest?: PageRequestClass };
  return XMLHttpRequest ?? null;
}

const byPage = (
  PageRequest: PageRequestClass,
  { url, headers, form, signal, onProgress }: FormRequest,
): Promise<FormResponse> =>
  new Promise((resolve, reject) => {
    const request = new PageRequest();
    const abort = (): void => request.abort();
    const fail = (): void => {
      signal?.removeEventListener('abort', abort);
      reject(new Error('The upload was cut off.'));
    };
    request.upload.onprogress = ({ loaded, total }) => onProgress?.({ sent: loaded, total });
    request.onload = () => {
      signal?.removeEventListener('abort', abort);
      resolve({ status: request.status, text: request.responseText });
    };
    request.onerror = fail;
    request.onabort = fail;
    request.open('POST', url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    signal?.addEventListener('abort', abort, { once: true });
    request.send(form(asItIs));
  });

/** Sends a form. Rejects with ConnectionLost where there is no response, or with the signal's reason. */
export async function sendForm(request: FormRequest): Promise<FormResponse> {
  request.signal?.throwIfAborted();
  const PageRequest = request.onProgress ? pageRequest() : null;
  try {
    return await (PageRequest ? byPage(PageRequest, request) : byFetch(request));
  } catch (error) {
    throw lostBy(error, request.signal);
  }
}
