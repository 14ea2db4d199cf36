import { type DragEvent, type ReactNode, useRef, useState } from 'react';
import { several } from '../ui/words.ts';
import { MAX_FILES } from './uploads.ts';

/** What the server can read; it goes by the bytes of a file, and says what it cannot. */
const TYPES = '.txt,.md,.html,.htm,.pdf,.docx';

const hasFiles = (event: DragEvent): boolean => event.dataTransfer.types.includes('Files');

/** Takes files: by a button, or dropped anywhere on its content. */
export function DropZone({
  onFiles,
  children,
}: {
  /** Returns how many were not taken. */
  readonly onFiles: (files: readonly File[]) => number;
  readonly children: ReactNode;
}) {
  const [over, setOver] = useState(false);
  const [refused, setRefused] = useState(0);
  const input = useRef<HTMLInputElement>(null);

  const take = (files: FileList | null): void => setRefused(onFiles([...(files ?? [])]));

  return (
    <div
      className={over ? 'drop over' : 'drop'}
      onDragOver={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
      }}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <div className="drop-line">
        <button type="button" className="button" onClick={() => input.current?.click()}>
          Upload files…
        </button>
        <p className="hint">or drop them here: text, Markdown, HTML, PDF, Word</p>
        <input
          ref={input}
          type="file"
          multiple
          accept={TYPES}
          className="visually-hidden"
          tabIndex={-1}
          aria-label="Files to upload"
          onChange={(event) => {
            take(event.currentTarget.files);
            // So that the same file may be chosen again.
            event.currentTarget.value = '';
          }}
        />
      </div>
      {refused > 0 && (
        <p className="notice warn" role="alert">
          {several(refused, 'file')} too many: the list holds {MAX_FILES}. Clear it and add the rest.
        </p>
      )}
      {children}
    </div>
  );
}
