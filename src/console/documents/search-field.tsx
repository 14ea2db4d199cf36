import { useId } from 'react';

/** UTF-16 code units: the server takes no longer search. */
const MAX_CHARS = 500;

/** What to look for in titles and texts. */
export function SearchField({
  value,
  onChange,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const field = useId();
  return (
    <search className="search">
      <label htmlFor={field} className="visually-hidden">
        Search titles and texts
      </label>
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
        <circle cx="9" cy="9" r="5.5" />
        <path d="m13.2 13.2 3.8 3.8" />
      </svg>
      <input
        id={field}
        type="search"
        value={value}
        maxLength={MAX_CHARS}
        autoComplete="off"
        placeholder="Search titles and texts"
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </search>
  );
}
