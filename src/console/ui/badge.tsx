/** How good a state is; a badge shows it by a sign as well, and not by its colour alone. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

/** A state in a word. */
export function Badge({ tone, children }: { readonly tone: Tone; readonly children: string }) {
  return (
    <span className={`badge ${tone}`}>
      <span className="badge-sign" aria-hidden="true" />
      {children}
    </span>
  );
}
