import { type ReactNode, useEffect, useRef, useState } from 'react';
import { several } from '../ui/words.ts';
import { MAX_FILES } from './uploads.ts';

/** What the server can read; it goes by the bytes of a file, and says what it cannot. */
const TYPES = '.txt,.md,.html,.htm,.pdf,.docx';

/** The files that are over the page, or come down on it; null when it is something else. */
const filesOf = ({ dataTransfer }: DragEvent): FileList | null =>
  dataTransfer?.types.includes('Files') ? dataTransfer.files : null;

/** Takes files: by a button, or dropped anywhere on the page, where the browser would open them in its place. */
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
  const taker = useRef(take);
  useEffect(() => {
    taker.current = take;
  });

  useEffect(() => {
    const enter = (event: DragEvent): void => {
      if (!filesOf(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      const files = filesOf(event);
      if (!files) return;
      event.preventDefault();
      setOver(false);
      taker.current(files);
    };
    addEventListener('dragover', enter);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', enter);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);

  return (
    <div className={over ? 'drop over' : 'drop'}>
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
