import { stringifyDocument } from 'urql';
import { ConnectionLost } from '../../sdk/errors.ts';
import { UploadDocumentDocument, type UploadDocumentMutation } from '../../sdk/generated.ts';
import { dataOf, ENDPOINT, RESPONSE_TYPE } from '../api/request.ts';

export type UploadedDocument = UploadDocumentMutation['uploadDocument'];

export interface SendOptions {
  readonly token: string;
  readonly signal: AbortSignal;
  /** The part that has been sent, 0 to 1. */
  readonly onProgress: (part: number) => void;
}

const formOf = (file: File): FormData => {
  const form = new FormData();
  // In this order: the server reads the operation first, then where the file belongs.
  form.set(
    'operations',
    JSON.stringify({ query: stringifyDocument(UploadDocumentDocument), variables: { file: null } }),
  );
  form.set('map', JSON.stringify({ file: ['variables.file'] }));
  form.set('file', file);
  return form;
};

/**
 * Uploads a file as a document, by the GraphQL multipart request. An XMLHttpRequest, because no fetch tells how much has been
 * sent. Rejects with OperationError or ConnectionLost, and with the signal's reason when it was stopped.
 */
export function sendFile(file: File, { token, signal, onProgress }: SendOptions): Promise<UploadedDocument> {
  const answered = new Promise<{ readonly text: string; readonly status: number }>((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    signal.addEventListener('abort', abort, { once: true });
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total);
    request.onload = () => resolve({ text: request.responseText, status: request.status });
    request.onerror = () => reject(new ConnectionLost(1006, 'The connection was lost during the upload.'));
    request.onabort = () => reject(signal.reason as Error);
    request.onloadend = () => signal.removeEventListener('abort', abort);
    request.open('POST', ENDPOINT);
    request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.setRequestHeader('Accept', RESPONSE_TYPE);
    // No form of a foreign page can have this header.
    request.setRequestHeader('GraphQL-Require-Preflight', '1');
    request.send(formOf(file));
  });
  return answered.then(({ text, status }) => dataOf<UploadDocumentMutation>(text, status).uploadDocument);
}
